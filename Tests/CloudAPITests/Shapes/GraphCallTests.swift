import CloudShapes
import Foundation
import Testing

@testable import CloudAPI

/// Every request that the client can make, on the wire, against its shape.
@Suite struct GraphCallTests {
    private func seen(_ call: GraphCall) async throws -> SocketServer.Request {
        let server = SocketServer { _ in .answer(200, call.answer) }
        try await ClientRig.with(server) { #expect(await call.make($0) == "success") }
        let requests = server.seen.requests
        #expect(requests.count == 1)
        return try #require(requests.first)
    }

    @Test(arguments: GraphCall.all)
    func theRequestIsTheDocumentedOne(call: GraphCall) async throws {
        let shape = try #require(RequestShapes.named(call.shape))
        let request = try await seen(call)
        let target = try Target(request.line)
        #expect(target.method == shape.method)
        #expect(target.path == (shape.name == "file" ? "" : "v25.0/") + call.path)
        #expect(Self.matches(call.path, shape.path))
        #expect(target.query == call.query)
        #expect(target.query.keys.allSatisfy { shape.query[$0] != nil })
        #expect(shape.query.filter(\.value).keys.allSatisfy { target.query[$0] != nil })
        switch shape.body {
        case .none: #expect(request.body.isEmpty && header("Content-Type", request).isEmpty)
        case .json(let body):
            #expect(header("Content-Type", request) == ["application/json"])
            let sent = try JSONValue(parsing: request.body.utf8)
            let expected = try JSONValue(parsing: try #require(call.body).utf8)
            // Not only the meaning: numbers keep their spelling and members their order.
            #expect(Data(request.body.utf8) == expected.encoded())
            #expect(body.problems(sent) == [])
        case .form(let form):
            let sent = try Self.form(request.body, type: try #require(header("Content-Type", request).first))
            #expect(sent == (try JSONValue(parsing: try #require(call.form).utf8)))
            #expect(form.problems(sent) == [])
            #expect(sent.object?.names.last == "file")
        }
    }

    @Test(arguments: GraphCall.all)
    func theTokenIsInItsHeaderAlone(call: GraphCall) async throws {
        let request = try await seen(call)
        #expect(header("Authorization", request) == ["Bearer \(GraphCall.token.reveal())"])
        let everything = request.head + request.body
        #expect(everything.components(separatedBy: GraphCall.token.reveal()).count == 2 && !request.line.contains("access_token"))
    }

    private func header(_ name: String, _ request: SocketServer.Request) -> [String] {
        request.headers.filter { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    /// The texts of a form's parts, by their names.
    private static func form(_ body: String, type: String) throws -> JSONValue {
        let prefix = "multipart/form-data; boundary="
        #expect(type.hasPrefix(prefix))
        let parts = body.components(separatedBy: "--\(type.dropFirst(prefix.count))")
        #expect(parts.first == "" && parts.last == "--\r\n")
        var object = JSONObject()
        for part in parts.dropFirst().dropLast() {
            let halves = part.components(separatedBy: "\r\n\r\n")
            let name = try #require(try /Content-Disposition: form-data; name="([a-z_]+)"/.firstMatch(in: halves[0])?.1)
            #expect(halves.count == 2 && halves[1].hasSuffix("\r\n"))
            object[String(name)] = .string(String(halves[1].dropLast(1)))
        }
        return .object(object)
    }

    /// `*` stands for an id.
    static func matches(_ path: String, _ pattern: String) -> Bool {
        let (path, pattern) = (path.split(separator: "/"), pattern.split(separator: "/"))
        return path.count == pattern.count
            && zip(path, pattern).allSatisfy { $1 == "*" ? $0.allSatisfy(\.isNumber) : $0 == $1 }
    }

    /// What a request line names.
    private struct Target {
        var method: String
        var path: String
        var query: [String: String] = [:]

        init(_ line: String) throws {
            let words = line.split(separator: " ")
            try #require(words.count == 3 && words[2] == "HTTP/1.1")
            method = String(words[0])
            let halves = words[1].split(separator: "?", maxSplits: 1)
            path = String(halves[0].dropFirst())
            for pair in halves.dropFirst().first?.split(separator: "&") ?? [] {
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                try #require(sides.count == 2)
                query[sides[0].removingPercentEncoding ?? ""] = sides[1].removingPercentEncoding
            }
        }
    }
}
