import CrashPoints
import Foundation
import Logging
import Postgres

extension EngineCore {
    /// The heartbeat, on a connection of its own: nothing else may make a living worker look dead.
    func beat() async {
        while !Task.isCancelled {
            do {
                try await PostgresClient.withDirectConnection(store.client.configuration, logger: logger) { db in
                    var hasReported = false
                    while !Task.isCancelled {
                        let known = state.worker
                        let moved = try await watchTimeline(on: db)
                        let sentAt = ContinuousClock.now
                        let worker = try await store.beat(known, name: settings.name, on: db)
                        vitality.beat(sentAt: sentAt)
                        if moved && !hasReported { try await reportIntents(worker: worker, on: db) }
                        hasReported = moved
                        if let known, known != worker { logger.warning("this worker had been taken for dead") }
                        if state.heard(worker) { logger.notice("PostgreSQL is back") }
                        if known == nil { bell.ring() }
                        try await Task.sleep(for: settings.heartbeat)
                    }
                }
            } catch {
                guard !Task.isCancelled else { return }
                if state.missed() { logger.error("PostgreSQL is away; work goes on when it is back", metadata: ["error": "\(error)"]) }
                try? await Task.sleep(for: .milliseconds(Int.random(in: 250...750)))
            }
        }
    }

    /// Deadlines, rescue, chores. All of it is safe when several engines do it at once.
    func keepUp() async {
        let tick = min(.seconds(1), settings.staleAfter / 4)
        var chores = ContinuousClock.now
        var partitions = ContinuousClock.now
        var rescues = ContinuousClock.now
        while !Task.isCancelled {
            if await closing.wait(atMost: tick * Double.random(in: 0.75...1.25)) { return }
            state.cancel(past: .now)
            do {
                if state.isTimelineMoved {
                    try await settleTimeline()
                    // What is claimed belongs to the history that is gone.
                    continue
                }
                if rescues <= .now, state.isSteady(for: settings.staleAfter) {
                    let begun = ContinuousClock.now
                    let isWhole = try await rescue()
                    // It looks at all attempts, and at the dead ones that a held snapshot keeps: a sixtieth of the time, or every ten seconds.
                    // There may be more than it looked for: at once.
                    rescues = isWhole ? .now + min(.seconds(10), (.now - begun) * 60) : .now
                }
                if chores <= .now, state.isSteady(for: .zero) {
                    try await store.tidy()
                    try await settleTimeline()
                    chores = .now + .seconds(Double.random(in: 25...35))
                }
                if partitions <= .now, state.isSteady(for: .zero) {
                    partitions = .now + .seconds(Double.random(in: 3000...4000))
                    try await store.partitions(retentionDays: settings.retentionDays)
                }
            } catch {
                if !isAway(error) { logger.error("upkeep failed", metadata: ["error": "\(error)"]) }
            }
        }
    }

    /// Returns whether these were all.
    private func rescue() async throws -> Bool {
        let most = 200
        let ids = try await store.rescuable(stale: settings.staleAfter / .seconds(1), kinds: Array(kinds.keys), most: most)
        guard !ids.isEmpty else { return true }
        try await rescue(ids, settles: true)
        bell.ring()
        return ids.count < most
    }

    /// Ends what dead workers left, told to its owners in the same transaction.
    func rescue(_ ids: [Int64], settles: Bool) async throws {
        do {
            let isDone = try await store.client.withTransaction { db in
                let rescued = try await store.rescue(
                    ids, stale: settings.staleAfter / .seconds(1), base: settings.retryBase / .seconds(1),
                    cap: settings.retryCap / .seconds(1),
                    on: db)
                guard !rescued.isEmpty else { return false }
                logger.warning("attempts of lost workers were rescued", metadata: ["count": "\(rescued.count)"])
                try await store.bump("rescued", by: rescued.count, on: db)
                if settles {
                    try await settle(rescued, on: db)
                } else {
                    try await db.query("UPDATE jobs.outcome SET unsettled = ''::bytea WHERE attempt_id = ANY(\(rescued.map(\.attempt.id)))")
                }
                CrashPoint.rescueBeforeCommit.passed()
                return true
            }
            if isDone { CrashPoint.rescueAfterCommit.passed() }
        } catch  where !isAway(error) && settles {
            if ids.count > 1 {
                try await rescue(Array(ids.prefix(ids.count / 2)), settles: true)
                return try await rescue(Array(ids.dropFirst(ids.count / 2)), settles: true)
            }
            logger.critical("a rescue could not be taken over by its owner", metadata: ["attempts": "\(ids)", "error": "\(error)"])
            try await rescue(ids, settles: false)
        }
    }

    func settle(_ rescued: [JobStore.Rescued], on db: PostgresConnection) async throws {
        for (name, ofKind) in Dictionary(grouping: rescued, by: \.attempt.kind).sorted(by: { $0.key < $1.key }) {
            let settlements = ofKind.sorted { $0.attempt.id < $1.attempt.id }.compactMap { one -> Settlement? in
                let result: AttemptResult
                let reason = "the worker was lost"
                switch one.verdict {
                case "U": result = .unknown(reason: reason)
                case "X": result = .dead(reason: "\(reason), \(one.attempt.number) times")
                case "R": result = .retry(after: nil, reason: reason, costsAttempt: true, lanePenalty: nil)
                // Never begun: its owner has nothing to know.
                default: return nil
                }
                return Settlement(attempt: one.attempt, result: result, detail: nil, isLate: false, willRetryAt: one.retryAt)
            }
            if !settlements.isEmpty { try await kinds[name]?.settle(settlements, on: db) }
        }
    }
}
