import Foundation
import Logging
import Postgres
import Synchronization
import TestSupport

@testable import Jobs

let quiet = Logger(label: "jobs.test") { _ in SwiftLogNoOpLogHandler() }

/// A kind that does what the test says and remembers everything.
final class ScriptedKind: JobKind {
    struct Seen {
        var performed: [Int64: Int] = [:]
        var settlements: [Settlement] = []
    }

    let name: String
    let delivery: Delivery
    let leaseSeconds: Double
    let seen = Mutex(Seen())
    private let admission: @Sendable ([Attempt], PostgresConnection) async throws -> [Admission]
    private let effect: @Sendable (Attempt) async -> AttemptResult
    private let settling: @Sendable ([Settlement], PostgresConnection) async throws -> Void

    init(
        name: String = "test", delivery: Delivery = .atMostOnce, leaseSeconds: Double = 60,
        admit: @escaping @Sendable ([Attempt], PostgresConnection) async throws -> [Admission] = { attempts, _ in attempts.map { _ in .go }
        },
        settle: @escaping @Sendable ([Settlement], PostgresConnection) async throws -> Void = { _, _ in },
        perform: @escaping @Sendable (Attempt) async -> AttemptResult = { _ in .done(providerID: nil) }
    ) {
        self.name = name
        self.delivery = delivery
        self.leaseSeconds = leaseSeconds
        admission = admit
        settling = settle
        effect = perform
    }

    func admit(_ attempts: [Attempt], prepared: [PostgresRows], on db: PostgresConnection) async throws -> [Admission] {
        try await admission(attempts, db)
    }

    func perform(_ attempt: Attempt) async -> (AttemptResult, detail: (any AttemptDetail)?) {
        seen.withLock { $0.performed[attempt.jobID, default: 0] += 1 }
        return (await effect(attempt), Data("detail".utf8))
    }

    func settle(_ settlements: [Settlement], on db: PostgresConnection) async throws {
        try await settling(settlements, db)
        seen.withLock { $0.settlements += settlements }
    }

    var performed: [Int64: Int] { seen.withLock { $0.performed } }
    var settlements: [Settlement] { seen.withLock { $0.settlements } }
    /// Without attempts that go again: one that the engine puts off before it begins is settled too.
    var endings: [Settlement] { settlements.filter { if case .retry = $0.result { false } else { true } } }
    /// Jobs that are over.
    var ended: Set<Int64> { Set(endings.map(\.attempt.jobID)) }
}

/// Settings under which a test does not wait for anything.
func quickSettings() -> EngineSettings {
    var settings = EngineSettings()
    settings.heartbeat = .milliseconds(100)
    // Longer than a heartbeat is ever late on a machine that is busy with other tests: a worker that may be dead begins nothing, and what it
    // puts off is settled once more than the test expects.
    settings.staleAfter = .seconds(60)
    settings.retryBase = .milliseconds(20)
    settings.retryCap = .milliseconds(200)
    settings.idle = .milliseconds(50) ... .milliseconds(100)
    settings.drainLimit = .seconds(5)
    settings.listens = false
    return settings
}

/// The same for an engine that is to rescue, which waits that long until it does. It may put off what it claims, see above.
func rescuingSettings() -> EngineSettings {
    var settings = quickSettings()
    settings.staleAfter = .seconds(3)
    return settings
}

func withEngine(
    _ client: PostgresClient, _ kinds: [any JobKind] = [], workflows: [any Workflow] = [], settings: EngineSettings = quickSettings(),
    _ body: (JobEngine) async throws -> Void
) async throws {
    let engine = JobEngine(client: client, kinds: kinds, workflows: workflows, settings: settings, logger: quiet)
    let running = Task { try await engine.run() }
    do {
        try await body(engine)
    } catch {
        engine.core.stop(.now)
        try await running.value
        throw error
    }
    engine.core.stop(.drain)
    try await running.value
}

let wide = LaneLimits(perSecond: nil, burst: 1, maxRunning: 1000)

extension PostgresClient {
    func lane(_ key: String = "lane", _ limits: LaneLimits = wide) async throws -> Int64 {
        try await Lanes.ensure(key, limits: limits, on: self)
    }

    @discardableResult
    func enqueue(_ count: Int, lane: Int64, kind: String = "test", maxAttempts: Int = 10) async throws -> [Int64] {
        try await JobQueue.enqueue(
            (0..<count).map { NewJob(lane: lane, kind: kind, payload: Data("\($0)".utf8), maxAttempts: maxAttempts) }, on: self
        ).compactMap { $0 }
    }

    func count(_ table: String) async throws -> Int {
        try await query("SELECT count(*) FROM jobs.\(unescaped: table)").decodeFirst(Int.self) ?? -1
    }

    /// The results of a job's attempts, in order.
    func outcomes(_ job: Int64) async throws -> String {
        try await query(
            "SELECT coalesce(string_agg(result::text, '' ORDER BY attempt_id, late), '') FROM jobs.outcome WHERE job_id = \(job)"
        )
        .decodeFirst(String.self) ?? ""
    }

    func worker() async throws -> Int64 { try await JobStore(client: self).beat(nil, name: "test", on: self) }

    func claim(_ worker: Int64, most: Int = 100) async throws -> [Attempt] {
        let store = JobStore(client: self)
        try await store.turn()
        return try await store.claim(worker: worker, lanes: 10, most: most, perLane: 100, lease: 60)
    }

    func finish(_ attempts: [Attempt], _ result: AttemptResult = .done(providerID: nil)) async throws {
        let endings = attempts.map {
            Ending(Completion(attempt: $0, kind: ScriptedKind(), result: result, detail: nil), settings: EngineSettings())
        }
        _ = try await withTransaction { db in
            try await JobStore(client: self).finish(endings, unsettled: attempts.map { _ in nil }, on: db)
        }
    }

    func intend(_ worker: Int64, _ attempts: [Attempt], _ delivery: Delivery = .atMostOnce, lease: Double = 60) async throws -> Set<Int64> {
        try await withTransaction { db in
            try await JobStore(client: self).intend(worker: worker, ids: attempts.map(\.id), delivery: delivery, lease: lease, on: db).held
        }
    }
}

extension JobStore {
    /// A claim of a test that does not care when.
    func claim(worker: Int64, lanes: Int, most: Int, perLane: Int, lease: Double) async throws -> [Attempt] {
        var slots = SlotReader(windows: LaneWindows())
        return try await claim(Claim(worker: worker, lanes: lanes, most: most, perLane: perLane, lease: lease), slots: &slots).attempts
    }
}
