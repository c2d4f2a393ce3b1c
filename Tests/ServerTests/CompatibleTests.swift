import CloudAPI
import Foundation
import Gateway
import Postgres
import Server
import TestSupport
import Testing

private let text = #"{"messaging_product":"whatsapp","to":"+1 (631) 555-1234","type":"text","text":{"body":"hello"}}"#

@Suite(.enabled(if: TestDatabase.isAvailable)) struct CompatibleTests {
    @Test func anAcceptedMessageGetsMetasAnswerWithTheCallersOwnInput() async throws {
        try await Rig.with { rig in
            let answer = try await rig.ask(
                "POST", "/v19.0/\(Rig.phone)/messages", key: rig.key, headers: [("Relevo-Wait", "30")], body: text)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.json["contacts"]?[0]?["input"]?.string == "+1 (631) 555-1234")
            #expect(answer.json["contacts"]?[0]?["wa_id"]?.string == "16315551234")
            #expect(answer.json["messages"]?[0]?["id"]?.string?.hasPrefix("wamid.") == true)
            #expect(UUID(uuidString: answer.headers["relevo-message-id"] ?? "") != nil)
            let asked = try #require(rig.meta.asked.first)
            #expect(asked.authorization == "Bearer EAA-real-token")
            #expect(asked.body.contains("+16315551234"))
        }
    }

    @Test func withoutWaitingTheAnswerIsProvisional() async throws {
        try await Rig.with(engine: false) { rig in
            let answer = try await rig.ask(
                "POST", "/v25.0/\(Rig.phone)/messages", key: rig.key, headers: [("Relevo-Wait", "0")], body: text)
            #expect(answer.status == 200)
            let id = try #require(answer.headers["relevo-message-id"])
            #expect(answer.json["messages"]?[0]?["id"]?.string == "relevo.\(id)")
            #expect(answer.json["messages"]?[0]?["message_status"]?.string == "queued")
            #expect(answer.json["contacts"]?[0]?["wa_id"]?.string == "16315551234")
            let shown = try await rig.ask("GET", "/api/v1/messages/\(id)", key: rig.key)
            #expect(shown.json["state"]?.string == "queued")
            #expect(try await isToldLater(rig))
        }
    }

    /// Whether the system that webhooks go to hears of an end that Meta does not tell of.
    private func isToldLater(_ rig: Rig) async throws -> Bool {
        try #require(try await rig.client.query("SELECT answered_early FROM gateway.message").decodeFirst(Bool.self))
    }

    @Test func waitingEndsWithTheProvisionalAnswerWhenMetaIsSilent() async throws {
        try await Rig.with { rig in
            rig.meta.fallSilent()
            let answer = try await rig.ask(
                "POST", "/v25.0/\(Rig.phone)/messages", key: rig.key, headers: [("Relevo-Wait", "0.3")], body: text)
            #expect(answer.status == 200)
            #expect(answer.json["messages"]?[0]?["id"]?.string?.hasPrefix("relevo.") == true)
            #expect(try await isToldLater(rig))
        }
    }

    @Test func metasRefusalIsPassedThrough() async throws {
        try await Rig.with { rig in
            rig.meta.refuse(
                400,
                #"{"error":{"message":"(#131026) Message undeliverable","type":"OAuthException","code":131026,"error_data":{"messaging_product":"whatsapp","details":"No account."},"fbtrace_id":"Az"}}"#
            )
            let answer = try await rig.ask(
                "POST", "/v25.0/\(Rig.phone)/messages", key: rig.key, headers: [("Relevo-Wait", "30")], body: text)
            #expect(answer.status == 400)
            #expect(answer.json["error"]?["code"]?.integer == 131026)
            #expect(answer.json["error"]?["fbtrace_id"]?.string == "Az")
            #expect(try await !isToldLater(rig))
            #expect(answer.headers["relevo-message-id"] != nil)
        }
    }

    @Test func theSameKeyAndBodyIsSentOnceAndAnotherBodyIsRefused() async throws {
        try await Rig.with { rig in
            let headers = [("Idempotency-Key", "order-1"), ("Relevo-Wait", "30")]
            let path = "/v25.0/\(Rig.phone)/messages"
            let first = try await rig.ask("POST", path, key: rig.key, headers: headers, body: text)
            let second = try await rig.ask("POST", path, key: rig.key, headers: headers, body: text)
            #expect(first.json == second.json)
            #expect(rig.meta.asked.count == 1)
            let other = try await rig.ask("POST", path, key: rig.key, headers: headers, body: text.replacing("hello", with: "bye"))
            #expect(other.status == 409)
            #expect(other.json["error"]?["code"]?.integer != nil)
        }
    }

    @Test func readMarksPassStraightThrough() async throws {
        try await Rig.with(engine: false) { rig in
            let answer = try await rig.ask(
                "POST", "/v25.0/\(Rig.phone)/messages", key: rig.key,
                body: #"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x"}"#)
            #expect(answer.json == ["success": true])
            #expect(rig.meta.asked.count == 1)
        }
    }

    struct Case: Sendable, CustomStringConvertible {
        var method = "POST"
        var path: String
        var body: String?
        var headers: [(String, String)] = []
        var isKnown = true
        var status: Int
        var code: Int
        var description: String { "\(method) \(path) \(headers.map(\.0).joined()) \(status)" }
    }

    static let messages = "/v25.0/\(Rig.phone)/messages"
    static let cases = [
        Case(path: messages, body: text, isKnown: false, status: 401, code: 190),
        Case(path: messages, body: text, headers: [("Authorization", "Bearer rlv_wrong")], isKnown: false, status: 401, code: 190),
        Case(path: messages, body: "{not json", status: 400, code: 100),
        Case(path: messages, body: "[1]", status: 400, code: 100),
        Case(path: messages, body: "", status: 400, code: 100),
        Case(path: "/v25.0/123/messages", body: text, status: 404, code: 100),
        Case(method: "GET", path: messages, status: 405, code: 100),
        Case(method: "GET", path: "/v25.0", status: 404, code: 100),
        Case(method: "GET", path: "/v25.0/1/nothing/of/the/kind", status: 404, code: 100),
        Case(method: "GET", path: "/v25.0/900/message_templates", status: 501, code: 3),
        Case(method: "GET", path: "/v25.0/\(Rig.phone)", status: 501, code: 3),
        Case(path: "/v25.0/\(Rig.phone)/register", body: "{}", status: 501, code: 3),
        Case(path: messages, body: text, headers: [("Relevo-Wait", "soon")], status: 400, code: 100),
        Case(path: messages, body: text, headers: [("Relevo-Lane", "fast")], status: 400, code: 100),
        Case(path: messages, body: text, headers: [("Relevo-Expires", "never")], status: 400, code: 100),
        Case(path: messages, body: text, headers: [("Relevo-Priority", "99")], status: 400, code: 100),
        Case(path: messages, body: String(repeating: "x", count: (1 << 20) + 1), status: 413, code: 100),
        Case(path: "/v25.0/\(Rig.phone)/media", body: "x", status: 400, code: 100),
        Case(method: "GET", path: "/v25.0/me", status: 501, code: 3),
    ]

    @Test func everyErrorIsAGraphEnvelopeWithAnIntegerCode() async throws {
        try await Rig.with(engine: false) { rig in
            for item in Self.cases {
                let answer = try await rig.ask(
                    item.method, item.path, key: item.isKnown ? rig.key : nil, headers: item.headers, body: item.body)
                #expect(answer.status == item.status, "\(item): \(answer.text)")
                let error = answer.json["error"]
                guard case .number? = error?["code"] else {
                    Issue.record("\(item): no integer code in \(answer.text)")
                    continue
                }
                #expect(error?["code"]?.integer == item.code, "\(item): \(answer.text)")
                #expect(error?["type"]?.string != nil && error?["message"]?.string != nil && error?["fbtrace_id"]?.string != nil)
                #expect(error?["error_data"]?["details"]?.string?.isEmpty == false, "\(item)")
                #expect(answer.headers["content-type"] == "application/json")
            }
        }
    }

    @Test func aKeyBoundToAClientSeesItsOwnSendersOnly() async throws {
        try await Rig.with(engine: false) { rig in
            let (bound, _) = try await rig.keys.create(name: "bound", scopes: [.send, .read], clientID: "other", by: "test")
            let foreign = try await rig.ask("POST", Self.messages, key: bound, headers: [("Relevo-Wait", "0")], body: text)
            #expect(foreign.status == 404)
            let own = try await rig.ask("POST", "/v25.0/2065403/messages", key: bound, headers: [("Relevo-Wait", "0")], body: text)
            #expect(own.status == 200)
            let mine = try await rig.ask("POST", Self.messages, key: rig.key, headers: [("Relevo-Wait", "0")], body: text)
            let id = try #require(mine.headers["relevo-message-id"])
            let hidden = try await rig.ask("GET", "/api/v1/messages/" + id, key: bound)
            #expect(hidden.status == 404)
            let list = try await rig.ask("GET", "/api/v1/messages", key: bound)
            #expect(list.json["data"]?.elements?.compactMap { $0["sender"]?.string } == ["2065403"])
            let senders = try await rig.ask("GET", "/api/v1/senders", key: bound)
            #expect(senders.json["data"]?.elements?.count == 1)
            #expect(try await rig.ask("GET", "/api/v1/plans", key: bound).status == 403)
        }
    }

    /// Its number has become another client's: what is posted to the old id does not go from there.
    @Test func aKeyBoundToAClientFollowsNoNumberToAnother() async throws {
        try await Rig.with(engine: false) { rig in
            let (bound, _) = try await rig.keys.create(name: "bound", scopes: [.send, .read], clientID: "acme", by: "test")
            try await rig.dependencies.gateway.senders.moved(from: Rig.phone, to: "2065403")
            let mark = #"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.X"}"#
            for body in [text, mark] {
                let answer = try await rig.ask("POST", Self.messages, key: bound, headers: [("Relevo-Wait", "0")], body: body)
                #expect(answer.status == 404 && answer.json["error"]?["error_subcode"]?.integer == 33, "\(answer.text)")
            }
            let form = "--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--b--\r\n"
            let upload = try await rig.ask(
                "POST", "/v25.0/\(Rig.phone)/media", key: bound, headers: [("Content-Type", "multipart/form-data; boundary=b")], body: form)
            #expect(upload.status == 404)
            let native = #"{"sender":"\#(Rig.phone)","message":\#(text)}"#
            let one = try await rig.ask("POST", "/api/v1/messages", key: bound, body: native)
            #expect(one.status == 404 && one.json["error"]?["code"]?.string == "unknown_sender", "\(one.text)")
            let batch = try await rig.ask("POST", "/api/v1/messages/batch", key: bound, body: native + "\n")
            #expect(batch.status == 200 && batch.text.contains("unknown_sender"), "\(batch.text)")
            #expect(try await rig.client.query("SELECT FROM gateway.message").isEmpty && rig.meta.asked.isEmpty)
        }
    }

    @Test func mediaIsHandedThroughUnderRelevosAddress() async throws {
        try await Rig.with(engine: false) { rig in
            let body = "--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--b--\r\n"
            let uploaded = try await rig.ask(
                "POST", "/v25.0/\(Rig.phone)/media", key: rig.key, headers: [("Content-Type", "multipart/form-data; boundary=b")],
                body: body)
            #expect(uploaded.json["id"]?.string == "777", "\(uploaded.text)")
            let node = try await rig.ask("GET", "/v25.0/777", key: rig.key)
            let url = try #require(node.json["url"]?.string)
            #expect(url.hasPrefix(rig.base + "/v25.0/777/content"))
            let file = try await rig.ask("GET", String(url.dropFirst(rig.base.count)), key: rig.key)
            #expect(file.text == "PNG")
            #expect(file.headers["content-type"] == "image/png")
            #expect(rig.meta.asked.allSatisfy { $0.authorization == "Bearer EAA-real-token" })
            #expect(rig.meta.asked.contains { $0.path.contains("phone_number_id=\(Rig.phone)") })
            let (bound, _) = try await rig.keys.create(name: "bound", scopes: [.send, .read], clientID: "other", by: "test")
            #expect(try await rig.ask("GET", "/v25.0/777", key: bound).status == 404)
            #expect(try await rig.ask("DELETE", "/v25.0/777", key: rig.key).json == ["success": true])
        }
    }
}
