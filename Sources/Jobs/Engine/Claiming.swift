import Logging
import Postgres

extension EngineCore {
    /// Looks for work until the engine stops: at once after work or a ring, then less and less often, and exactly when the next lane is
    /// due.
    func claimUntilStopped() async {
        var quiet = 0
        var isUnsure = false
        while state.stop == .no {
            let room = settings.maxInFlight - state.inFlight
            guard room > 0, completions.count < settings.maxUnflushed, let worker = state.worker else {
                _ = await bell.wait(atMost: .milliseconds(50))
                continue
            }
            do {
                if isUnsure { try await giveBackUnseen(worker) }
                isUnsure = false
                let found = try await claim(worker, room)
                if found > 0 {
                    quiet = 0
                    continue
                }
                let rang = await bell.wait(atMost: pause(quiet, due: try await store.nextDue()))
                quiet = rang ? 0 : quiet + 1
            } catch {
                // The heartbeat tells when PostgreSQL goes and comes.
                if !isAway(error) { logger.error("claiming failed", metadata: ["error": "\(error)"]) }
                isUnsure = true
                quiet = min(quiet + 1, 10)
                _ = await bell.wait(atMost: .milliseconds(100 * quiet))
            }
        }
    }

    private func claim(_ worker: Int64, _ room: Int) async throws -> Int {
        try await store.turn()
        let attempts = try await store.claim(
            worker: worker, lanes: settings.claimLanes, most: room, perLane: settings.claimPerLane,
            lease: settings.staleAfter / .seconds(1) + 20)
        guard !attempts.isEmpty else { return 0 }
        state.begin(attempts.map(\.id))
        for (name, ofKind) in Dictionary(grouping: attempts, by: \.kind) {
            var rest = ofKind[...]
            while !rest.isEmpty {
                let batch = Array(rest.prefix(settings.intendBatch))
                rest = rest.dropFirst(batch.count)
                Task.detached { await self.begin(batch, kind: name, worker: worker) }
            }
        }
        return attempts.count
    }

    /// A claim whose answer was lost may have been committed: its attempts are ours and nobody performs them. Claims are made one after the
    /// other, so no other claim is on its way now.
    private func giveBackUnseen(_ worker: Int64) async throws {
        let unseen = try await store.claimed(by: worker).filter { !state.holds($0) }
        try await store.giveBack(worker: worker, ids: unseen, reason: "the answer to the claim was lost")
    }

    /// Never shorter than a floor that grows while nothing is found: a due lane may be locked by somebody else.
    private func pause(_ quiet: Int, due: Duration?) -> Duration {
        let shift = min(quiet, 10)
        let low = settings.idle.lowerBound / .milliseconds(1)
        let high = settings.idle.upperBound / .milliseconds(1)
        let longest = min(Double(10 << shift), Double.random(in: low...max(low, high)))
        let floor = min(50, Double(1 << shift))
        return .milliseconds(Int(max(floor, min(longest, (due ?? .seconds(3600)) / .milliseconds(1))).rounded(.up)))
    }

    func isAway(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return error is CancellationError }
        return error.isTransient || error.code == .shuttingDown
    }
}
