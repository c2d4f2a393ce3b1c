import Foundation
import Jobs
import Logging
import Postgres
public import ServiceLifecycle

/// Expires messages, lists those a person must look at, lets templates go on, and deletes what is no longer needed or old enough.
public struct GatewayHousekeeper: Service {
    let core: GatewayCore
    private static let batch = 500
    /// What throughput in shadow has taken, counted in a round at most: rows at a time, and how often.
    private static let (throughputBatch, throughputLooks): (Int32, Int) = (5000, 8)

    /// What one round did.
    public struct Round: Sendable, Equatable {
        public var expired = 0
        public var needPerson = 0
        public var templatesReleased = 0
        /// Messages for which a quota had room.
        public var quotasReleased = 0
    }

    /// Rounds until the process shuts down. One that fails is logged and tried again.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            // It passes over what is old and still open, so rarely when there is nothing to delete.
            var forgets = ContinuousClock.now
            var pairs = RestingPairs()
            while !Task.isCancelled {
                do {
                    _ = try await round()
                    try await pairs.drop(core.client)
                    if forgets <= .now { forgets = .now + (try await forget() > 0 ? .zero : .seconds(60)) }
                } catch is CancellationError {
                    return
                } catch {
                    core.logger.warning("gateway housekeeping failed; it is tried again", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: .seconds(2))
            }
        }
    }

    /// One round; several processes do not get into each other's way.
    @discardableResult
    public func round() async throws -> Round {
        var round = Round()
        round.expired = try await expire()
        round.needPerson = try await core.client.query(
            """
            UPDATE gateway.message SET needs_person = true, updated_at = jobs.now() WHERE id IN (
                SELECT id FROM gateway.message
                WHERE unknown_since <= jobs.now() - make_interval(secs => \(core.settings.unknownDeadline / .seconds(1)))
                ORDER BY unknown_since LIMIT \(Self.batch) FOR UPDATE SKIP LOCKED)
            """
        ).affectedRows
        try await abandon()
        let due = try await core.client.query(
            "SELECT waba_id, name, language FROM gateway.template_hold WHERE until <= jobs.now() ORDER BY until LIMIT 100"
        ).decode((String, String, String).self)
        for (waba, name, language) in due {
            try await core.client.withTransaction {
                try await Releases(core: core).template(waba: waba, name: name, language: language, on: $0)
            }
            round.templatesReleased += 1
        }
        round.quotasReleased = try await QuotaReleases(core: core).round()
        try await core.client.query("SELECT gateway.tidy(5000)")
        for _ in 0..<Self.throughputLooks {
            let count = try await core.client.query("SELECT gateway.fold_throughput(\(Self.throughputBatch))").decodeFirst(Int32.self)
            if count ?? 0 < Self.throughputBatch { break }
        }
        try await core.client.query("SELECT gateway.sum_hits(5000)")
        return round
    }

    /// Deletes messages that are old enough, a few thousand at most; returns how many.
    @discardableResult
    public func forget() async throws -> Int {
        try await core.client.query("SELECT gateway.forget(\(core.settings.retentionDays)::int, \(Self.batch * 4)::int)").decodeFirst(
            Int.self) ?? 0
    }

    /// Messages whose attempt has ended without its result having been taken over: the engine keeps what came in `jobs.outcome`, and nobody
    /// would look at the message again. Whether it was sent is not known.
    private func abandon() async throws {
        let found = try await core.client.query("SELECT job_id, payload FROM jobs.unsettled(\(SendJob.kind), \(Self.batch)::int)")
            .decode((Int64, Data).self)
        let lost = found.compactMap { job, payload in SendJob.message(payload).map { (id: $0, job: job) } }
        guard !lost.isEmpty else { return }
        try await core.client.withTransaction { db in
            let ids = try await db.query(
                """
                UPDATE gateway.message SET state = 'unknown', unknown_at = jobs.now(), reason_code = 'unknown', reason = \(Self.abandoned),
                    updated_at = jobs.now()
                WHERE id IN (
                    SELECT m.id FROM unnest(\(lost.map(\.id)), \(lost.map(\.job))) AS n (id, job) JOIN gateway.message m ON m.id = n.id
                    WHERE m.state = 'sending' AND m.job_id = n.job ORDER BY m.id FOR UPDATE OF m SKIP LOCKED)
                RETURNING id
                """
            ).decode(UUID.self)
            guard !ids.isEmpty else { return }
            core.logger.critical("results of messages were lost", metadata: ["count": "\(ids.count)"])
            try await EventLog.write(ids.map { .init(message: $0, kind: "unknown", detail: Self.abandoned) }, on: db)
            core.waiters.signal(ids)
        }
    }

    private static let abandoned = "The result of its attempt could not be taken over."

    private func expire() async throws -> Int {
        try await core.client.withTransaction { db in
            let rows = try await db.query(
                """
                UPDATE gateway.message SET state = 'expired', reason_code = 'expired', reason = \(Expiry.reason), updated_at = jobs.now()
                WHERE id IN (
                    SELECT id FROM gateway.message WHERE expiring_at <= (SELECT jobs.now())
                    ORDER BY expiring_at LIMIT \(Self.batch) FOR UPDATE SKIP LOCKED)
                RETURNING id, job_id, notify_run
                """
            ).decode((UUID, Int64?, String?).self)
            _ = try await JobQueue.cancel(rows.compactMap(\.1), reason: "expired", on: db)
            try await EventLog.write(rows.map { .init(message: $0.0, kind: "expired") }, on: db)
            for (id, _, run) in rows {
                try await MessageStore.announce(id, run: run, state: .expired, code: "expired", reason: Expiry.reason, on: db)
            }
            core.waiters.signal(rows.map(\.0))
            return rows.count
        }
    }
}
