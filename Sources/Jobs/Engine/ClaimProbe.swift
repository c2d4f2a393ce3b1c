import Foundation
package import Postgres

/// Times real claims, for the benchmark of long queues. Nothing may be working on the database meanwhile.
package enum ClaimProbe {
    /// Claims and gives back, as a worker of its own; returns how long each claim took, with its commit.
    package static func times(_ count: Int, on client: PostgresClient) async throws -> [Duration] {
        let store = JobStore(client: client)
        let settings = EngineSettings()
        let worker = try await store.beat(nil, name: "claim probe", on: client)
        var times: [Duration] = []
        var slots = SlotReader(windows: LaneWindows())
        for _ in 0..<count {
            try await store.turn()
            let start = ContinuousClock.now
            let claim = JobStore.Claim(
                worker: worker, lanes: settings.claimLanes, most: settings.maxInFlight, perLane: settings.claimPerLane, lease: 60)
            let claimed = try await store.claim(claim, slots: &slots).attempts
            times.append(ContinuousClock.now - start)
            try await store.giveBack(worker: worker, ids: claimed.map(\.id), reason: "a benchmark")
        }
        try await store.leave(worker)
        return times
    }
}
