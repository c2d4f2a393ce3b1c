import Foundation
import Postgres
import TestSupport
import Testing

@testable import Jobs

/// A failover that takes the last commits back, as the tables show it: what was performed is ready again, and the timeline is another.
/// `FaultTests` fails over for real.
@Suite(.enabled(if: TestDatabase.isAvailable, "needs PostgreSQL")) struct TimelineTests {
    /// Undoes the claims and intents of everything that is being performed.
    static func takeBack(_ client: PostgresClient, newTimeline: Bool = true) async throws {
        try await client.withTransaction { db in
            try await db.query(
                """
                WITH gone AS (DELETE FROM jobs.attempt RETURNING *),
                r AS (INSERT INTO jobs.ready (job_id, lane_id, priority, attempt) SELECT job_id, lane_id, priority, n FROM gone)
                INSERT INTO jobs.wake (lane_id, priority, job_id) SELECT lane_id, priority, job_id FROM gone
                """)
            if newTimeline { try await db.query("UPDATE jobs.timeline SET timeline = timeline - 1") }
        }
    }

    static func accept(_ client: PostgresClient, grace: Double = 3600) async throws -> Int? {
        try await client.query("SELECT jobs.accept_timeline(ARRAY['test'], 10, \(grace))").decodeFirst(Int?.self).flatMap { $0 }
    }

    static func notice(_ client: PostgresClient) async throws -> Bool {
        try await client.query("SELECT jobs.watch_timeline()").decodeFirst(Bool.self) ?? false
    }

    static func report(_ client: PostgresClient, _ worker: Int64, _ attempts: [Attempt]) async throws {
        try await client.query(
            """
            SELECT jobs.report_sent(\(worker), \(attempts.map(\.id)), \(attempts.map(\.jobID)), \(attempts.map { Int16($0.number) }), true)
            """)
    }

    @Test func nothingIsClaimedAndNoSendBeginsOnAnotherTimeline() async throws {
        try await TestDatabase.with { client in
            let worker = try await client.worker()
            try await client.enqueue(2, lane: client.lane())
            let held = try await client.claim(worker, most: 1)
            let before = try await Self.notice(client)
            try await client.query("UPDATE jobs.timeline SET timeline = timeline - 1")
            let claimed = try await client.claim(worker)
            let sends = try await client.intend(worker, held, .atMostOnce)
            let steps = try await client.intend(worker, held, .atLeastOnce)
            #expect(!before && claimed.isEmpty && sends.isEmpty && steps.count == 1)
            let noticed = try await Self.notice(client)
            try await Self.report(client, worker, [])
            let suspects = try await Self.accept(client)
            let after = try await client.claim(worker)
            #expect(noticed && suspects == 0 && after.count == 1)
        }
    }

    @Test func whatALivingWorkerReportsIsSuspectAndNothingElse() async throws {
        try await TestDatabase.with { client in
            let worker = try await client.worker()
            let jobs = try await client.enqueue(4, lane: client.lane())
            let attempts = try await client.claim(worker, most: 3)
            _ = try await client.intend(worker, Array(attempts.prefix(2)))
            // The end of the first one survives the failover, and it is to be tried again; the third was never begun.
            try await client.finish([attempts[0]], .retry(after: .zero, reason: "refused", costsAttempt: true, lanePenalty: nil))
            try await Self.takeBack(client)
            _ = try await Self.notice(client)
            let early = try await Self.accept(client)
            #expect(early == nil, "before the living have reported")
            try await Self.report(client, worker, Array(attempts.prefix(2)))
            let suspects = try await Self.accept(client)
            #expect(suspects == 1)
            let taken = try await client.withTransaction { try await JobStore(client: client).takeSuspects(["test"], most: 10, on: $0) }
            #expect(taken.map(\.attempt.id) == [attempts[1].id] && taken.map(\.attempt.jobID) == [jobs[1]])
            let again = try await client.claim(worker).map(\.jobID).sorted()
            #expect(again == [jobs[0], jobs[2], jobs[3]])
            #expect(try await client.outcomes(jobs[1]) == "U")
        }
    }

    /// Twice what ten a second allow in the time since the last heartbeat (and five seconds more), the burst, and what may run at once.
    @Test(arguments: [(LaneLimits(perSecond: 10, burst: 2, maxRunning: 3), 107), (wide, 500)])
    func aWorkerThatIsGoneMakesSuspectsOfWhatItCanHaveClaimed(_ limits: LaneLimits, _ expected: Int) async throws {
        try await TestDatabase.with { client in
            _ = try await client.worker()
            let jobs = try await client.enqueue(500, lane: client.lane("lane", limits))
            try await client.enqueue(10, lane: client.lane("steps"), kind: "other")
            try await client.query("UPDATE jobs.timeline SET timeline = timeline - 1")
            _ = try await Self.notice(client)
            try await client.query("UPDATE jobs.timeline SET last_beat = noticed_at")
            try await client.query("UPDATE jobs.worker SET beat_at = (SELECT last_beat FROM jobs.timeline)")
            let early = try await Self.accept(client)
            let suspects = try await Self.accept(client, grace: 0)
            #expect(early == nil && suspects == expected)
            let left = try await client.query("SELECT min(job_id) FROM jobs.ready WHERE job_id = ANY (\(jobs))").decodeFirst(Int64?.self)
            #expect(left.flatMap { $0 } == (expected < jobs.count ? jobs[expected] : nil), "from the front of the lane")
            #expect(try await client.count("ready") == 510 - expected)
        }
    }

    @Test func withASynchronousStandbyNothingIsSuspect() async throws {
        try await TestDatabase.with { client in
            _ = try await client.worker()
            try await client.enqueue(5, lane: client.lane())
            try await client.query("UPDATE jobs.timeline SET timeline = timeline - 1, synchronous = true")
            let noticed = try await Self.notice(client)
            #expect(!noticed)
            #expect(try await client.claim(client.worker()).count == 5)
        }
    }

    @Test func aDatabaseRestoredOnAnotherServerIsNoticed() async throws {
        try await TestDatabase.with { client in
            try await client.query("UPDATE jobs.timeline SET system = 1")
            #expect(try await Self.notice(client))
            #expect(try await client.query("SELECT jobs.timeline_moved()").decodeFirst(Bool.self) == true)
        }
    }

    /// Without the change of timeline the same loss is sent twice: what the timeline is there for.
    @Test(arguments: [true, false])
    func anEngineDoesNotRepeatWhatAFailoverForgot(_ newTimeline: Bool) async throws {
        try await TestDatabase.with { client in
            let (answers, answer) = AsyncStream.makeStream(of: Void.self)
            let kind = ScriptedKind(perform: { _ in
                for await _ in answers { break }
                return .done(providerID: "wamid")
            })
            try await withEngine(client, [kind]) { _ in
                let job = try await client.enqueue(1, lane: client.lane())[0]
                try await eventually("it is performed") { kind.performed[job] == 1 }
                try await Self.takeBack(client, newTimeline: newTimeline)
                guard newTimeline else {
                    try await eventually("it is performed again") { kind.performed[job] == 2 }
                    return answer.finish()
                }
                try await eventually("its owner is told") { !kind.settlements.isEmpty }
                guard case .unknown = kind.settlements[0].result else {
                    Issue.record("\(kind.settlements)")
                    return
                }
                try await client.enqueue(1, lane: client.lane())
                answer.finish()
                try await eventually("the answer that came late is taken over, and work goes on") { kind.settlements.count == 3 }
                let late = kind.settlements.filter { $0.attempt.jobID == job && $0.isLate }
                #expect(late.count == 1 && kind.performed[job] == 1)
                #expect(try await client.outcomes(job) == "US")
                #expect(try await JobMetrics.read(on: client).unknown == 0)
            }
        }
    }

    /// The claim survives, the intent and the end do not: the worker must not take the attempt for one that it has never seen.
    @Test func aClaimThatOutlivesItsIntentIsNotGivenBack() async throws {
        try await TestDatabase.with { client in
            let kind = ScriptedKind()
            try await withEngine(client, [kind]) { _ in
                let lane = try await client.lane()
                let job = try await client.enqueue(1, lane: lane)[0]
                // Its owner is told in the transaction of its end, which is to have been committed.
                try await eventually("it is performed") { try await client.outcomes(job) == "S" && kind.settlements.count == 1 }
                try await client.withTransaction { db in
                    try await db.query("UPDATE jobs.timeline SET timeline = timeline - 1")
                    try await db.query(
                        """
                        WITH o AS (DELETE FROM jobs.outcome WHERE job_id = \(job) RETURNING *)
                        INSERT INTO jobs.attempt (attempt_id, job_id, lane_id, worker_id, n, priority, kind, deadline_at)
                        SELECT o.attempt_id, o.job_id, \(lane), w.id, o.n, 4, 'test', clock_timestamp() + interval '1 hour'
                          FROM o CROSS JOIN jobs.worker w
                        """)
                    // Every connection is lost, and with it the answer to a claim.
                    try await db.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                        """)
                }
                try await eventually("its owner is told that it may have happened") { kind.settlements.count == 2 }
                guard case .unknown = kind.settlements[1].result else {
                    Issue.record("\(kind.settlements)")
                    return
                }
                #expect(kind.performed[job] == 1)
            }
        }
    }

    @Test func recentIntentsAreBounded() {
        let recent = RecentIntents()
        let attempts = (0..<1000).map {
            Attempt(
                id: Int64($0), jobID: Int64($0), lane: 1, laneKey: "", kind: "", number: 1, payload: Data(), priority: 1, maxAttempts: 1)
        }
        let start = ContinuousClock.now
        #expect(recent.pieces(of: 10).count == 1, "an empty report is a report")
        for _ in 0..<300 { recent.add(attempts, now: start) }
        let full = recent.pieces(of: 5000)
        #expect(full.map(\.jobs.count).reduce(0, +) == RecentIntents.most && full.allSatisfy { $0.jobs.count <= 5000 })
        recent.add([attempts[7]], now: start + RecentIntents.kept + .seconds(1))
        #expect(recent.pieces(of: 5000).map(\.jobs) == [[7]])
    }
}
