import CloudAPI
import Foundation
import Jobs
import Postgres
import Recipients

/// Applies statuses to messages. Early, late, repeated and reordered ones end in the same state.
struct StatusApplier {
    struct Status {
        var phoneNumberID: String
        var update: StatusUpdate
    }

    let core: GatewayCore
    /// Statuses written by one statement. Meta's largest POST has twice as many, and POSTs are worked on together.
    static let largestBatch = 2_000

    func apply(_ statuses: [Status], receivedAt: Date, on db: PostgresConnection) async throws {
        if statuses.count > Self.largestBatch {
            // All of them before the first batch is written, in one order: two that each have a part would wait for each other.
            let ids = Set(try await owners(of: statuses, on: db).values)
            try await db.query("SELECT FROM gateway.message WHERE id = ANY (\(Array(ids))) ORDER BY id FOR UPDATE")
        }
        var start = 0
        while start < statuses.count {
            let end = min(start + Self.largestBatch, statuses.count)
            try await apply(batch: Array(statuses[start..<end]), receivedAt: receivedAt, on: db)
            start = end
        }
    }

    private func apply(batch: [Status], receivedAt: Date, on db: PostgresConnection) async throws {
        let owners = try await owners(of: batch, on: db)
        var rows = try await MessageStore.lock(Array(owners.values), on: db)
        var changed: Set<UUID> = []
        var events: [EventLog.Entry] = []
        var strays: [Status] = []
        var failures: [Consequences.Failure] = []
        var answers: [RecipientDirectory.Answer] = []
        for (place, status) in batch.enumerated() {
            guard let id = owners[place], var row = rows[id] else {
                strays.append(status)
                continue
            }
            let at = status.update.timestamp ?? receivedAt
            if row.waID == nil, let waID = status.update.recipientID, waID.isStorable, let number = row.e164 {
                row.waID = waID
                answers.append(
                    .init(phoneNumberID: row.sender, number: number, waID: waID, userID: status.update.recipientUserID, at: at))
                changed.insert(id)
            }
            if Self.advance(&row, by: status.update, at: at) { changed.insert(id) }
            let event = Self.event(id, status.update)
            events.append(event)
            if let failure = Consequences.Failure(status.update, event: event, at: at) { failures.append(failure) }
            rows[id] = row
        }
        let new = try await EventLog.write(events, on: db)
        try await MessageStore.save(changed.compactMap { rows[$0] }, core: core, on: db)
        try await RecipientDirectory.learn(answers, on: db)
        try await Consequences(core: core).draw(failures, new: new, rows: rows, on: db)
        try await Orphans(core: core).keep(strays, on: db)
    }

    /// The messages that statuses are of, by place: by the name that went along, else by wamid.
    func owners(of batch: [Status], on db: PostgresConnection) async throws -> [Int: UUID] {
        var owners: [Int: UUID] = [:]
        for (place, status) in batch.enumerated() { owners[place] = CallbackName.id(status.update.callbackData) }
        let nameless = batch.enumerated().filter { owners[$0.offset] == nil }.map(\.element.update.id)
        let wamids = Set(nameless.filter { $0.utf8.count <= 512 && !$0.utf8.contains(0) }).sorted()
        guard !wamids.isEmpty else { return owners }
        let found = try await db.query(
            """
            SELECT m.wamid, m.id FROM unnest(\(wamids)) AS n (wamid) JOIN gateway.wamid w ON w.hash = gateway.wamid_hash(n.wamid)
            JOIN gateway.message m ON m.id = w.message_id AND m.wamid = n.wamid
            """
        ).decode((String, UUID).self)
        let byWamid = Dictionary(found, uniquingKeysWith: { first, _ in first })
        for (place, status) in batch.enumerated() where owners[place] == nil { owners[place] = byWamid[status.update.id] }
        return owners
    }

    /// Applies one status to a locked message; returns whether anything changed.
    static func advance(_ row: inout MessageRow, by update: StatusUpdate, at: Date) -> Bool {
        guard update.id.isStorable, !update.id.contains(" ") else { return false }
        switch update.status {
        case .sent: return row.progress(.sent, wamid: update.id, at: at)
        case .delivered: return row.progress(.delivered, wamid: update.id, at: at)
        case .read, .played: return row.progress(.read, wamid: update.id, at: at)
        case .failed:
            let error = update.errors.first
            return row.fail(
                error?.code, error.map { "\($0)" } ?? "Meta reported a failure without saying why.", error: error?.raw?.encoded(),
                wamid: update.id, at: at)
        default: return false
        }
    }

    static func event(_ id: UUID, _ update: StatusUpdate) -> EventLog.Entry {
        EventLog.Entry(
            message: id, kind: "status.\(update.status.rawValue.storable(40))", wamid: update.id.storable(256),
            occurredAt: update.timestamp,
            code: update.errors.first?.code, detail: update.errors.first.map { "\($0)" }, data: update.raw.encoded())
    }
}
