public import Foundation
import Jobs
public import Postgres
public import Recipients

extension Gateway {
    /// Takes a message back that has not been begun. Returns whether it was taken back: one whose request is being made cannot be.
    @discardableResult
    public func cancel(_ id: UUID) async throws -> Bool {
        try await core.client.withTransaction { try await cancel(id, on: $0) }
    }

    @discardableResult
    public func cancel(_ id: UUID, on db: PostgresConnection) async throws -> Bool {
        guard var row = try await MessageStore.lock([id], on: db)[id], row.state == .queued || row.state == .held else { return false }
        if let job = row.jobID, row.state == .queued {
            // Claimed but without intent: admission will find it cancelled.
            _ = try await JobQueue.cancel([job], reason: "the message was cancelled", on: db)
        }
        (row.state, row.reasonCode, row.reason) = (.cancelled, "cancelled", "It was taken back before it was sent.")
        try await MessageStore.save([row], core: core, on: db)
        try await EventLog.write([.init(message: id, kind: "cancelled")], on: db)
        return true
    }

    /// A person says what became of a message whose answer was lost. Returns whether it still was unknown.
    /// - Parameters:
    ///   - sent: true: it was sent. False: it was not, and counts as failed; it is not sent again.
    ///   - note: how they know.
    @discardableResult
    public func settleByPerson(_ id: UUID, sent: Bool, by: String, note: String) async throws -> Bool {
        try await core.client.withTransaction { db in
            guard var row = try await MessageStore.lock([id], on: db)[id], row.state == .unknown else { return false }
            let now = try await JobQueue.now(on: db)
            let text = "\(by) decided that it was \(sent ? "" : "not ")sent: \(note)"
            if sent {
                (row.state, row.reasonCode, row.reason, row.needsPerson) = (.accepted, "settled_by_person", text, false)
                row.acceptedAt = row.acceptedAt ?? now
                // Nothing more may come: whoever waits can go on.
                try await MessageStore.announce(
                    id, run: row.notifyRun, state: .accepted, code: "settled_by_person", reason: text, on: db)
            } else {
                row.refuse(nil, text, reasonCode: MessageRow.settledByPerson, error: nil, httpStatus: nil, at: now)
            }
            try await MessageStore.save([row], core: core, on: db)
            try await EventLog.write([.init(message: id, kind: sent ? "settled.sent" : "settled.not_sent", detail: text)], on: db)
            return true
        }
    }

    /// Sends on what was held for recipients that are trusted again, and sends what failed with 137000 again, without a hash.
    /// - Parameter senders: `phone_number_id`s; nil for all.
    /// - Returns: the messages that go.
    @discardableResult
    public func releaseHeld(senders: [String]? = nil, on db: PostgresConnection) async throws -> [UUID] {
        try await Releases(core: core).trusted(senders: senders, on: db)
    }

    /// The same for what `IdentityLedger.verify` returned. What failed for anybody else stays failed.
    @discardableResult
    public func releaseHeld(_ verified: [IdentityLedger.Verified], on db: PostgresConnection) async throws -> [UUID] {
        guard !verified.isEmpty else { return [] }
        return try await Releases(core: core).trusted(
            senders: Array(Set(verified.map(\.phoneNumberID))), verified: verified, on: db)
    }

    /// Records that a person has verified a recipient and sends on what waits for them, in one transaction. Throws `RecipientError`.
    public func verify(
        _ address: String, senders: [String]? = nil, how: String, by: String
    ) async throws -> (verified: [IdentityLedger.Verified], released: [UUID]) {
        try await core.client.withTransaction { db in
            try await TrustGate.release(on: db)
            let verified = try await IdentityLedger.verify(
                address, senders: senders, how: how, by: by, at: try await JobQueue.now(on: db), on: db)
            return (verified, try await releaseHeld(verified, on: db))
        }
    }
}
