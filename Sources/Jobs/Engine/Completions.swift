import CrashPoints
import Foundation
import Logging
import Postgres
import Synchronization

/// Results waiting to be written down, in batches, one after the other: two at a time are smaller ones, and write 4 % fewer results a second.
/// While one takes long, because a row of it is locked, a second one may be written beside it.
final class Completions: Sendable {
    private struct State {
        var waiting: [Completion] = []
        /// Results taken out and not yet written.
        var flushing = 0
        /// When the newest batch was taken out, while it is being written.
        var newest: ContinuousClock.Instant?
        var closesAt: ContinuousClock.Instant?
        var isAbandoned = false
        var flushed: @Sendable () -> Void = {}
    }

    private let state = Mutex(State())
    private let bell = Bell()
    private let gate = Gate(2)
    /// Rings when a batch is written, or will never be.
    private let written = Bell()
    private static let long: Duration = .milliseconds(250)
    private let store: JobStore
    private let settings: EngineSettings
    private let logger: Logger
    /// Attempts being performed; one whose result has just been added may still be among them.
    private let performing: @Sendable () -> Int

    init(store: JobStore, settings: EngineSettings, logger: Logger, performing: @escaping @Sendable () -> Int) {
        self.store = store
        self.settings = settings
        self.logger = logger
        self.performing = performing
    }

    var count: Int { state.withLock { $0.waiting.count + $0.flushing } }

    /// Called after every batch.
    var flushed: @Sendable () -> Void {
        get { state.withLock { $0.flushed } }
        set { state.withLock { $0.flushed = newValue } }
    }

    func add(_ completion: Completion) {
        state.withLock { $0.waiting.append(completion) }
        bell.ring()
    }

    /// Nothing more will come; tries to write for so long.
    func close(within limit: Duration) {
        state.withLock { $0.closesAt = .now + limit }
        bell.ring()
    }

    func abandon() { state.withLock { $0.isAbandoned = true } }

    private var isOver: Bool { state.withLock { $0.isAbandoned || ($0.closesAt.map { $0 <= .now } ?? false) } }

    func run() async {
        while true {
            let (count, closes) = state.withLock { ($0.waiting.count, $0.closesAt != nil) }
            if count == 0 || isOver {
                if closes { break }
                _ = await bell.wait(atMost: .seconds(1))
                continue
            }
            // With fewer on their way than have come, hardly any would join: whoever waits for these results has them sooner.
            if count < settings.flushRows && !closes && performing() > count { try? await Task.sleep(for: settings.flushDelay) }
            while let newest = state.withLock({ $0.newest }), newest + Self.long > .now {
                _ = await written.wait(atMost: newest + Self.long - .now)
            }
            // Taken out only now, with all that came meanwhile.
            await gate.enter()
            let begun = ContinuousClock.now
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(settings.flushRows))
                state.waiting.removeFirst(batch.count)
                state.flushing += batch.count
                state.newest = begun
                return batch
            }
            Task.detached { [self] in
                await flush(batch.sorted { $0.attempt.id < $1.attempt.id })
                state.withLock { state in
                    state.flushing -= batch.count
                    if state.newest == begun { state.newest = nil }
                }
                await gate.leave()
                written.ring()
                flushed()
            }
        }
        await gate.empty()
    }

    /// Tries until it is written. A batch that cannot be is halved, so that one poisoned row does not hold up the rest; a single row that
    /// its owner
    /// cannot take over is ended without the owner, with its detail kept for a person.
    private func flush(_ batch: [Completion]) async {
        var tries = 0
        while !isOver {
            do {
                return try await write(batch, settles: true)
            } catch {
                tries += 1
                let lost = (error as? PostgresError)?.code == .connectionFailed
                if !isTransient(error) || (tries >= 5 && !lost) {
                    if batch.count > 1 {
                        await flush(Array(batch.prefix(batch.count / 2)))
                        return await flush(Array(batch.dropFirst(batch.count / 2)))
                    }
                    if tries >= 3, !isTransient(error) { return await giveUp(batch, error) }
                }
                if (error as? PostgresError)?.code == .shuttingDown { return }
                try? await Task.sleep(for: .milliseconds(min(500, 25 << min(tries, 5))))
            }
        }
        if !batch.isEmpty {
            logger.warning("results were not written; their attempts will be rescued", metadata: ["count": "\(batch.count)"])
        }
    }

    private func giveUp(_ batch: [Completion], _ error: any Error) async {
        for one in batch {
            logger.critical(
                "a result could not be taken over by its owner; it is kept in jobs.outcome.unsettled",
                metadata: ["kind": "\(one.kind.name)", "job": "\(one.attempt.jobID)", "error": "\(error)"])
        }
        do {
            try await write(batch, settles: false)
        } catch {
            logger.critical("a result was not written; its attempt will be rescued", metadata: ["error": "\(error)"])
        }
    }

    private func write(_ batch: [Completion], settles: Bool) async throws {
        let endings = batch.map { Ending($0, settings: settings) }
        let kept = try await store.client.withTransaction { db in
            let kept = try await store.finish(endings, unsettled: batch.map { settles ? nil : $0.detail?.bytes ?? Data() }, on: db)
            if settles { try await settle(batch, endings, only: Set(kept.keys), retries: kept, isLate: false, on: db) }
            if !kept.isEmpty { CrashPoint.finishBeforeCommit.passed() }
            return Set(kept.keys)
        }
        if !kept.isEmpty { CrashPoint.finishAfterCommit.passed() }
        guard kept.count < batch.count else { return }
        // Rescued before we came, or written by ourselves when the answer to our commit was lost: the first are recorded, the second are
        // not news.
        let lost = endings.filter { !kept.contains($0.id) }
        try await store.client.withTransaction { db in
            let late = try await store.recordLate(lost, on: db)
            guard !late.isEmpty else { return }
            logger.warning("results came after their lease was lost", metadata: ["count": "\(late.count)"])
            try await store.bump("fenced", by: late.count, on: db)
            let once = Set(batch.filter { $0.kind.delivery == .atMostOnce }.map(\.attempt.id))
            if settles { try await settle(batch, endings, only: late.intersection(once), retries: [:], isLate: true, on: db) }
        }
    }

    private func settle(
        _ batch: [Completion], _ endings: [Ending], only ids: Set<Int64>, retries: [Int64: Date?], isLate: Bool, on db: PostgresConnection
    ) async throws {
        let mine = zip(batch, endings).filter { ids.contains($0.1.id) }
        for (_, ofKind) in Dictionary(grouping: mine, by: { $0.0.kind.name }).sorted(by: { $0.key < $1.key }) {
            let settlements = ofKind.map { completion, ending in
                Settlement(
                    attempt: completion.attempt, result: ending.result, detail: completion.detail, isLate: isLate,
                    willRetryAt: retries[ending.id].flatMap { $0 })
            }
            try await ofKind.first?.0.kind.settle(settlements, on: db)
        }
    }

    private func isTransient(_ error: any Error) -> Bool { (error as? PostgresError)?.isTransient ?? (error is CancellationError) }
}
