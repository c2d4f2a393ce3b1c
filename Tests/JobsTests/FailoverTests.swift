import Foundation
import Postgres
import TestSupport
import Testing

@testable import Jobs

/// A primary that is killed while two engines send, and a standby that takes over. The engines' own memory of what they performed is the
/// oracle.
@Suite(.enabled(if: ServerPrograms.folder != nil, "needs PostgreSQL's server programs"), .serialized)
struct FailoverTests {
    enum Case: CaseIterable {
        /// Every commit waits for the standby.
        case synchronous
        /// The last commits are gone.
        case asynchronous
        /// The same, and nobody looks at the timeline: the test must see doubled sends.
        case unguarded
    }

    static let jobs = 600

    @Test(.timeLimit(.minutes(5)), arguments: Case.allCases)
    func everySendHappensOnce(_ what: Case) async throws {
        try await ServerPair.with(synchronous: what == .synchronous) { pair in
            let client = PostgresClient(configuration: pair.configuration, logger: quiet)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await client.run() }
                try await Self.failOver(pair, client, what)
                group.cancelAll()
            }
        }
    }

    private static func failOver(_ pair: ServerPair, _ client: PostgresClient, _ what: Case) async throws {
        let kind = ScriptedKind(
            leaseSeconds: 5,
            perform: { _ in
                try? await Task.sleep(for: .milliseconds(5))
                return .done(providerID: nil)
            })
        func performed() -> Int { kind.performed.values.reduce(0, +) }
        // Where nothing is lost nothing needs a rescue: a heartbeat that is late on a busy machine is none of this.
        let settings = what == .synchronous ? quickSettings() : rescuingSettings()
        let lane = try await client.lane("lane", LaneLimits(perSecond: 100, burst: 5, maxRunning: 20))
        let ids = try await client.enqueue(jobs, lane: lane)
        let other = PostgresClient(configuration: pair.configuration, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await other.run() }
            try await withEngine(client, [kind], settings: settings) { _ in
                try await withEngine(other, [kind], settings: settings) { _ in
                    try await eventually("some are sent", tries: 1200) { performed() > 50 }
                    if what == .synchronous {
                        try await eventually("the heartbeat has seen the standby", tries: 1200) {
                            try await client.query("SELECT synchronous FROM jobs.timeline").decodeFirst(Bool.self) == true
                        }
                    } else {
                        // As if there had been a synchronous standby: the new timeline is then accepted as it is.
                        if what == .unguarded {
                            try await client.query(
                                """
                                CREATE OR REPLACE FUNCTION jobs.watch_timeline() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
                                    UPDATE jobs.timeline SET timeline = jobs.wal_timeline(); RETURN false; END $$
                                """)
                        }
                        try await pair.cutOff()
                    }
                    let before = performed()
                    try await eventually("some more are sent, which the standby may not know of", tries: 1200) { performed() > before + 50 }
                    try await pair.failOver()
                    try await eventually("every job has ended on the new primary", tries: 4800) {
                        let left = try? await client.query(
                            """
                            SELECT (SELECT count(*) FROM jobs.ready) + (SELECT count(*) FROM jobs.later) + (SELECT count(*) FROM jobs.attempt)
                                + (SELECT count(*) FROM jobs.suspect)
                            """
                        ).decodeFirst(Int.self)
                        return left == 0
                    }
                }
            }
            group.cancelAll()
        }
        let seen = kind.performed
        let doubled = seen.values.count { $0 > 1 }
        let ends = try await client.query(
            "SELECT job_id, string_agg(result::text, '' ORDER BY attempt_id, late) FROM jobs.outcome GROUP BY 1"
        )
        .decode((Int64, String).self)
        let unknown = ends.filter { $0.1.hasSuffix("U") }
        #expect(Set(ends.map(\.0)) == Set(ids), "lost")
        let rescued = try await client.query("SELECT count(*) FROM jobs.outcome WHERE rescued").decodeFirst(Int.self)
        switch what {
        case .synchronous:
            let unseen = ends.filter { seen[$0.0] == nil }
            #expect(doubled == 0 && unknown.isEmpty && unseen.isEmpty, "\(doubled) doubled, \(unknown.count) unknown, not sent: \(unseen)")
            #expect(rescued == 0)
        case .asynchronous:
            #expect(doubled == 0 && !unknown.isEmpty, "\(doubled) doubled, \(unknown.count) unknown")
            #expect(unknown.allSatisfy { seen[$0.0] == 1 } || unknown.count < jobs, "only what may have been sent")
        case .unguarded: #expect(doubled > 0, "the oracle sees doubled sends")
        }
    }
}
