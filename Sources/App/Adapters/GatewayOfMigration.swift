import CloudAPI
package import Foundation
package import Gateway
package import Migration
package import Postgres

/// The gateway as a migration needs it.
package struct GatewayOfMigration: MigrationGateway {
    let gateway: Gateway

    package init(_ gateway: Gateway) { self.gateway = gateway }

    /// What Meta's throughput is for a number that the client keeps using on the Business app.
    private static let coexistencePerSecond = 20.0

    package func addSender(_ sender: NewSender, on db: PostgresConnection) async throws {
        if try await gateway.senders.find(phoneNumberID: sender.phoneNumberID, on: db) != nil { return }
        // The number's id before the cut-over: what is known of the sender, and what waits for it, goes over to the new one.
        let before = try await gateway.senders.find(e164: sender.e164, on: db).first { $0.state != .retired }
        if let before {
            try await gateway.senders.moved(from: before.phoneNumberID, to: sender.phoneNumberID, wabaID: sender.waba, on: db)
            // A number that stays on the Business app has the lower throughput, whatever it had before.
            if sender.coexistence {
                try await gateway.senders.set(
                    sender.phoneNumberID, SenderChange(perSecond: Self.coexistencePerSecond, perSecondIsSet: false), on: db)
            }
            return
        }
        try await gateway.senders.add(
            NewSenderRecord(
                phoneNumberID: sender.phoneNumberID, e164: sender.e164, wabaID: sender.waba, clientID: sender.clientID,
                perSecond: sender.coexistence ? Self.coexistencePerSecond : nil, perSecondIsSet: false, identityMode: .observe),
            on: db)
    }

    package func submitTest(_ message: TestMessage, run: String, on db: PostgresConnection) async throws -> UUID {
        guard case .object(var body)? = try? JSONValue(parsing: message.body.utf8) else {
            throw TestRefusal(code: "bad_body", message: "the test message is not a JSON object")
        }
        body["messaging_product"] = "whatsapp"
        body["to"] = .string(message.to)
        do {
            return try await gateway.submit(
                Submission(
                    sender: message.phoneNumberID, body: .object(body), lane: .test, idempotencyKey: message.idempotencyKey,
                    idempotencyScope: "migration", notifyRun: run, tag: "migration:\(run)"),
                on: db
            ).id
        } catch let refusal as GatewayRefusal {
            throw TestRefusal(code: "\(refusal.code)", message: refusal.details)
        }
    }

    package func outcome(of message: UUID) async throws -> TestOutcome {
        guard let record = try await gateway.message(message) else {
            return TestOutcome(state: MessageState.failed.rawValue, reason: "the message is not known to the gateway")
        }
        return TestOutcome(state: record.state.rawValue, reason: record.reason)
    }
}
