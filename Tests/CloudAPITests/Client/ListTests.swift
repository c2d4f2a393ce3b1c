import Foundation
import Testing

@testable import CloudAPI

@Suite struct PagingTests {
    private func page(_ ids: [Int], after: String?, next: String? = nil) -> String {
        let data = ids.map { #"{"id":"\#($0)"}"# }.joined(separator: ",")
        let cursors = after.map { #""cursors":{"after":"\#($0)"}"# }
        return #"{"data":[\#(data)],"paging":{\#([cursors, next.map { #""next":"\#($0)""# }].compactMap { $0 }.joined(separator: ","))}}"#
    }

    private func list(bound: Int = 1000, _ pages: [String]) async throws -> (GraphOutcome<[PhoneNumberNode]>, [String]) {
        let server = SocketServer { .answer(200, pages[min($0.number, pages.count) - 1]) }
        var outcome = GraphOutcome<[PhoneNumberNode]>.notSent("")
        try await ClientRig.with(server) { outcome = await $0.allPhoneNumbers(of: "102", bound: bound, token: ClientRig.token) }
        return (outcome, server.seen.requests.map(\.line))
    }

    @Test func everyPageIsReadOnceInOrder() async throws {
        // The last page has a cursor too: only `next` says that there is more.
        let (outcome, lines) = try await list([
            page([1, 2], after: "A", next: "https://x"), page([3], after: "B/=", next: "https://x"), page([4], after: "C"),
        ])
        #expect(outcome.value?.map(\.id) == ["1", "2", "3", "4"])
        #expect(lines.count == 3 && !lines[0].contains("after=") && lines[1].contains("after=A ") && lines[2].contains("after=B%2F%3D "))
    }

    @Test func anEmptyPageInTheMiddleIsNotTheEnd() async throws {
        let (outcome, _) = try await list([page([1], after: "A", next: "n"), page([], after: "B", next: "n"), page([2], after: "C")])
        #expect(outcome.value?.map(\.id) == ["1", "2"])
    }

    @Test func aCursorIsFoundInTheNextAddressToo() async throws {
        let (outcome, lines) = try await list([page([1], after: nil, next: "https://x/y?limit=1&after=Q%3D%3D&z=1"), page([2], after: nil)])
        #expect(outcome.value?.map(\.id) == ["1", "2"] && lines.last?.contains("after=Q%3D%3D ") == true)
    }

    @Test func halfAListDoesNotPassForAWhole() async throws {
        // The same page again and again; no way to the next page; a page that fails.
        let (repeated, requests) = try await list([page([1], after: "A", next: "n")])
        #expect(repeated.kind == "ambiguous" && requests.count == 2)
        #expect(try await list([page([1], after: nil, next: "https://x?limit=1")]).0.kind == "ambiguous")
        #expect(try await list([page([1], after: "A", next: "n"), #"{"error":{"code":190,"message":"x"}}"#]).0.error?.code == 190)
        #expect(try await list([page([1], after: "A", next: "n"), "{}"]).0.kind == "ambiguous")
    }

    @Test func aListEndsAtItsBound() async throws {
        let (outcome, lines) = try await list(bound: 3, [page([1, 2], after: "A", next: "n"), page([3, 4], after: "B", next: "n")])
        #expect(outcome.value?.map(\.id) == ["1", "2", "3"] && lines.count == 2)
    }

    @Test func aListWithoutAnEndIsGivenUp() async throws {
        let server = SocketServer { .answer(200, #"{"data":[],"paging":{"cursors":{"after":"\#($0.number)"},"next":"n"}}"#) }
        try await ClientRig.with(server) { #expect(await $0.allTemplates(of: "102", token: ClientRig.token).kind == "ambiguous") }
        #expect(server.seen.requests.count == GraphClient.maximumPages)
    }
}

@Suite struct MediaTests {
    @Test func aFileOfTheConfiguredHostIsFetchedWithTheToken() async throws {
        let server = SocketServer { _ in
            .raw("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 4\r\n\r\nDATA", thenClose: false)
        }
        try await ClientRig.with(server) { client in
            let outcome = await client.download(client.configuration.baseURL + "/file?ext=1", token: ClientRig.token)
            #expect(outcome.value == Data("DATA".utf8))
            guard case .success(_, let response) = outcome else { return }
            #expect(response.contentType == "image/png")
        }
        #expect(server.seen.requests.map(\.line) == ["GET /file?ext=1 HTTP/1.1"])
        #expect(server.seen.requests[0].headers.contains("Authorization: Bearer \(ClientRig.token.reveal())"))
    }

    @Test func theTokenGoesToNoOtherPlainAddress() async throws {
        let other = SocketServer { _ in .answer(200, "{}") }
        try await other.run { port in
            let server = SocketServer { _ in .answer(200, "{}") }
            try await ClientRig.with(server) { client in
                let base = client.configuration.baseURL
                for url in [
                    "http://127.0.0.1:\(port)/x", "\(base)@127.0.0.1:\(port)/x", "\(base).example/x", "\(base)0/x", "ftp://x/y",
                    "file:///etc/passwd",
                    "", "/x", "HTTP://127.0.0.1:\(port)/x", "//127.0.0.1:\(port)/x",
                ] {
                    #expect(await client.download(url, token: ClientRig.token).kind == "notSent", "\(url)")
                }
            }
            #expect(server.seen.connections == 0)
        }
        #expect(other.seen.connections == 0)
    }

    /// The HTTP client would end the program.
    @Test(arguments: [
        "https://127.0.0.1:99999/x", "https://[::1]:65536/x", "https://localhost:4294967296/x", "https://127.0.0.1:0/x", "https://",
    ])
    func anAddressThatIsNoneIsRefused(url: String) async throws {
        try await ClientRig.with(baseURL: "http://127.0.0.1:70000") { client in
            #expect(await client.download(url, token: ClientRig.token).kind == "notSent")
            #expect(await client.send(ClientRig.message, from: "106", token: ClientRig.token).kind == "notSent")
        }
    }

    @Test func aFileBeyondTheLimitIsNotTaken() async throws {
        let server = SocketServer { _ in .answer(200, String(repeating: "x", count: 1_001)) }
        try await ClientRig.with(server) { client in
            #expect(await client.download(client.configuration.baseURL + "/f", limit: 1_001, token: ClientRig.token).value?.count == 1_001)
            #expect(await client.download(client.configuration.baseURL + "/f", limit: 1_000, token: ClientRig.token).kind == "ambiguous")
        }
    }

    @Test(arguments: [404, 410, 302]) func anythingButA200IsARefusal(status: Int) async throws {
        let server = SocketServer { _ in .answer(status, "", headers: ["Location: http://127.0.0.1:1/"]) }
        try await ClientRig.with(server) { client in
            #expect(await client.download(client.configuration.baseURL + "/f", token: ClientRig.token).error?.status == status)
        }
        #expect(server.seen.requests.count == 1)
    }

    @Test(
        arguments: [
            (#"{"migrated_templates":["1",2],"failed_templates":{"3":"why"}}"#, ["1", "2"], ["3": "why"]),
            (#"{"failed_templates":[{"id":"3","reason":"why"},{"4":{"message":"m"}},"5"]}"#, [], ["3": "why", "4": "m", "5": "5"]),
            (
                #"{"migrated_templates":[{"id":"9"}],"failed_templates":[{"template_id":7,"error":{"x":1}}]}"#, ["9"],
                ["7": #"{"template_id":7,"error":{"x":1}}"#]
            ),
        ] as [(String, [String], [String: String])])
    func theFormsOfACopysAnswer(body: String, migrated: [String], failed: [String: String]) throws {
        let answer = try #require(MigratedTemplates(try JSONValue(parsing: body.utf8)))
        #expect(answer.migrated == migrated && answer.failed == failed)
        #expect(MigratedTemplates(["success": true]) == nil)
    }
}
