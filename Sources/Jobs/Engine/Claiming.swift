import CrashPoints
import Logging
import Postgres

extension EngineCore {
    /// Looks for work until the engine stops: at once after work or a ring, then less and less often, and exactly when the next lane is
    /// due.
    func claimUntilStopped() async {
        var quiet = 0
        var isUnsure = false
        // Has waited in vain for more room: what is being performed takes long.
        var isPatient = false
        var slots = SlotReader(windows: windows)
        var looks = LookBack()
        var yield = LaneYield()
        while state.stop == .no {
            let waiting = state.waiting
            let room = min(settings.maxInFlight - (state.inFlight - waiting), settings.maxWaiting - waiting)
            // A claim and its intents are two transactions, whatever they are for: a busy engine waits until there is room for many.
            guard room > 0, room >= settings.leastRoom || isPatient, completions.count < settings.maxUnflushed, let worker = state.worker
            else {
                isPatient = await !bell.wait(atMost: .milliseconds(50))
                continue
            }
            isPatient = false
            do {
                if isUnsure { try await giveBackUnseen(worker) }
                isUnsure = false
                if slots.needsClock() { try await store.readClock(&slots) }
                let found = try await claim(worker, room, &slots, &looks, &yield)
                if found > 0 {
                    quiet = 0
                    continue
                }
                quiet = try await rest(quiet, since: looks.since)
            } catch {
                // The heartbeat tells when PostgreSQL goes and comes.
                if !isAway(error) { logger.error("claiming failed", metadata: ["error": "\(error)"]) }
                isUnsure = true
                quiet = min(quiet + 1, 10)
                _ = await bell.wait(atMost: .milliseconds(100 * quiet))
            }
        }
    }

    private func claim(
        _ worker: Int64, _ room: Int, _ slots: inout SlotReader, _ looks: inout LookBack, _ yield: inout LaneYield
    ) async throws -> Int {
        let since = looks.begin(.now)
        CrashPoint.claimBeforeCommit.passed()
        var claim = JobStore.Claim(
            worker: worker, lanes: yield.lanes(for: room, atMost: settings.claimLanes), most: room, perLane: settings.claimPerLane,
            lease: settings.staleAfter / .seconds(1) + 20, lead: state.intentLead(within: settings.intentLead) + Self.claimTime,
            since: since)
        let (turned, claimed, trouble) = try await store.turnAndClaim(claim, slots: &slots)
        if state.turned(failed: trouble != nil), let trouble, !isAway(trouble) {
            logger.error("what has become due cannot be moved to its lanes", metadata: ["error": "\(trouble)"])
        }
        var (attempts, due) = claimed
        // A few lanes that had nothing say nothing of the others, which may have been due before.
        if attempts.isEmpty, claim.lanes < settings.claimLanes {
            claim.lanes = settings.claimLanes
            (attempts, due) = try await store.claim(claim, slots: &slots)
        }
        looks.end(.now, earliest: min(turned, due ?? turned))
        yield.claimed(attempts.count, in: Set(attempts.map(\.lane)).count, asked: claim.lanes, room: room)
        guard !attempts.isEmpty else { return 0 }
        CrashPoint.claimAfterCommit.passed()
        state.begin(attempts)
        for (name, ofKind) in Dictionary(grouping: attempts, by: \.kind) {
            let now = ContinuousClock.now
            start(ofKind.filter { $0.slot?.opens == nil }, kind: name, worker: worker)
            let slotted = ofKind.filter { $0.slot?.opens != nil }.sorted { ($0.slot?.at ?? now) < ($1.slot?.at ?? now) }
            if !slotted.isEmpty { Task.detached { await self.pace(slotted, kind: name, worker: worker) } }
        }
        return attempts.count
    }

    private func start(_ attempts: [Attempt], kind name: String, worker: Int64) {
        var rest = attempts[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(settings.intendBatch))
            rest = rest.dropFirst(batch.count)
            Task.detached { await self.begin(batch, kind: name, worker: worker) }
        }
    }

    /// What a claim's answer may take on its way, and a batch to gather.
    private static let claimTime: Duration = .milliseconds(10) + gathering
    /// Slots so near to each other have their intents written in one transaction.
    private static let gathering: Duration = .milliseconds(25)

    /// Begins attempts shortly before their slots, in the order of those.
    private func pace(_ attempts: [Attempt], kind name: String, worker: Int64) async {
        var rest = attempts[...]
        while let next = rest.first?.slot {
            guard state.stop == .no else { return await giveBack(Array(rest), worker, "the worker is stopping") }
            // A few at a time: each batch is a transaction.
            let lead = state.intentLead(within: settings.intentLead)
            let horizon = ContinuousClock.now + lead + Self.gathering
            let near = rest.prefix { ($0.slot?.at ?? horizon) <= horizon }
            guard !near.isEmpty else {
                try? await Task.sleep(until: min(next.at - lead, .now + .milliseconds(100)), clock: .continuous)
                continue
            }
            rest = rest.dropFirst(near.count)
            state.release(near)
            let (going, late) = near.reduce(into: ([Attempt](), [Attempt]())) { sorted, attempt in
                let isLate = attempt.slot?.isOver(.now) == true && !state.isStarving(attempt.lane, after: settings.starvation)
                if isLate { sorted.1.append(attempt) } else { sorted.0.append(attempt) }
            }
            start(going, kind: name, worker: worker)
            await giveBack(late, worker, Self.slotWasMissed)
        }
    }

    /// A claim whose answer was lost may have been committed: its attempts are ours and nobody performs them. Claims are made one after the
    /// other, so no other claim is on its way now.
    private func giveBackUnseen(_ worker: Int64) async throws {
        // One whose intent was written is not unseen, whatever the server says: a failover may have taken the intent back.
        let unseen = recent.unknown(among: try await store.claimed(by: worker).filter { !state.holds($0) })
        try await store.giveBack(worker: worker, ids: unseen, reason: "the answer to the claim was lost")
    }

    /// Sleeps until there may be work; returns how often nothing was found. Where a lane is due soon, it looks first whether another engine has
    /// taken that: with four engines three in four looks are in vain, and a claim in vain costs several times as much.
    private func rest(_ quiet: Int, since: Int64) async throws -> Int {
        let due = try await store.nextDue(since: since)
        if await bell.wait(atMost: pause(quiet, due: due)) { return 0 }
        // Once, and only for so short a time: marks of new work are found by a turn alone.
        let soon: Range<Duration> = .nanoseconds(1) ..< .milliseconds(50)
        guard let due, soon.contains(due), let next = try await store.nextDue(since: since), soon.contains(next) else { return quiet + 1 }
        return await bell.wait(atMost: .milliseconds(Int((next / .milliseconds(1)).rounded(.up)))) ? 0 : quiet + 1
    }

    /// Until something is due, where that is known: an engine that slept past the moment would find it taken by others again and again. What is
    /// due and was not found may be locked by somebody else: then for a time that grows while nothing is found.
    private func pause(_ quiet: Int, due: Duration?) -> Duration {
        let shift = min(quiet, 10)
        let (low, high) = (settings.idle.lowerBound / .milliseconds(1), settings.idle.upperBound / .milliseconds(1))
        let longest = min(Double(10 << shift), Double.random(in: low...max(low, high)))
        let due = (due ?? .seconds(3600)) / .milliseconds(1)
        let least = due > 0 ? 1 : min(50, Double(1 << shift))
        return .milliseconds(Int(max(least, min(longest, due)).rounded(.up)))
    }

    func isAway(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return error is CancellationError }
        return error.isTransient || error.code == .shuttingDown
    }
}
