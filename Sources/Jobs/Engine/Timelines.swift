import Logging
import Postgres

/// What an engine does after a failover that may have taken commits back; sql/0013_jobs_timeline.sql says what and why.
extension EngineCore {
    /// How long the living workers have to report, in seconds.
    private var grace: Double { settings.staleAfter * 3 / .seconds(1) }

    /// Asked before each heartbeat. True when the work stands still until the timeline is accepted.
    func watchTimeline(on db: PostgresConnection) async throws -> Bool {
        let moved = try await db.query("SELECT jobs.watch_timeline()").decodeFirst(Bool.self) ?? false
        if moved != state.timelineMoved(moved) {
            if moved {
                logger.error(
                    "PostgreSQL has failed over, or a backup was restored, and the last commits may be gone: nothing is sent until it is known what may have been sent"
                )
            } else {
                logger.notice("work goes on after the failover")
                bell.ring()
            }
        }
        return moved
    }

    /// Tells which attempts this process may have performed.
    func reportIntents(worker: Int64, on db: PostgresConnection) async throws {
        let pieces = recent.pieces(of: 5000)
        for (place, piece) in pieces.enumerated() {
            try await db.query(
                "SELECT jobs.report_sent(\(worker), \(piece.attempts), \(piece.jobs), \(piece.n), \(place == pieces.count - 1))")
        }
    }

    /// Accepts a new timeline as soon as it may be, and tells the owners of suspects; every engine may do it at once.
    func settleTimeline() async throws {
        let kinds = kinds.values.filter { $0.delivery == .atMostOnce }.map(\.name).sorted()
        if state.isTimelineMoved {
            // Heartbeats may be late on a machine in trouble: who has beaten in this time is waited for.
            let stale = settings.staleAfter * 6 / .seconds(1)
            let suspects = try await store.client.query("SELECT jobs.accept_timeline(\(kinds), \(stale), \(grace))")
                .decodeFirst(Int?.self).flatMap { $0 }
            if let suspects, suspects > 0 {
                logger.critical(
                    "jobs may have been performed before the failover; they end as unknown and are not repeated",
                    metadata: ["count": "\(suspects)"])
            }
        }
        while try await takeSuspects(kinds) > 0 {}
    }

    private func takeSuspects(_ kinds: [String]) async throws -> Int {
        do {
            return try await takeSuspects(kinds, most: 200)
        } catch  where !isAway(error) {
            // One that its owner cannot take over must not hold up the others; it stays, and is told of every time.
            return try await takeSuspects(kinds, most: 1)
        }
    }

    private func takeSuspects(_ kinds: [String], most: Int) async throws -> Int {
        try await store.client.withTransaction { db in
            let taken = try await store.takeSuspects(kinds, most: most, on: db)
            try await settle(taken, on: db)
            return taken.count
        }
    }
}
