import AsyncHTTPClient
import CloudAPI
import Credentials
import Foundation
import Gateway
import Jobs
import Postgres
import Quality
import Synchronization
import Templates
import TestSupport
import Testing

@testable import Webhooks

/// The owners of a running Relevo, with a Meta that cannot be reached: only webhooks tell what became of messages.
@Suite(.enabled(if: TestDatabase.isAvailable)) struct OwnersTests {
    private struct Rig {
        let client: PostgresClient
        let gateway: Gateway
        let rebuilds: Rebuilds
        let intake: WebhookIntake

        func post(_ text: String) async throws {
            let body = Data(text.utf8)
            #expect(try await intake.accept(body: body, signature: Signature.sign(body, secret: IntakeRig.secret)) == .stored)
            try await eventually("routed") { try await intake.counts().pending == 0 }
            #expect(try await intake.problems().map(\.updates).flatMap { $0 }.map(\.error) == [])
        }

        func template(_ status: String, time: Int) -> String {
            Body.change(
                "message_template_status_update",
                #"{"event":"\#(status)","message_template_id":7,"message_template_name":"offer","message_template_language":"es-ES","reason":"NONE"}"#,
                waba: "500", time: time)
        }
    }

    private static func with(_ body: (Rig) async throws -> Void) async throws {
        try await TestDatabase.with { client in
            let http = HTTPClient(configuration: GraphClient.httpConfiguration(connections: 1))
            do {
                try await run(client, http, body)
            } catch {
                try? await http.shutdown()
                throw error
            }
            try await http.shutdown()
        }
    }

    private static func run(_ client: PostgresClient, _ http: HTTPClient, _ body: (Rig) async throws -> Void) async throws {
        let logger = IntakeRig.logger
        let credentials = CredentialStore(vault: try Vault(keys: [MasterKey.generate()]), client: client)
        let graph = GraphClient(configuration: .init(baseURL: "http://127.0.0.1:1"), httpClient: http, logger: logger)
        let gateway = Gateway(client: client, graph: graph, credentials: credentials, settings: GatewaySettings(), logger: logger)
        try await gateway.senders.add(
            NewSenderRecord(phoneNumberID: "100", e164: "+16505550100", wabaID: "500", clientID: "acme", identityMode: .enforce))
        try await client.query(
            """
            INSERT INTO templates.template (waba_id, name, language, template_id, status, category, quality, components, content_hash, status_at,
                quality_at, category_at, seen_at)
            VALUES ('500', 'offer', 'es_ES', '7', 'APPROVED', 'UTILITY', 'UNKNOWN', '[]', 'x', '2027-01-01', '2027-01-01', '2027-01-01', '2027-01-01')
            """)
        try await BusinessClock.set(business: Date(timeIntervalSince1970: 1_800_000_000), speed: 0, on: client)
        let rebuilds = Rebuilds(client: client, gateway: gateway, logger: logger)
        let intake = WebhookIntake(
            client: client, appSecrets: [IntakeRig.secret], verifyToken: nil, owners: WebhookOwners(gateway: gateway, rebuilds: rebuilds),
            logger: logger)
        var settings = EngineSettings()
        settings.idle = .milliseconds(10) ... .milliseconds(20)
        settings.listens = false
        // Without the gateway's own kind nothing is sent: messages stay queued.
        let engine = JobEngine(client: client, kinds: [intake.kind], workflows: [rebuilds.workflow], settings: settings, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await engine.run() }
            try await body(Rig(client: client, gateway: gateway, rebuilds: rebuilds, intake: intake))
            group.cancelAll()
        }
    }

    @Test func statusesInEveryOrderEndTheSame() async throws {
        try await Self.with { rig in
            let orders = [["sent", "delivered", "read"], ["read", "delivered", "sent"], ["delivered", "read", "sent", "delivered"]]
            for (index, order) in orders.enumerated() {
                let receipt = try await rig.gateway.submit(
                    Submission(
                        sender: "100",
                        body: ["messaging_product": "whatsapp", "to": "+16505551234", "type": "text", "text": ["body": "hola"]]))
                for word in order {
                    let data =
                        #","biz_opaque_callback_data":"relevo:\#(receipt.id.uuidString.lowercased())","x":\#(Int.random(in: 0..<1_000_000_000))"#
                    try await rig.post(Body.statuses(Body.status("wamid.\(index)", word, more: data)))
                }
                let message = try #require(try await rig.gateway.message(receipt.id))
                #expect(message.state == .read, "\(order)")
                #expect(message.wamid == "wamid.\(index)")
            }
        }
    }

    /// Everything that a webhook may change, as text by table: without when a POST was worked on, and the strays of each day.
    private func state(_ rig: Rig) async throws -> [String: [String]] {
        var found: [String: [String]] = [:]
        for table in [
            "gateway.message", "gateway.sender", "gateway.event", "gateway.template_hold", "gateway.service_window", "gateway.unknown_code",
            "recipients.contact", "recipients.alias", "recipients.event", "recipients.opt_out", "recipients.verification",
            "templates.template", "templates.event", "quality.rebuild", "webhooks.notice",
        ] { found[table] = try await rig.client.query("SELECT t::text FROM \(unescaped: table) t ORDER BY 1").decode(String.self) }
        return found
    }

    /// A day with everything in it is worked on again, twice and in another order, after a person has put right what it had stopped.
    @Test func aReplayChangesNothing() async throws {
        try await Self.with { rig in
            func send(_ template: String? = nil) async throws -> UUID {
                var body: JSONObject = ["messaging_product": "whatsapp", "to": "+16505551234", "type": "text", "text": ["body": "hola"]]
                if let template {
                    body["type"] = "template"
                    body["text"] = nil
                    body["template"] = ["name": .string(template), "language": ["code": "es_ES"]]
                }
                return try await rig.gateway.submit(Submission(sender: "100", body: .object(body))).id
            }
            func told(_ id: UUID, _ wamid: String, _ word: String, code: Int? = nil) -> String {
                var more = #","biz_opaque_callback_data":"relevo:\#(id.uuidString.lowercased())""#
                if let code { more += #","errors":[{"code":\#(code),"title":"no"}]"# }
                return Body.statuses(Body.status(wamid, word, more: more))
            }
            let (fine, stopped, paused, odd, changed) = (
                try await send(), try await send(), try await send("offer"), try await send(), try await send()
            )
            for word in ["read", "sent", "delivered"] { try await rig.post(told(fine, "wamid.1", word)) }
            try await rig.post(told(stopped, "wamid.2", "failed", code: 131048))
            try await rig.post(rig.template("APPROVED", time: 1_800_000_050))
            try await BusinessClock.set(business: Date(timeIntervalSince1970: 1_800_000_100), speed: 0, on: rig.client)
            try await rig.post(told(paused, "wamid.3", "failed", code: 132015))
            try await rig.post(told(odd, "wamid.4", "failed", code: 987_654))
            try await rig.post(told(changed, "wamid.5", "failed", code: 137000))
            try await rig.post(
                Body.messages(
                    #""contacts":[{"wa_id":"16505559999","profile":{"name":"Ana"},"identity_key_hash":"h1"}],"messages":[{"id":"wamid.in","from":"16505559999","timestamp":"1800000090","type":"text","text":{"body":"hola"}}]"#
                ))
            try await rig.post(Body.change("account_alerts", #"{"alert_type":"X"}"#, waba: "500", time: 1_800_000_000))
            #expect(try await rig.gateway.overrides().map(\.key) == ["number:100", "template:500:offer:es_ES", "code:987654"])
            // People put right what they can. The template stays held: nobody has said since that it may be used.
            try await rig.gateway.lift("number:100")
            try await rig.gateway.lift("code:987654")
            _ = try await rig.gateway.verify("+16505551234", how: "called back", by: "ana")
            let before = try await state(rig)
            #expect(before["gateway.event"]?.isEmpty == false)

            let count = try await rig.client.query("SELECT count(*) FROM webhooks.post").decodeFirst(Int.self)
            for _ in 0..<2 {
                // The order in which they came says nothing.
                try await rig.client.query("UPDATE webhooks.post SET received_at = received_at - random() * interval '1 hour'")
                #expect(try await rig.intake.replay(from: .distantPast, to: .distantFuture, by: "ana") == count)
                try await eventually("routed") { try await rig.intake.counts().pending == 0 }
                let after = try await state(rig)
                for (table, rows) in before { #expect(after[table] == rows, "\(table)") }
            }
            #expect(try await rig.intake.replay(from: .distantPast, to: .distantPast.addingTimeInterval(1), by: "ana") == 0)
            #expect(try await rig.intake.problems().isEmpty)
        }
    }

    @Test func aPausedTemplateStopsItsRebuildAndAnOldEventDoesNot() async throws {
        try await Self.with { rig in
            var settings = RebuildSettings()
            settings.spreadMinutes = 0
            let id = try await rig.rebuilds.start(
                RebuildRequest(
                    phoneNumberID: "100", template: TemplateKey(name: "offer", language: "es_ES"),
                    recipients: ["+34600000001", "+34600000002"],
                    profile: RebuildProfile(steps: [2]), settings: settings, by: "ana")
            ).id
            try await eventually("the step is queued") { try await rig.gateway.counts(tag: "rebuild:\(id):1").queued == 2 }
            try await rig.post(rig.template("PAUSED", time: 1_700_000_000))
            #expect(try await rig.rebuilds.status(id).rebuild.state == .running)
            try await rig.post(rig.template("PAUSED", time: 1_800_000_000))
            #expect(try await rig.rebuilds.status(id).rebuild.state == .stopped)
            try await eventually("the queue is withdrawn") { try await rig.gateway.counts(tag: "rebuild:\(id):1").cancelled == 2 }
            try await eventually("its people wait again") { try await rig.rebuilds.status(id).rebuild.waiting == 2 }
            try await rig.post(rig.template("APPROVED", time: 1_800_000_100))
            try await rig.rebuilds.resume(id, by: "ana", why: "approved again")
            try await BusinessClock.set(business: Date(timeIntervalSince1970: 1_800_090_000), speed: 0, on: rig.client)
            try await eventually("the next step is queued") { try await rig.gateway.counts(tag: "rebuild:\(id):2").queued == 2 }
            #expect(try await rig.rebuilds.status(id).total.submitted == 2)
        }
    }
}
