import CloudAPI
import Foundation
import Logging
import Postgres
import Recipients
import Templates

/// What an error means beyond the message it came for.
struct Consequences {
    let core: GatewayCore
    /// How long a template rests when Meta names no time: the first pause of a template.
    private static let templateRest: Double = 3 * 3600

    /// - Parameters:
    ///   - waID: what Meta called the recipient, when it did.
    ///   - at: business time.
    func draw(
        _ action: ErrorAction, code: Int?, text: String, wait: Double?, row: MessageRow, waID: String?, at: Date, on db: PostgresConnection
    ) async throws {
        let store = SenderStore(client: core.client, settings: core.settings)
        let reason = "\(core.settings.rules.verdict(code: code, scope: .send).advice) \(text)"
        switch action {
        case .stopSender: try await stop([row.sender], store, reason, on: db)
        case .stopWABA:
            let senders = try await db.query(
                """
                SELECT o.phone_number_id FROM gateway.sender s JOIN gateway.sender o ON o.waba_id = s.waba_id
                WHERE s.phone_number_id = \(row.sender) ORDER BY o.phone_number_id
                """
            ).decode(String.self)
            try await stop(senders, store, reason, on: db)
        case .holdTemplate:
            guard let name = row.template, let sender = try await store.find(phoneNumberID: row.sender, on: db) else { return }
            try await TemplateHolds.put(
                waba: sender.wabaID, template: TemplateKey(name: name, language: row.templateLanguage ?? ""), reason: reason, code: code,
                for: .seconds(wait ?? Self.templateRest), on: db)
        case .holdRecipient:
            _ = try await IdentityLedger.markChanged(
                RecipientKey(phoneNumberID: row.sender, address: row.address), waID: waID ?? row.waID, hash: row.hashAttached, detail: text,
                at: at, on: db)
        case .suppressMarketing:
            let digits = row.e164.map { String($0.dropFirst()) }
            try await OptOuts.record(
                [
                    .init(
                        phoneNumberID: row.sender, waID: waID ?? row.waID ?? digits, userID: row.e164 == nil ? row.address : nil,
                        scope: .marketing, active: true, source: "131050", at: at)
                ], on: db)
        default: break
        }
    }

    /// A failure that a status has told.
    struct Failure {
        var event: EventLog.Status
        var error: GraphError
        var waID: String?
        var at: Date

        /// Nil when the status tells no failure, or no error with it.
        init?(_ update: StatusUpdate, event: EventLog.Entry, at: Date) {
            guard update.status == .failed, let error = update.errors.first else { return nil }
            (self.event, self.error, waID, self.at) = (EventLog.Status(event), error, update.recipientID, at)
        }
    }

    /// Only of what was not told before: what a failure has stopped may have been set going again since.
    /// - Parameters:
    ///   - new: what the history did not hold yet.
    ///   - rows: the messages, as they are now.
    func draw(_ failures: [Failure], new: Set<EventLog.Status>, rows: [UUID: MessageRow], on db: PostgresConnection) async throws {
        var new = new
        var unheardOf: [UnknownCodes.Sighting] = []
        for failure in failures {
            // Taken out: the same may stand twice in one batch.
            guard new.remove(failure.event) != nil, let row = rows[failure.event.message] else { continue }
            let error = failure.error
            let verdict = core.settings.rules.verdict(on: error, scope: .send)
            try await draw(
                verdict.action, code: error.code, text: "\(error)", wait: verdict.wait.map { $0 / .seconds(1) }, row: row,
                waID: failure.waID,
                at: failure.at, on: db)
            if !verdict.isKnown { unheardOf.append(.init(code: error.code, message: row.id, sender: row.sender, detail: "\(error)")) }
        }
        try await UnknownCodes.note(unheardOf, on: db)
    }

    private func stop(_ senders: [String], _ store: SenderStore, _ reason: String, on db: PostgresConnection) async throws {
        for id in senders {
            guard let sender = try await store.find(phoneNumberID: id, on: db), sender.state == .active else { continue }
            try await store.stop(id, reason: reason, by: "gateway", on: db)
            core.logger.warning("sender stopped", metadata: ["sender": "\(id)", "reason": "\(reason)"])
        }
    }
}
