import Foundation
import Postgres
import TestSupport
import Testing

@testable import Jobs

@Suite struct AttemptTests {
    @Test func rescueAfterTheIntentIsUnknownAndNeverRepeated() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let jobs = try await client.enqueue(2, lane: lane)
            // A worker that dies: one attempt with its intent written, one without.
            let dead = try await client.worker()
            let claimed = try await client.claim(dead)
            #expect(try await client.intend(dead, [claimed[0]]).count == 1)
            try await client.query("UPDATE jobs.worker SET beat_at = clock_timestamp() - interval '1 hour'")

            let kind = ScriptedKind()
            try await withEngine(client, [kind], settings: rescuingSettings()) { _ in
                try await eventually("both are settled") { kind.ended == Set(jobs) }
            }
            #expect(kind.performed == [jobs[1]: 1])
            #expect(try await client.outcomes(jobs[0]) == "U")
            // On a machine that stands still the engine may have put it off before it began.
            #expect(try await client.outcomes(jobs[1]).filter { $0 != "R" } == "BS")
            let unknown = try #require(kind.settlements.first { $0.attempt.jobID == jobs[0] })
            guard case .unknown = unknown.result else { return #expect(Bool(false), "\(unknown.result)") }
            #expect(!unknown.isLate && unknown.attempt.number == 1)
            // Being rescued before the intent cost nothing.
            #expect(kind.settlements.first { $0.attempt.jobID == jobs[1] }?.attempt.number == 1)
            #expect(try await JobMetrics.read(on: client).unknown == 1)
        }
    }

    @Test func aZombieIsFencedAndItsResultIsRecordedAsLate() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let job = try await client.enqueue(1, lane: lane)[0]
            let released = Bell()
            let kind = ScriptedKind(
                perform: { _ in
                    // Deaf to cancellation, as a stopped process is.
                    _ = await Task.detached { await released.wait(atMost: .seconds(300)) }.value
                    return .done(providerID: "wamid.late")
                })
            try await withEngine(client, [kind], settings: rescuingSettings()) { _ in
                try await eventually("begun") { kind.performed[job] == 1 }
                try await client.query("UPDATE jobs.attempt SET deadline_at = clock_timestamp() - interval '1 second'")
                try await eventually("rescued") { kind.endings.count == 1 }
                released.ring()
                try await eventually("late") { kind.endings.count == 2 }
            }
            #expect(kind.performed == [job: 1])
            #expect(kind.endings[1].isLate)
            guard case .done("wamid.late") = kind.endings[1].result else { return #expect(Bool(false)) }
            #expect(try await client.outcomes(job).filter { $0 != "R" } == "US")
            let metrics = try await JobMetrics.read(on: client)
            #expect(metrics.fenced == 1 && metrics.rescued == 1 && metrics.unknown == 0)
        }
    }

    @Test func atLeastOnceIsRepeatedUntilItsAttemptsAreSpent() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let job = try await client.enqueue(1, lane: lane, maxAttempts: 3)[0]
            let kind = ScriptedKind(
                delivery: .atLeastOnce, perform: { _ in .retry(after: nil, reason: "not yet\u{0}", costsAttempt: true, lanePenalty: nil) })
            try await withEngine(client, [kind]) { _ in
                try await eventually("dead") { kind.settlements.count == 3 }
            }
            #expect(try await client.outcomes(job) == "RRX")
            guard case .dead(let reason) = kind.settlements[2].result else { return #expect(Bool(false)) }
            #expect(reason.contains("attempt 3 of 3"))
            #expect(kind.settlements[0].willRetryAt != nil && kind.settlements[2].willRetryAt == nil)
            let letter = try #require(try await DeadLetters.list(on: client).first)
            #expect(letter.job == job && letter.kind == "test")
            #expect(try await DeadLetters.redrive([job], by: "ana", on: client) == [job])
            #expect(try await DeadLetters.redrive([job], by: "ana", on: client).isEmpty)
            #expect(try await client.claim(try await client.worker()).first?.number == 1)
        }
    }

    @Test func admissionPostponesAndDropsAtNoCost() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let jobs = try await client.enqueue(3, lane: lane)
            let again = Date(timeIntervalSinceNow: 3600)
            let kind = ScriptedKind(admit: { attempts, _ in
                attempts.map { attempt in
                    switch String(decoding: attempt.payload, as: UTF8.self) {
                    case "0": .go
                    case "1": .postpone(until: again, reason: "night")
                    default: .drop(reason: "opted out")
                    }
                }
            })
            try await withEngine(client, [kind]) { _ in
                try await eventually("the first is done") { kind.settlements.count == 1 }
                try await eventually("nothing runs") { try await client.count("attempt") == 0 }
            }
            #expect(kind.performed == [jobs[0]: 1])
            #expect(try await client.outcomes(jobs[1]) == "P")
            #expect(try await client.outcomes(jobs[2]) == "C")
            let place = try #require(try await JobQueue.place(of: jobs[1], on: client))
            #expect(place.place == "later" && place.reason == "night" && place.attempt == 1)
            #expect(abs((place.until ?? .distantPast).timeIntervalSince(again)) < 0.001)
        }
    }

    @Test func anAttemptThatBreaksAdmissionDoesNotHoldUpTheOthers() async throws {
        struct Broken: Error {}
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let jobs = try await client.enqueue(8, lane: lane, maxAttempts: 1)
            let kind = ScriptedKind(admit: { attempts, _ in
                if attempts.contains(where: { $0.payload == Data("5".utf8) }) { throw Broken() }
                return attempts.map { _ in .go }
            })
            try await withEngine(client, [kind]) { _ in
                try await eventually("all ended") { kind.ended.count == 8 }
            }
            #expect(Set(kind.performed.keys) == Set(jobs).subtracting([jobs[5]]))
            #expect(try await client.outcomes(jobs[5]) == "X")
        }
    }

    @Test func aResultItsOwnerCannotTakeIsKeptAndTheRestGoesOn() async throws {
        struct Broken: Error {}
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let jobs = try await client.enqueue(8, lane: lane)
            let kind = ScriptedKind(settle: { settlements, _ in
                if settlements.contains(where: { $0.attempt.payload == Data("3".utf8) }) { throw Broken() }
            })
            try await withEngine(client, [kind]) { _ in
                try await eventually("all ended") { try await client.count("outcome WHERE result IN ('S', 'X', 'C')") == 8 }
            }
            #expect(kind.ended == Set(jobs).subtracting([jobs[3]]))
            #expect(kind.performed.values.allSatisfy { $0 == 1 })
            let kept = try await client.query("SELECT job_id, unsettled FROM jobs.outcome WHERE unsettled IS NOT NULL").decode(
                (Int64, Data).self)
            #expect(kept.count == 1 && kept[0].0 == jobs[3] && kept[0].1 == Data("detail".utf8))
        }
    }

    @Test func aKeyIsEnqueuedOnceUntilItExpires() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            func job(_ key: String) -> NewJob { NewJob(lane: lane, kind: "test", payload: Data(), dedupe: ("api", key, .seconds(3600))) }
            let first = try await JobQueue.enqueue(
                [job("a"), job("b"), job("a"), NewJob(lane: lane, kind: "test", payload: Data())], on: client)
            #expect(first.map { $0 != nil } == [true, true, false, true])
            #expect(try await JobQueue.enqueue([job("b"), job("c")], on: client).map { $0 != nil } == [false, true])
            #expect(try await client.count("ready") == 4)
            try await client.query("UPDATE jobs.dedupe SET expires_at = clock_timestamp() - interval '1 second'")
            #expect(try await JobQueue.enqueue([job("b")], on: client).map { $0 != nil } == [true])
            try await client.query("SELECT jobs.tidy()")
            #expect(try await client.count("dedupe") == 1)
        }
    }

    @Test func cancelTakesWhatHasNotBegun() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let worker = try await client.worker()
            let taken = try await client.enqueue(2, lane: lane)
            let claimed = try await client.claim(worker)
            _ = try await client.intend(worker, [claimed[0]])
            let ready = try await client.enqueue(1, lane: lane)
            let later = try await JobQueue.enqueue(
                [NewJob(lane: lane, kind: "test", payload: Data(), runAt: Date(timeIntervalSinceNow: 60))], on: client
            ).compactMap { $0 }
            let cancelled = try await JobQueue.cancel(taken + ready + later, on: client)
            #expect(Set(cancelled) == Set([taken[1]] + ready + later))
            // Its claim was taken away: no intent any more.
            #expect(try await client.intend(worker, claimed).isEmpty)
            #expect(try await client.outcomes(taken[1]) == "C")
            #expect(try await client.count("ready") + client.count("later") == 0)
        }
    }

    @Test func pauseAndKillSwitchAreCheckedAgainByTheIntent() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let worker = try await client.worker()
            try await client.enqueue(3, lane: lane)
            let claimed = try await client.claim(worker, most: 2)
            try await Lanes.pause("lane", reason: "complaints", by: "ana", on: client)
            #expect(try await client.intend(worker, claimed).isEmpty)
            #expect(try await client.claim(worker).isEmpty)
            try await Lanes.resume("lane", on: client)
            #expect(try await client.intend(worker, [claimed[0]]).count == 1)
            try await Lanes.pauseEverything(by: "ana", reason: "incident", on: client)
            #expect(try await client.intend(worker, [claimed[1]]).isEmpty)
            #expect(try await client.claim(worker).isEmpty)
            #expect(try await Lanes.everythingPaused(on: client)?.reason == "incident")
            try await Lanes.resumeEverything(on: client)
            #expect(try await client.claim(worker).count == 1)
        }
    }

    @Test func aPausedKindIsPutAsideAndTheOthersGoOn() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let worker = try await client.worker()
            let held = try await client.enqueue(3, lane: lane)
            let claimed = try await client.claim(worker, most: 1)
            try await KindPauses.pause("test", by: "ana", reason: "complaints", on: client)
            #expect(try await KindPauses.list(on: client).map(\.reason) == ["complaints"])
            #expect(try await client.intend(worker, claimed).isEmpty)
            try await JobStore(client: client).giveBack(worker: worker, ids: claimed.map(\.id), reason: "paused")
            let others = try await client.enqueue(2, lane: lane, kind: "other")
            #expect(Set(try await client.claim(worker).map(\.jobID)) == Set(others))
            // Not claimed and given back again and again.
            #expect(try await client.claim(worker).isEmpty)
            #expect(try await client.count("later") == 3)
            #expect(try await client.count("ready") == 0)
            let place = try #require(try await JobQueue.place(of: held[0], on: client))
            #expect(place.place == "later" && place.reason == "its kind is paused" && place.until == nil)
            // What waits for ever is nothing to wake up for.
            #expect(try await JobStore(client: client).nextDue() == nil)
            #expect(try await KindPauses.resume("other", on: client) == 0)
            #expect(try await KindPauses.resume("test", on: client) == 3)
            #expect(try await client.claim(worker).map(\.jobID) == held)
        }
    }

    /// What a claim has taken is ours, whatever became of the turn that went along.
    @Test func aClaimBesideATurnThatFailsIsKept() async throws {
        try await TestDatabase.with { client in
            let jobs = try await client.enqueue(3, lane: client.lane())
            let store = JobStore(client: client)
            try await store.turn()
            try await client.query(
                """
                CREATE OR REPLACE FUNCTION jobs.turn(p_max int, p_since_us bigint DEFAULT 0) RETURNS bigint LANGUAGE plpgsql VOLATILE AS
                $$ BEGIN RAISE 'broken for a test'; END $$
                """)
            var slots = SlotReader(windows: LaneWindows())
            let claim = JobStore.Claim(worker: try await client.worker(), lanes: 10, most: 10, perLane: 10, lease: 60)
            let (_, claimed, trouble) = try await store.turnAndClaim(claim, slots: &slots)
            #expect(Set(claimed.attempts.map(\.jobID)) == Set(jobs))
            #expect((trouble as? PostgresError)?.message.contains("broken for a test") == true)
            // With nothing to keep it is an error.
            await #expect(throws: PostgresError.self) { try await Self.turnAndClaim(store, claim) }
        }
    }

    private static func turnAndClaim(_ store: JobStore, _ claim: JobStore.Claim) async throws {
        var slots = SlotReader(windows: LaneWindows())
        _ = try await store.turnAndClaim(claim, slots: &slots)
    }
}
