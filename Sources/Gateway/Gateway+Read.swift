public import Foundation
import Postgres

extension Gateway {
    public func message(_ id: UUID) async throws -> MessageRecord? { try await MessageReader.record(id, on: core.client) }

    /// Messages, newest first.
    public func messages(_ filter: MessageFilter) async throws -> MessagePage { try await MessageReader.page(filter, on: core.client) }

    /// Everything that happened to a message, oldest first; at most its first 1,000 events.
    public func history(of id: UUID) async throws -> [MessageEvent] {
        guard let record = try await message(id) else { return [] }
        let handedIn = MessageEvent(
            kind: "submitted", at: record.createdAt, occurredAt: nil, wamid: nil, code: nil,
            detail: record.rule.map { "\(record.to) was read as \(record.e164 ?? "") (\($0))" } ?? record.to, data: nil)
        return [handedIn] + (try await EventLog.read(id, on: core.client))
    }

    /// Waits until Meta has answered, or it is known that there will be no answer; at the end of the time gives the message as it is.
    /// - Parameter isNew: it has just been queued, so that a first look would find nothing and only be in its way.
    public func wait(for id: UUID, atMost limit: Duration, isNew: Bool = false) async throws -> MessageRecord {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: min(limit, .seconds(3600)))
        var pause = isNew ? .milliseconds(20) : core.settings.waitPoll
        var looks = !isNew
        while true {
            // Listening begins before the look, so that no news falls between; a stream serves one wait. Of a new message it may have come
            // already: it is looked at soon.
            let (ticket, news) = core.waiters.start(id)
            defer { core.waiters.stop(id, ticket: ticket) }
            let left = clock.now.duration(to: end)
            if looks {
                guard let isAnswered = try await MessageReader.isAnswered(id, on: core.client) else {
                    throw GatewayRefusal.invalid("there is no message \(id.uuidString.lowercased())")
                }
                if isAnswered || left <= .zero { break }
            }
            looks = true
            let step = min(pause, left)
            // After a signal the transaction it came from commits within moments.
            pause = await Self.hasNews(news, within: step) ? .milliseconds(4) : min(pause * 2, core.settings.waitPoll)
        }
        guard let record = try await message(id) else {
            throw GatewayRefusal.invalid("there is no message \(id.uuidString.lowercased())")
        }
        return record
    }

    private static func hasNews(_ news: AsyncStream<Void>, within time: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in news { return true }
                return false
            }
            group.addTask {
                try? await Task.sleep(for: time)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }

    // MARK: - Count

    /// Messages of one tag by what became of them.
    public func counts(tag: String) async throws -> TagCounts {
        try TagCounts(
            try await core.client.query(
                "SELECT state, error_code, count(*) FROM gateway.message WHERE tag = \(tag) GROUP BY state, error_code"))
    }

    /// Messages of all tags that begin so.
    public func counts(tagPrefix: String) async throws -> TagCounts {
        try TagCounts(
            try await core.client.query(
                """
                SELECT state, error_code, count(*) FROM gateway.message
                WHERE tag ~>=~ \(tagPrefix) AND tag ~<~ \(TagPrefix.end(tagPrefix)) GROUP BY state, error_code
                """))
    }

    /// Statuses of messages that another system sent from a number, all days.
    public func strayStatuses(phoneNumberID: String) async throws -> Int {
        try await core.client.query(
            "SELECT coalesce(sum(statuses), 0)::bigint FROM gateway.stray WHERE phone_number_id = \(phoneNumberID)"
        ).decodeFirst(Int.self) ?? 0
    }

    /// Until when free-form messages to a recipient may go (business time); nil when they have not written in the last 24 hours.
    /// - Parameter address: a `wa_id` (or E.164), or a user id.
    public func serviceWindow(sender: String, address: String) async throws -> Date? {
        let address = address.first == "+" ? String(address.dropFirst()) : address
        return try await core.client.query(
            """
            SELECT last_inbound_at + interval '24 hours' FROM gateway.service_window
            WHERE sender = \(sender) AND address = \(address) AND last_inbound_at > jobs.now() - interval '24 hours'
            """
        ).decodeFirst(Date.self)
    }
}

extension TagCounts {
    init(_ rows: PostgresRows) throws {
        self.init()
        for (state, code, count) in try rows.decode((String, Int?, Int).self) {
            submitted += count
            switch MessageState(rawValue: state) {
            case .queued?, .sending?: queued += count
            case .held?: held += count
            case .accepted?, .sent?: accepted += count
            case .delivered?: delivered += count
            case .read?: read += count
            case .failed?:
                failed += count
                failedCodes[code ?? 0, default: 0] += count
            case .expired?: expired += count
            case .cancelled?: cancelled += count
            case .unknown?, nil: unknown += count
            }
        }
    }
}
