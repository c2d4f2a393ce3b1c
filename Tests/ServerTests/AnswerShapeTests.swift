import CloudAPI
import CloudShapes
import Server
import TestSupport
import Testing

/// What callers are answered has the shape of Meta's answers.
@Suite(.enabled(if: TestDatabase.isAvailable)) struct AnswerShapeTests {
    @Test func everyDocumentedMessageIsTaken() async throws {
        try await Rig.with(engine: false) { rig in
            for sample in MessageSample.all {
                let answer = try await rig.ask(
                    "POST", "/v25.0/\(Rig.phone)/\(sample.edge.rawValue)", key: rig.key, headers: [("Relevo-Wait", "0")], body: sample.text)
                #expect(answer.status == 200, "\(sample): \(answer.text)")
                #expect(AnswerShapes.accepted.problems(answer.json) == [], "\(sample)")
                let body = try sample.body
                #expect(answer.json["contacts"]?[0]?["input"] == (body["to"] ?? body["recipient"]), "\(sample)")
            }
        }
    }

    @Test func metasAnswerIsGivenOnInItsShape() async throws {
        try await Rig.with { rig in
            let answer = try await rig.ask(
                "POST", "/v25.0/\(Rig.phone)/messages", key: rig.key, headers: [("Relevo-Wait", "30")],
                body: try #require(MessageSample.named("text")).text)
            #expect(AnswerShapes.accepted.problems(answer.json) == [], "\(answer.text)")
        }
    }

    @Test func metasRefusalIsGivenOnAsItCame() async throws {
        let refusal = try #require(AnswerSample.all.first { $0.name == "template name" }).text
        try await Rig.with { rig in
            rig.meta.refuse(400, refusal)
            let answer = try await rig.ask(
                "POST", "/v25.0/\(Rig.phone)/messages", key: rig.key, headers: [("Relevo-Wait", "30")],
                body: try #require(MessageSample.named("text")).text)
            #expect(answer.status == 400)
            #expect(answer.json.canonical() == (try JSONValue(parsing: refusal.utf8)).canonical(), "\(answer.text)")
        }
    }

    @Test func relevosOwnRefusalsHaveMetasShape() async throws {
        let text = try #require(MessageSample.named("text")).body
        let wrong: [(JSONValue, String)] = [
            (text.with(nil, at: ["to"]), "messages"), (text.with("12", at: ["to"]), "messages"), (text.with("x", at: ["type"]), "register"),
            (text, "nothing"), (text, "marketing_messages"), (text.with(7, at: ["text", "body"]), "messages"), ("text", "messages"),
        ]
        try await Rig.with(engine: false) { rig in
            for (body, edge) in wrong {
                let answer = try await rig.ask(
                    "POST", "/v25.0/\(Rig.phone)/\(edge)", key: rig.key, body: String(decoding: body.encoded(), as: UTF8.self))
                #expect(answer.status >= 400, "\(edge): \(answer.text)")
                #expect(AnswerShapes.refused.problems(answer.json) == [], "\(edge): \(answer.text)")
            }
            let mark = try await rig.ask(
                "POST", "/v25.0/\(Rig.phone)/messages", key: rig.key,
                body: #"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.HBgLSU4="}"#)
            #expect(AnswerShapes.success.problems(mark.json) == [])
        }
    }
}
