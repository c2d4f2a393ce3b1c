import Foundation
import Postgres
import TestSupport
import Testing

@testable import Jobs

@Suite struct FenceTests {
    /// A rescue before the intent gave the job back: what its old attempt says later is of no job any more.
    @Test func resultOfAnAttemptThatNeverBeganIsNoNewsForItsOwner() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let job = try await client.enqueue(1, lane: lane)[0]
            let dead = try await client.worker()
            let claimed = try await client.claim(dead)
            try await client.query("UPDATE jobs.worker SET beat_at = clock_timestamp() - interval '1 hour'")
            let rescued = try await client.withTransaction {
                try await JobStore(client: client).rescue(claimed.map(\.id), stale: 1, base: 1, cap: 1, on: $0)
            }
            #expect(rescued.map(\.verdict) == ["B"])

            let kind = ScriptedKind()
            let completions = Completions(store: JobStore(client: client), settings: quickSettings(), logger: quiet) { 1 }
            completions.add(
                Completion(
                    attempt: claimed[0], kind: kind,
                    result: .retry(after: .zero, reason: "not admitted", costsAttempt: false, lanePenalty: nil), detail: nil))
            completions.close(within: .seconds(10))
            await completions.run()
            #expect(kind.settlements.isEmpty)
            #expect(try await client.outcomes(job) == "B")
            #expect(try await client.count("ready") == 1)
        }
    }

    /// Whoever holds an attempt's row is about to begin or to end it; a cancel that waited could stand in a circle with it.
    @Test func cancelDoesNotWaitForAnAttemptInTheMiddleOfItsIntent() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let job = try await client.enqueue(1, lane: lane)[0]
            let worker = try await client.worker()
            let claimed = try await client.claim(worker)
            try await client.withTransaction { db in
                _ = try await JobStore(client: client).intend(
                    worker: worker, ids: claimed.map(\.id), delivery: .atMostOnce, lease: 60, on: db)
                let cancelled = try await client.withTransaction { other in
                    try await other.query("SET LOCAL lock_timeout = '2s'")
                    return try await JobQueue.cancel([job], on: other)
                }
                #expect(cancelled.isEmpty)
            }
            #expect(try await client.count("attempt") == 1)
        }
    }
}
