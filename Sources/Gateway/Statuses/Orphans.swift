import CloudAPI
import Foundation
import Postgres

/// Statuses that name no message. Some are early: the answer with their wamid is not stored yet. The others are of another system.
struct Orphans {
    let core: GatewayCore

    /// Keeps statuses of our senders for a day and counts them.
    func keep(_ statuses: [StatusApplier.Status], on db: PostgresConnection) async throws {
        let statuses = statuses.filter { $0.phoneNumberID.isStorable && $0.update.id.isStorable }
        guard !statuses.isEmpty else { return }
        let known = try await SenderRow.byID(statuses.map(\.phoneNumberID), on: db)
        // What carries our name but no message of ours is of another installation.
        let early = statuses.filter { known[$0.phoneNumberID] != nil && $0.update.callbackData == nil }
        if !early.isEmpty {
            try await db.query(
                """
                INSERT INTO gateway.orphan (wamid, phone_number_id, status)
                SELECT * FROM unnest(\(early.map(\.update.id)), \(early.map(\.phoneNumberID)), \(early.map { $0.update.raw.encoded() }))
                """)
        }
        let counts = Dictionary(grouping: statuses, by: \.phoneNumberID).mapValues(\.count).sorted { $0.key < $1.key }
        try await db.query(
            """
            INSERT INTO gateway.stray AS s (phone_number_id, day, statuses)
            SELECT n.id, (jobs.now() AT TIME ZONE 'UTC')::date, n.count
            FROM unnest(\(counts.map(\.key)), \(counts.map(\.value))) AS n (id, count)
            ON CONFLICT (phone_number_id, day) DO UPDATE SET statuses = s.statuses + EXCLUDED.statuses
            """)
    }

    /// Applies what came before its answer, now that the wamids are known.
    func adopt(_ rows: inout [UUID: MessageRow], on db: PostgresConnection) async throws {
        let owners = Dictionary(rows.values.compactMap { row in row.wamid.map { ($0, row.id) } }, uniquingKeysWith: { first, _ in first })
        guard !owners.isEmpty else { return }
        let found = try await db.query(
            "DELETE FROM gateway.orphan WHERE wamid = ANY (\(owners.keys.sorted())) RETURNING wamid, status, received_at"
        ).decode((String, Data, Date).self)
        var events: [EventLog.Entry] = []
        var failures: [Consequences.Failure] = []
        for (wamid, data, received) in found {
            guard let id = owners[wamid], var row = rows[id], let json = try? JSONValue(parsing: data), let update = StatusUpdate(json)
            else {
                continue
            }
            let at = update.timestamp ?? received
            _ = StatusApplier.advance(&row, by: update, at: at)
            rows[id] = row
            let event = StatusApplier.event(id, update)
            events.append(event)
            if let failure = Consequences.Failure(update, event: event, at: at) { failures.append(failure) }
        }
        let new = try await EventLog.write(events, on: db)
        try await Consequences(core: core).draw(failures, new: new, rows: rows, on: db)
    }
}
