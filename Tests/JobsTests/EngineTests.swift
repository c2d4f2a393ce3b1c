import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Jobs

@Suite struct EngineTests {
    @Test func aThousandJobsOnTenLanesAreDoneOnceEach() async throws {
        try await TestDatabase.with { client in
            var jobs: [Int64] = []
            for number in 0..<10 {
                let lane = try await client.lane("lane \(number)", LaneLimits(perSecond: 2000, burst: 100, maxRunning: 20))
                jobs += try await client.enqueue(100, lane: lane)
            }
            let kind = ScriptedKind()
            try await withEngine(client, [kind]) { _ in
                try await withEngine(client, [kind]) { _ in
                    try await eventually("all done") { kind.ended.count == 1000 }
                }
            }
            #expect(kind.performed == Dictionary(uniqueKeysWithValues: jobs.map { ($0, 1) }))
            #expect(try await client.count("outcome WHERE result = 'S'") == 1000)
            #expect(try await client.count("ready") + client.count("later") + client.count("attempt") == 0)
            #expect(try await JobMetrics.read(on: client).stranded == 0)
            // Both left in good order.
            #expect(try await client.count("worker") == 0)
        }
    }

    /// However an attempt ends, its lane's window no longer counts it as under way; and what had an effect is counted.
    @Test func aLaneWithARateCountsWhatGoesAndForgetsWhatHasEnded() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane("number", LaneLimits(perSecond: 500, burst: 50, maxRunning: 50))
            let jobs = try await client.enqueue(200, lane: lane)
            let kind = ScriptedKind(perform: { attempt in
                guard let tookEffect = attempt.tookEffect else { return .dead(reason: "its lane counts nothing") }
                if attempt.jobID % 2 == 0 { tookEffect() }
                return switch attempt.jobID % 5 {
                case 0 where attempt.number == 1: .retry(after: .zero, reason: "refused", costsAttempt: true, lanePenalty: nil)
                case 1: .unknown(reason: "no answer")
                default: .done(providerID: nil)
                }
            })
            try await withEngine(client, [kind]) { engine in
                try await eventually("all ended") { kind.ended == Set(jobs) }
                #expect(engine.core.windows.count == 1 && engine.core.windows.underWay == 0)
                // Alone in a lane at rest it counts as well.
                let last = try await client.enqueue(1, lane: lane)
                try await eventually("the last has ended") { kind.ended.isSuperset(of: last) }
                #expect(engine.core.windows.underWay == 0)
            }
            #expect(!kind.settlements.contains { if case .dead = $0.result { true } else { false } })
        }
    }

    @Test func terminatedBackendsLoseAndDoubleNothing() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let jobs = try await client.enqueue(600, lane: lane)
            let kind = ScriptedKind(perform: { _ in
                try? await Task.sleep(for: .milliseconds(2))
                return .done(providerID: "ok")
            })
            var settings = quickSettings()
            settings.maxInFlight = 32
            try await withEngine(client, [kind], settings: settings) { _ in
                for _ in 0..<12 {
                    let before = kind.performed.count
                    try await eventually("it goes on") { kind.performed.count > before + 10 || kind.performed.count == 600 }
                    try await client.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE datname = current_database() AND application_name = 'relevo jobs'
                        """
                    )
                }
                try await eventually("all ended") { try await client.count("outcome WHERE result = 'S'") == 600 }
            }
            #expect(kind.performed == Dictionary(uniqueKeysWithValues: jobs.map { ($0, 1) }))
            #expect(Set(kind.settlements.map(\.attempt.jobID)) == Set(jobs))
            #expect(try await JobMetrics.read(on: client).unknown == 0)
        }
    }

    @Test func aCrashedEngineIsFollowedByAnother() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let job = try await client.enqueue(1, lane: lane, kind: "step")[0]
            let hanging = ScriptedKind(
                name: "step", delivery: .atLeastOnce,
                perform: { _ in
                    try? await Task.sleep(for: .seconds(60))
                    return .done(providerID: nil)
                })
            let first = JobEngine(client: client, kinds: [hanging], workflows: [], settings: quickSettings(), logger: quiet)
            let running = Task { try await first.run() }
            try await eventually("begun") { hanging.performed[job] == 1 }
            first.core.stop(.crash)
            try await running.value
            try await client.query("UPDATE jobs.worker SET beat_at = beat_at - make_interval(hours => 1)")
            let kind = ScriptedKind(name: "step", delivery: .atLeastOnce)
            try await withEngine(client, [kind], settings: rescuingSettings()) { _ in
                try await eventually("repeated") { kind.ended == [job] }
            }
            #expect(kind.performed == [job: 1])
            let outcomes = try await client.outcomes(job)
            #expect(outcomes.hasPrefix("R") && outcomes.filter { $0 != "R" } == "S")
            #expect(kind.settlements.first?.attempt.number == 1 && kind.endings.map(\.attempt.number) == [2])
        }
    }

    /// It does not wait for others when there are none.
    @Test func aLoneResultIsWrittenAtOnce() async throws {
        try await TestDatabase.with { client in
            var settings = quickSettings()
            settings.flushDelay = .seconds(3600)
            try await withEngine(client, [ScriptedKind()], settings: settings) { _ in
                let job = try await client.enqueue(1, lane: client.lane())[0]
                try await eventually("it is written") { try await client.outcomes(job) == "S" }
            }
        }
    }

    /// Lost with its partition, by whatever mistake: it must not stop the claims of the others for ever.
    @Test func aJobWithoutItsEnvelopeIsGivenUpAlone() async throws {
        try await TestDatabase.with { client in
            let jobs = try await client.enqueue(3, lane: client.lane())
            try await client.query("DELETE FROM jobs.job WHERE id = \(jobs[0])")
            let kind = ScriptedKind()
            try await withEngine(client, [kind]) { _ in
                try await eventually("the others are done") { kind.ended == Set(jobs.dropFirst()) }
            }
            #expect(try await client.outcomes(jobs[0]) == "X")
            #expect(try await client.query("SELECT FROM jobs.ready").isEmpty)
        }
    }

    @Test func aGracefulStopFinishesWhatItPerforms() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane("one", LaneLimits(perSecond: nil, burst: 1, maxRunning: 1))
            let jobs = try await client.enqueue(2, lane: lane)
            let release = Bell()
            let kind = ScriptedKind(perform: { _ in
                _ = await release.wait(atMost: .seconds(300))
                return .done(providerID: nil)
            })
            let engine = JobEngine(client: client, kinds: [kind], workflows: [], settings: quickSettings(), logger: quiet)
            let running = Task { try await engine.run() }
            try await eventually("begun") { kind.performed.count == 1 }
            engine.core.stop(.drain)
            release.ring()
            try await running.value
            #expect(kind.settlements.map(\.attempt.jobID) == [jobs[0]])
            #expect(try await client.count("ready") == 1)
            #expect(try await client.count("attempt") == 0)
        }
    }

    @Test func monthsAreMadeAheadAndDroppedWhenNothingOfThemLives() async throws {
        try await TestDatabase.with { client in
            let job = try await client.enqueue(1, lane: try await client.lane())[0]
            let future = "clock_timestamp() + interval '2 years'"
            // Three months of jobs and of outcomes, less the one that holds a living job.
            let drop = PostgresQuery(unsafeSQL: "SELECT jobs.drop_partitions(\(future))")
            #expect(try await client.query(drop).decodeFirst(Int.self) == 5)
            async let first = client.query("SELECT jobs.ensure_partitions(2)").decodeFirst(Int.self)
            async let second = client.query("SELECT jobs.ensure_partitions(2)").decodeFirst(Int.self)
            let made = [try await first ?? -1, try await second ?? -1]
            #expect(made.reduce(0, +) == 5)
            #expect(try await client.count("job WHERE id = \(job)") == 1)
            #expect(try await client.count("job_default") == 0)
        }
    }

    @Test func hintsReachAnEngineOfAnotherProcess() async throws {
        try await TestDatabase.with { client in
            let heard = Mutex(0)
            let hints = JobHints(configuration: client.configuration, logger: quiet)
            let sending = Task { try await hints.run() }
            let listening = Task {
                await PostgresClient.listen(client.configuration, channels: [JobHints.channel], logger: quiet) { event in
                    if case .notification = event { heard.withLock { $0 += 1 } }
                }
            }
            try await eventually("a hint") {
                hints.send()
                return heard.withLock { $0 } > 0
            }
            sending.cancel()
            listening.cancel()
            try? await sending.value
            await listening.value
        }
    }
}
