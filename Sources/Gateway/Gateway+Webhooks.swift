public import CloudAPI
public import Foundation
import Jobs
public import Postgres

extension Gateway {
    /// Seconds for which an inbound message counts as of now.
    private static let debited = 60.0

    /// Applies statuses of a webhook, in the caller's transaction.
    /// - Parameter receivedAt: business time, for statuses without a time of their own.
    public func apply(
        statuses: [(phoneNumberID: String, update: StatusUpdate)], receivedAt: Date, on db: PostgresConnection
    ) async throws {
        try await StatusApplier(core: core).apply(
            statuses.map { .init(phoneNumberID: $0.phoneNumberID, update: $0.update) }, receivedAt: receivedAt, on: db)
    }

    /// The messages that statuses are of, by place, with what their callers had given to come back. One that names a message of another
    /// number is of none: anybody can give such a name to a message of their own.
    public func origins(
        of statuses: [(phoneNumberID: String, update: StatusUpdate)], on db: PostgresConnection
    ) async throws -> [Int: (message: UUID, clientData: String?)] {
        let batch = statuses.map { StatusApplier.Status(phoneNumberID: $0.phoneNumberID, update: $0.update) }
        let owners = try await StatusApplier(core: core).owners(of: batch, on: db)
        let found = try await db.query(
            """
            SELECT m.id, m.client_data, m.sender, s.moved_to FROM gateway.message m
            LEFT JOIN gateway.sender s ON s.phone_number_id = m.sender WHERE m.id = ANY (\(Array(Set(owners.values))))
            """
        ).decode((UUID, String?, String, String?).self)
        let messages = Dictionary(found.map { ($0.0, $0) }, uniquingKeysWith: { first, _ in first })
        return owners.compactMapValues { messages[$0] }.filter { place, row in
            let number = statuses[place].phoneNumberID
            return row.2 == number || row.3 == number
        }.mapValues { (message: $0.0, clientData: $0.1) }
    }

    /// Notes inbound messages: they spend the number's throughput and open the recipient's service window.
    public func inbound(phoneNumberID: String, messages: [InboundMessage], on db: PostgresConnection) async throws {
        guard !messages.isEmpty, let sender = try await senders.find(phoneNumberID: phoneNumberID, on: db) else { return }
        var newest: [String: Date] = [:]
        let now = try await JobQueue.now(on: db)
        // What came late, or again, has spent the throughput of back then.
        let fresh = messages.count { $0.timestamp.map { $0 > now.addingTimeInterval(-Self.debited) } ?? true }
        if fresh > 0 {
            try await Lanes.debit(sender.laneKey, tokens: fresh, on: db)
            if sender.isInShadow { try await ThroughputShadow.note([(sender, fresh)], isInbound: true, core.settings, on: db) }
        }
        for message in messages where message.type != "system" {
            let at = min(message.timestamp ?? now, now)
            for address in [message.from, message.fromUserID].compactMap({ $0 }) where address.isStorable {
                newest[address] = max(newest[address] ?? at, at)
            }
        }
        let sorted = newest.sorted { $0.key < $1.key }
        guard !sorted.isEmpty else { return }
        try await db.query(
            """
            INSERT INTO gateway.service_window AS w (sender, address, last_inbound_at)
            SELECT \(phoneNumberID), n.address, n.at FROM unnest(\(sorted.map(\.key)), \(sorted.map(\.value))) AS n (address, at)
            ON CONFLICT (sender, address) DO UPDATE SET last_inbound_at = greatest(w.last_inbound_at, EXCLUDED.last_inbound_at)
            """)
        try await QuotaReleases(core: core).windowOpened(sender: phoneNumberID, addresses: sorted.map(\.key), on: db)
    }

    /// Lets messages with a template go again, because Meta takes it again. What was said before the template was held is old and lifts nothing.
    /// - Parameter saidAt: business time.
    public func releaseTemplate(waba: String, name: String, language: String, saidAt: Date, on db: PostgresConnection) async throws {
        try await Releases(core: core).template(waba: waba, name: name, language: language, saidAt: saidAt, on: db)
    }
}
