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
