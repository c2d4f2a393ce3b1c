import Foundation
import TestProcesses
import TestSupport
import Testing

/// Client libraries that nobody here wrote: they must work by changing base URL and token alone, and give what they give with Meta.
///
/// Each script runs twice: through Relevo, and against the sandbox itself. Tables go from what came back to the names of the calls;
/// where the second run gives something else, it is in a table of its own.
@Suite(.serialized)
struct ClientTests {
    @Test func pywa() async throws {
        try await Self.check(
            "pywa_client.py", path: "/v25.0",
            [
                "SentMessage wamid": """
                text text_digits text_integer text_spaced text_user_id text_reply location contact buttons list cta_url carousel \
                catalog identity_hash identity_changed rate_limited
                """,
                "SentMediaMessage wamid": "image_by_id image_by_link image_by_bytes document video audio sticker buttons_image",
                "SentTemplate wamid": "template template_header_buttons template_marketing_edge",
                "SentReaction wamid": "reaction reaction_removed",
                "SentLocationRequest wamid": "location_request",
                "SentContactInfoRequest wamid": "contact_request",
                "SuccessResult True": "read typing media_delete",
                "Media": "media_upload",
                "MediaURL": "media_url",
                "bool True": "text_spaced_to media_bytes media_download",
                "WhatsAppError 100/33": "media_gone bad_sender",
                "WhatsAppError 100": "text_too_long tracker_too_long",
                "InvalidParameter 131009": "image_gone bad_number",
                "RecipientCannotBeSender 131021": "own_number",
                "TemplateParamCountMismatch 132000": "template_parameters",
                "TemplateParamFormatMismatch 132012": "template_without_header",
                "TemplateNotExists 132001": "unknown_template",
                "TemplatePaused 132015": "paused_template",
                "ExpiredAccessToken 190": "bad_token",
                "MessageUndeliverable 131026": "undeliverable",
                // Relevo knows that it would fail, and does not wait for Meta's webhook to say so.
                "RecipientIdentityKeyMismatch 137000": "identity_mismatch",
                "APIMethod 3": "not_proxied",
                // Taken over by Relevo, which sends them later, or finds out what became of them.
                "SentTemplate relevo": "unknown_template_again paused_template_again",
                "SentMessage relevo": "meta_fails pair_limited rate_limited_long",
                "SentMessage": "answer_lost",
            ],
            atMeta: [
                "SentMessage wamid": "identity_mismatch",
                "WhatsAppError 2500": "not_proxied",
                "TemplateNotExists 132001": "unknown_template_again",
                "TemplatePaused 132015": "paused_template_again",
                "UnknownError 131000": "meta_fails",
                "TransportError": "answer_lost",
                "RateLimitHit 130429": "rate_limited rate_limited_long",
                "TooManyMessages 131056": "pair_limited",
            ])
    }

    @Test func heyoo() async throws {
        try await Self.check(
            "heyoo_client.py", path: "",
            [
                "message wamid": """
                text text_without_preview text_without_type text_user_id text_reply reaction reaction_removed location location_bare \
                contacts image_by_id image_by_link document_by_id document_by_link video audio sticker list buttons cta_url \
                location_request template template_header_buttons identity_hash identity_changed rate_limited
                """,
                "success": "read typing media_delete",
                "id": "media_upload",
                "str": "media_url",
                "bool True": "text_input media_download",
                "NoneType": "media_gone media_gone_again",
                "Response": "read_bad_token",
                "error 100/33": "bad_sender",
                "error 190": "bad_token",
                "error 131008": "text_empty",
                "error 131009": "image_gone bad_number spreadsheet_number group",
                "error 131026": "undeliverable",
                "error 131051": "unknown_type",
                "error 132000": "template_parameters",
                "error 132001": "unknown_template",
                "error 132012": "template_without_header",
                "error 132015": "paused_template",
                "error 137000": "identity_mismatch",
                "message relevo": "unknown_template_again pair_limited rate_limited_long",
                "message": "answer_lost",
            ],
            atMeta: [
                "message wamid": "identity_mismatch",
                "error 132001": "unknown_template_again",
                "ConnectionError": "answer_lost",
                "error 130429": "rate_limited rate_limited_long",
                "error 131056": "pair_limited",
            ])
    }

    /// pywa's own listener checks signatures under the client's secret and reads what Relevo passes on. It starts when it has been missed already.
    @Test func relayedToPywa() async throws {
        try await Rehearsal.with { rehearsal in
            try await rehearsal.startSandbox(scenario: Self.clients.appending(path: "scenario.json"))
            try await rehearsal.startUp()
            try await rehearsal.run("credential", "add", "meta", input: Rehearsal.token + "\n")
            let key = try await rehearsal.apiKey()
            let sender = try await rehearsal.anySender()
            let (port, secret) = (try freePort(), "the secret of the client's own system")
            let listed = try await rehearsal.run("sender", "list", "--json").text
            let senders = try #require(try JSONSerialization.jsonObject(with: Data(listed.utf8)) as? [String: Any])["senders"]
            let waba = try #require((senders as? [[String: Any]])?.first?["waba_id"] as? String ?? Self.waba)
            try await rehearsal.run("relay", "add", "http://127.0.0.1:\(port)/", "--waba", waba, "--client", "tests", input: secret + "\n")
            let sent = try await rehearsal.post(
                "http://127.0.0.1:\(rehearsal.port)/v25.0/\(sender)/messages", bearer: key,
                #"{"messaging_product":"whatsapp","to":"+16505550177","type":"text","text":{"body":"hola"},"biz_opaque_callback_data":"case:17"}"#
            )
            #expect(sent.status == 200)
            try await eventually("the relay has tried") { try await rehearsal.run("relay", "list").text.contains("failing") }

            var environment = rehearsal.environment
            (environment["APP_SECRET"], environment["PYTHONDONTWRITEBYTECODE"]) = (secret, "1")
            let python = try #require(
                ProcessInfo.processInfo.environment["RELEVO_TEST_PYTHON"], "a Python with pywa; `make test` makes one")
            let listener = try await Child(
                URL(filePath: python), [Self.clients.appending(path: "pywa_listener.py").path(), "\(port)", "1000", "120"],
                environment: environment, folder: rehearsal.folder)
            defer { listener.signal(SIGTERM) }
            let inbound = #"{"phone_number_id":"\#(sender)","from":"+16505550109","text":"hello back"}"#
            #expect(try await rehearsal.post("http://127.0.0.1:\(rehearsal.graphPort)/_sandbox/inbound", inbound).status == 200)
            let paused = try await rehearsal.post(
                "http://127.0.0.1:\(rehearsal.graphPort)/_sandbox/templates/200000000000003", #"{"status":"APPROVED"}"#)
            #expect(paused.status == 200)
            try await eventually("it listens") { listener.text.contains("listening") }
            try await eventually("pywa has read it all", tries: 3_000) {
                let text = listener.text
                return text.contains("hello back") && text.contains("TemplateStatus") && text.contains("\"delivered\"")
            }
            let updates = try listener.text.split(separator: "\n").compactMap {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
            let statuses = updates.filter { $0["class"] as? String == "MessageStatus" }
            #expect(Set(statuses.compactMap { $0["status"] as? String }).isSuperset(of: ["sent", "delivered"]))
            #expect(statuses.allSatisfy { $0["tracker"] as? String == "case:17" && $0["wa_id"] as? String == "16505550177" })
            let message = try #require(updates.first { $0["text"] as? String == "hello back" })
            #expect(message["class"] as? String == "Message" && message["wa_id"] as? String == "16505550109")
            #expect(message["phone_number_id"] as? String == sender)
            #expect(!updates.contains { $0["class"] as? String == "unread" }, "\(updates)")
        }
    }

    private static let waba = "102290129340398"

    /// Calls that are answered with an id of Relevo's and never reach anybody: they wait for a person.
    private static let kept: Set = ["unknown_template_again", "paused_template_again", "meta_fails"]
    private static let clients = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Clients")

    private static func check(_ script: String, path: String, _ table: [String: String], atMeta: [String: String]) async throws {
        try await Rehearsal.with { rehearsal in
            try await rehearsal.startSandbox(scenario: clients.appending(path: "scenario.json"))
            try await rehearsal.startUp()
            try await rehearsal.run("credential", "add", "meta", input: Rehearsal.token + "\n")
            let key = try await rehearsal.apiKey()
            let sender = try await rehearsal.anySender()
            try await rehearsal.run("sender", "set", sender, "--identity", "enforce")
            try await meet("+16505550109", sender, rehearsal)

            let answers = try await run(script, "http://127.0.0.1:\(rehearsal.port)\(path)", sender, key, rehearsal)
            let expected = byName(table)
            compare(answers, expected)
            // Everything that was taken has reached Meta's side, once each.
            let taken = answers.filter { !kept.contains($0.key) && ($0.value.contains(" wamid.") || $0.value.contains(" relevo.")) }
            let named = Set(taken.values.compactMap { $0.split(separator: " ").last.map(String.init) }.filter { $0.hasPrefix("wamid.") })
            try await eventually("\(taken.count) messages have been sent", tries: 2_400) { try sent(rehearsal).count >= taken.count }
            let log = try sent(rehearsal)
            let messages = Set(log.compactMap { $0["callback_data"] as? String })
            let ids = Set(log.compactMap { $0["message_id"] as? String })
            #expect(log.count == taken.count)
            #expect(messages.count == log.count)
            #expect(named.isSubset(of: ids))

            let direct = try await run(script, "http://127.0.0.1:\(rehearsal.graphPort)\(path)", sender, Rehearsal.token, rehearsal)
            compare(direct, expected.merging(byName(atMeta)) { $1 })
        }
    }

    /// Somebody writes to the number, so that Relevo learns their identity hash.
    private static func meet(_ person: String, _ sender: String, _ rehearsal: Rehearsal) async throws {
        let answer = try await rehearsal.post(
            "http://127.0.0.1:\(rehearsal.graphPort)/_sandbox/inbound", #"{"phone_number_id":"\#(sender)","from":"\#(person)"}"#)
        #expect(answer.status == 200)
        try await eventually("\(person) is known", tries: 100) {
            try await rehearsal.run("recipients", "show", person, "--json", expect: nil).text.contains(#""hash""#)
        }
    }

    private static func run(
        _ script: String, _ base: String, _ sender: String, _ key: String, _ rehearsal: Rehearsal
    ) async throws -> [String: String] {
        let python = try #require(
            ProcessInfo.processInfo.environment["RELEVO_TEST_PYTHON"], "a Python with pywa and heyoo; `make test` makes one")
        var environment = rehearsal.environment
        // In the environment, not in the arguments: those are seen by everybody.
        environment["API_KEY"] = key
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        let client = try await Child(
            URL(filePath: python),
            [clients.appending(path: script).path(), base, sender, "http://127.0.0.1:\(rehearsal.graphPort)"],
            environment: environment, folder: rehearsal.folder)
        #expect(await client.exit() == 0, "\(client.text) \(client.errorText)")
        return try #require(try JSONSerialization.jsonObject(with: Data(client.text.utf8)) as? [String: String])
    }

    private static func compare(_ answers: [String: String], _ expected: [String: String]) {
        #expect(Set(answers.keys) == Set(expected.keys))
        for (name, answer) in answers.sorted(by: { $0.key < $1.key }) {
            // Of an id its kind.
            let shape = String(answer.prefix { $0 != "." })
            let wanted = expected[name] ?? "nothing"
            #expect(shape == wanted || shape.hasPrefix(wanted + " "), "\(name): \(answer)")
        }
    }

    /// Messages of Relevo's that the sandbox has taken.
    private static func sent(_ rehearsal: Rehearsal) throws -> [[String: Any]] {
        try rehearsal.sandboxLog().filter {
            ($0["callback_data"] as? String)?.hasPrefix("relevo:") == true && ($0["status"] as? Int) == 200
        }
    }

    private static func byName(_ table: [String: String]) -> [String: String] {
        var byName: [String: String] = [:]
        for (shape, names) in table {
            for name in names.split(separator: " ") { byName[String(name)] = shape }
        }
        return byName
    }
}
