import Foundation
import Postgres
import Templates

extension Leg {
    /// From registered to done: CONNECTED, webhooks, identity check, sender, test messages. Every part can be made again.
    func afterRegister() async throws {
        let (world, brief) = (world, brief)
        let ref = brief.rowRef
        let id = try await c.step(name("after:id")) { db in try await NumberRecord.find(ref, on: db)?.phoneNumberID }
        guard let id else { throw Stop.failed("not_added", "the id of the registered number is not known") }
        let begun = try await now("after")
        try await connected(id, deadline: begun.addingTimeInterval(settings.connectDeadline))
        let deadline = begun.addingTimeInterval(settings.connectDeadline * 2)
        try await set("connected", NumberChange(state: .testing, step: "connected", note: "the number is CONNECTED"))
        try await subscribe("subscribe-after", state: .testing, deadline: deadline)
        try await set("subscribed", NumberChange(state: .testing, step: "webhooks subscribed"))
        _ = try await demand("identity", state: .testing, until: deadline, code: "identity_check_refused") { () -> Nothing in
            try await world.graph.enableIdentityCheck(id, of: brief.destination)
            return Nothing()
        }
        try await set("sender", NumberChange(state: .testing, step: "sender ready", note: "identity check on; the number is a sender")) {
            db in
            try await world.gateway.addSender(
                NewSender(
                    phoneNumberID: id, e164: brief.e164, waba: brief.destination, clientID: brief.clientID,
                    coexistence: brief.route == "coexistence"),
                on: db)
        }
        try await test(id)
        try await set("done", NumberChange(state: .done, step: "done", note: "done")) { db in
            try await db.query("UPDATE migration.number SET done_at = jobs.now() WHERE row_ref = \(ref)")
            try await Freezes.release(row: ref, by: "relevo", note: "the number is done", on: db)
        }
    }

    private func connected(_ id: String, deadline: Date) async throws {
        let (world, brief) = (world, brief)
        var wait = settings.retryPause
        var count = 0
        while true {
            let reply = try await c.call(name("status:\(count)")) {
                try await Reply.of { try await world.graph.number(id, of: brief.destination) }
            }
            var why = ""
            switch reply {
            case .answer(let number) where number.isConnected: return
            case .answer(let number): why = "status is \(number.status ?? "not given")"
            case .trouble(let trouble): why = "\(trouble)"
            }
            let until = try await now("status:\(count)").addingTimeInterval(wait)
            if until > deadline { throw Stop.failed("not_connected", "registered, but not CONNECTED: \(why)") }
            try await pause(
                "status:\(count):wait",
                NumberChange(state: .cuttingOver, step: "waiting for CONNECTED", code: "not_connected_yet", reason: why),
                until: until)
            wait = min(wait * 2, settings.longestRetryPause)
            count += 1
        }
    }

    /// Sends one test message to each test recipient and requires each to be delivered.
    private func test(_ id: String) async throws {
        let recipients = (brief.fields["test_recipients"] ?? "").split(separator: " ").map(String.init)
        if recipients.isEmpty { return try await note("untested", "no test_recipients in the fleet file: nothing was sent") }
        let (world, brief, run, round) = (world, brief, c.runID, round)
        let body = try await testBody()
        let deadline = try await now("test").addingTimeInterval(settings.testDeadline)
        var messages: [(to: String, id: UUID)] = []
        for (index, to) in recipients.enumerated() {
            let message = TestMessage(
                phoneNumberID: id, to: to, body: body, idempotencyKey: "migration:\(brief.planID):\(brief.rowRef):\(round):\(index)")
            let reply = try await c.step(name("test:\(index)")) { db -> Submitted in
                do {
                    return Submitted(id: try await world.gateway.submitTest(message, run: run, on: db), refusal: nil)
                } catch let refusal as TestRefusal {
                    return Submitted(id: nil, refusal: refusal.message)
                }
            }
            guard let message = reply.id else {
                throw Stop.failed("test_refused", "the test message to \(to) was refused: \(reply.refusal ?? "")")
            }
            messages.append((to, message))
        }
        try await set(
            "testing", NumberChange(state: .testing, step: "waiting for test messages", note: "\(messages.count) test messages handed in"))
        for (index, message) in messages.enumerated() { try await delivered(message, index: index, deadline: deadline) }
        try await note("tested", "\(messages.count) test messages delivered")
    }

    private func delivered(_ message: (to: String, id: UUID), index: Int, deadline: Date) async throws {
        let world = world
        _ = try await c.event("message:\(message.id.uuidString.lowercased())", until: deadline)
        var wait = settings.retryPause
        var count = 0
        while true {
            let outcome = try await c.call(name("outcome:\(index):\(count)")) { try await world.gateway.outcome(of: message.id) }
            if outcome.isDelivered { return }
            if outcome.isFailed {
                throw Stop.failed("test_failed", "the test message to \(message.to) failed: \(outcome.reason ?? outcome.state)")
            }
            let until = try await now("outcome:\(index):\(count)").addingTimeInterval(wait)
            if until > deadline {
                throw Stop.failed(
                    "test_not_delivered", "the test message to \(message.to) was not delivered in time; it is \(outcome.state)")
            }
            try await pause(
                "outcome:\(index):\(count):wait",
                NumberChange(
                    state: .testing, step: "waiting for test messages", code: "test_pending",
                    reason: "the message to \(message.to) is \(outcome.state)"),
                until: until)
            wait = min(wait * 2, settings.longestRetryPause)
            count += 1
        }
    }

    private struct Submitted: Codable, Sendable {
        var id: UUID?
        var refusal: String?
    }

    /// The message of the row's `test_template`, filled from the template's own examples; a text when the row names none.
    private func testBody() async throws -> String {
        guard let text = brief.fields["test_template"], let colon = text.lastIndex(of: ":") else {
            return #"{"type":"text","text":{"body":"Relevo test message: this number has moved and works."}}"#
        }
        let key = TemplateKey(name: String(text[..<colon]), language: String(text[text.index(after: colon)...]))
        let (world, brief) = (world, brief)
        let found = try await demand(
            "test-template", state: .testing, until: try await now("test-template").addingTimeInterval(3600), code: "test_template_unread"
        ) {
            if let stored = try await TemplateStore.template(waba: brief.destination, key, on: world.client) {
                return Optional(stored.template)
            }
            return try await world.copier.inventory.refresh(waba: brief.destination).first { $0.key == key }
        }
        guard let template = found else {
            throw Stop.failed("test_template_missing", "the destination has no template \(key); correct test_template, or copy it first")
        }
        do {
            let components = try TemplateExamples.components(of: template).map { ",\"components\":\($0)" } ?? ""
            return
                #"{"type":"template","template":{"name":\#(quoted(key.name)),"language":{"code":\#(quoted(key.language))}\#(components)}}"#
        } catch let error as TemplateError {
            throw Stop.failed("test_template_unusable", error.message)
        }
    }

    private func quoted(_ text: String) -> String { JSONTree.string(text).json }
}
