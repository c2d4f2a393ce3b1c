import Foundation
import Testing

@testable import CloudAPI

/// What a request looks like on the wire, and what is read from an answer beside its body.
@Suite struct RequestTests {
    private let success = SocketServer.Reply.answer(200, #"{"success":true,"id":"9"}"#)

    private func seen(
        reply: SocketServer.Reply? = nil, _ call: (GraphClient) async -> Void
    ) async throws -> SocketServer.Request {
        let server = SocketServer { [success] _ in reply ?? success }
        try await ClientRig.with(server) { await call($0) }
        let requests = server.seen.requests
        #expect(requests.count == 1)
        return try #require(requests.first)
    }

    @Test func aSend() async throws {
        let body = try JSONValue(parsing: #"{"z":1.50,"to":"+1","a":"é\u0000"}"#.utf8)
        let request = try await seen { _ = await $0.send(body, from: "106", edge: .marketing, token: ClientRig.token) }
        #expect(request.line == "POST /v25.0/106/marketing_messages HTTP/1.1")
        #expect(Data(request.body.utf8) == body.encoded())
        #expect(request.headers.contains { $0.lowercased() == "content-type: application/json" })
        #expect(!request.headers.contains { $0.lowercased().hasPrefix("transfer-encoding") })
    }

    @Test func theTokenIsInTheAuthorizationHeaderAndNowhereElse() async throws {
        let calls: [@Sendable (GraphClient) async -> Void] = [
            { _ = await $0.send(ClientRig.message, from: "106", token: ClientRig.token) }, { _ = await $0.me(token: ClientRig.token) },
            { _ = await $0.register("106", pin: Secret("123456"), token: ClientRig.token) },
            { _ = await $0.templates(of: "102", after: "x", token: ClientRig.token) },
            { _ = await $0.uploadMedia(Data("x".utf8), type: "image/png", filename: "a.png", to: "106", token: ClientRig.token) },
            { _ = await $0.deleteMedia("9", token: ClientRig.token) },
        ]
        for call in calls {
            let request = try await seen(call)
            let holders = (request.head + "\r\n" + request.body).split(separator: "\r\n").filter { $0.contains(ClientRig.token.reveal()) }
            #expect(holders.map(String.init) == ["Authorization: Bearer \(ClientRig.token.reveal())"])
        }
    }

    @Test func whatComesFromOutsideCannotChangeTheAddress() async throws {
        let request = try await seen { _ = await $0.phoneNumber("1/../2?x=1&access_token=y#z", fields: ["id"], token: ClientRig.token) }
        #expect(request.line == "GET /v25.0/1%2F..%2F2%3Fx%3D1%26access_token%3Dy%23z?fields=id HTTP/1.1")
        let upward = try await seen { _ = await $0.phoneNumber("..", fields: ["id"], token: ClientRig.token) }
        #expect(upward.line == "GET /v25.0/%2E%2E?fields=id HTTP/1.1")
        let paged = try await seen { _ = await $0.templates(of: "102", after: "a&b=c d\r\nX: 1", name: "é+", token: ClientRig.token) }
        #expect(paged.line.contains("after=a%26b%3Dc%20d%0D%0AX%3A%201") && paged.line.hasSuffix("name=%C3%A9%2B HTTP/1.1"))
        #expect(!paged.headers.contains { $0.hasPrefix("X:") })
    }

    @Test func theCallsOfAMigration() async throws {
        let register = try await seen { _ = await $0.register("106", pin: Secret("123456"), dataRegion: "DE", token: ClientRig.token) }
        #expect(register.line.hasPrefix("POST /v25.0/106/register "))
        #expect(register.body == #"{"messaging_product":"whatsapp","pin":"123456","data_localization_region":"DE"}"#)
        let add = try await seen {
            _ = await $0.addPhoneNumber(to: "102", countryCode: "1", national: "6505551234", migrate: true, token: ClientRig.token)
        }
        #expect(add.body == #"{"cc":"1","phone_number":"6505551234","migrate_phone_number":true}"#)
        let code = try await seen { _ = await $0.requestCode("106", method: "SMS", language: "en_US", token: ClientRig.token) }
        #expect(code.body == #"{"code_method":"SMS","language":"en_US"}"#)
        let verify = try await seen { _ = await $0.verifyCode("106", code: Secret(" 123-456\n"), token: ClientRig.token) }
        #expect(verify.body == #"{"code":"123456"}"#)
        let copy = try await seen { _ = await $0.migrateTemplates(from: "1", to: "2", page: 3, count: 500, token: ClientRig.token) }
        #expect(copy.line.hasPrefix("POST /v25.0/2/migrate_message_templates "))
        #expect(copy.body == #"{"source_waba_id":"1","page_number":3,"count":500}"#)
        let check = try await seen { _ = await $0.setIdentityCheck("106", enabled: true, token: ClientRig.token) }
        #expect(check.body == #"{"user_identity_change":{"enable_identity_key_check":true}}"#)
    }

    @Test(arguments: [
        (#"{"success":true}"#, "success"), (#"{"success":"true"}"#, "success"), (#"{"id":"1"}"#, "success"),
        (#"{"success":false}"#, "ambiguous"),
        ("{}", "ambiguous"), ("true", "ambiguous"),
    ])
    func anAcknowledgementIsReadStrictly(body: String, kind: String) async throws {
        let server = SocketServer { _ in .answer(200, body) }
        try await ClientRig.with(server) { #expect(await $0.deregister("106", token: ClientRig.token).kind == kind) }
    }

    /// Beyond what the HTTP client writes in one piece.
    @Test func aLargeUploadArrivesWhole() async throws {
        let file = String(repeating: "0123456789abcdef", count: 5 << 16) + "."
        let request = try await seen {
            _ = await $0.uploadMedia(body: Array(file.utf8), contentType: "text/plain", to: "106", token: ClientRig.token)
        }
        #expect(request.body == file)
    }

    @Test func anUploadCannotBeBrokenOutOfByItsNames() async throws {
        let request = try await seen {
            _ = await $0.uploadMedia(
                Data("DATA".utf8), type: "image/png\r\nX-Evil: 1", filename: "a\"; name=\"b\r\n\r\nevil", to: "106", token: ClientRig.token)
        }
        #expect(request.body.contains("filename=\"a; name=bevil\"\r\nContent-Type: image/pngX-Evil: 1\r\n\r\nDATA\r\n--relevo-"))
        #expect(request.body.components(separatedBy: "Content-Disposition").count == 4)
    }
}

@Suite struct UsageTests {
    @Test func theHeadersOfAnAnswer() async throws {
        let headers = [
            #"X-App-Usage: {"call_count":10,"total_cputime":25.2,"total_time":3}"#,
            #"X-Business-Use-Case-Usage: {"1":[{"type":"whatsapp","call_count":90,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":0}],"2":[{"call_count":100,"estimated_time_to_regain_access":7}]}"#,
        ]
        let server = SocketServer { $0.number == 1 ? .answer(200, #"{"id":"1"}"#, headers: headers) : .answer(400, "{}", headers: headers) }
        try await ClientRig.with(server) { client in
            for _ in 1...2 {
                let usage = await client.me(token: ClientRig.token).usage
                #expect(usage == GraphUsage(app: 26, business: 100, regainAccess: .seconds(420)))
            }
        }
    }

    @Test(
        arguments: [
            nil, "", "x", "{", "[]", "7", "{}", #"{"call_count":null}"#, #"{"call_count":"nan"}"#, #"{"call_count":1e400}"#, #"{"1":"x"}"#,
            #"{"1":[7]}"#,
        ] as [String?])
    func whatCannotBeReadIsLeftOut(header: String?) {
        #expect(GraphUsage(appUsage: header, businessUsage: header) == GraphUsage())
    }

    @Test func numbersOutOfAllRangeAreCut() {
        #expect(GraphUsage(appUsage: #"{"call_count":1e300,"total_time":-5}"#, businessUsage: nil).app == 1_000_000)
        #expect(GraphUsage(appUsage: #"{"call_count":-1e300}"#, businessUsage: nil).app == 0)
        let forever = GraphUsage(appUsage: nil, businessUsage: #"{"1":[{"estimated_time_to_regain_access":9000000000000}]}"#)
        #expect(forever.regainAccess == .seconds(600_000))
        #expect(GraphUsage(appUsage: nil, businessUsage: #"{"1":[{"estimated_time_to_regain_access":-9}]}"#).regainAccess == nil)
    }
}
