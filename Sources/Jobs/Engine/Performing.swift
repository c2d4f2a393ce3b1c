import CrashPoints
import Foundation
import Logging
import Postgres

extension EngineCore {
    /// Writes the intents of attempts of one kind, asks the kind, and performs what it lets through.
    func begin(_ batch: [Attempt], kind name: String, worker: Int64) async {
        guard let kind = kinds[name] else { return await putOff(batch) }
        let begun = ContinuousClock.now
        await intents.enter()
        let epoch = vitality.epoch
        let (go, deadline) = await admit(batch, kind, worker)
        await intents.leave()
        let slots = batch.compactMap(\.slot)
        if !slots.isEmpty { state.intentTook(.now - begun, isPaced: slots.contains { $0.place != .alone }) }
        for attempt in go { perform(attempt, kind, deadline, epoch) }
    }

    private func admit(_ batch: [Attempt], _ kind: any JobKind, _ worker: Int64) async -> ([Attempt], ContinuousClock.Instant) {
        let deadline = ContinuousClock.now + .seconds(kind.leaseSeconds)
        guard state.stop == .no else {
            await giveBack(batch, worker, "the worker is stopping")
            return ([], deadline)
        }
        if kind.delivery == .atMostOnce { recent.add(batch) }
        do {
            let (go, refused) = try await store.client.withTransaction { db in
                let (held, rows) = try await store.intend(
                    worker: worker, ids: batch.map(\.id), delivery: kind.delivery, lease: kind.leaseSeconds, then: kind.prepare(batch),
                    on: db)
                let mine = batch.filter { held.contains($0.id) }
                let verdicts = mine.isEmpty ? [] : try await kind.admit(mine, prepared: rows, on: db)
                guard verdicts.count == mine.count else {
                    throw JobsError(message: "\(kind.name) gave \(verdicts.count) verdicts for \(mine.count) attempts")
                }
                var go: [Attempt] = []
                var refused: [(id: Int64, until: Date?, reason: String)] = []
                for (attempt, verdict) in zip(mine, verdicts) {
                    switch verdict {
                    case .go: go.append(attempt)
                    case .postpone(let until, let reason): refused.append((attempt.id, until, reason))
                    case .drop(let reason): refused.append((attempt.id, nil, reason))
                    }
                }
                try await store.refuse(refused, on: db)
                if !go.isEmpty { CrashPoint.intentBeforeCommit.passed() }
                return (go, refused.map(\.id))
            }
            if !go.isEmpty { CrashPoint.intentAfterCommit.passed() }
            state.end(refused)
            let passed = Set(go.map(\.id) + refused)
            // Paused meanwhile, or taken away from us.
            await giveBack(batch.filter { !passed.contains($0.id) }, worker, "paused")
            return (go, deadline)
        } catch {
            return (await admitAgain(batch, kind, worker, after: error), deadline)
        }
    }

    /// One bad row must not hold up the others. Nothing was performed, whether or not the intents were committed.
    private func admitAgain(_ batch: [Attempt], _ kind: any JobKind, _ worker: Int64, after error: any Error) async -> [Attempt] {
        if !isAway(error), batch.count > 1 {
            let half = batch.count / 2
            let (first, _) = await admit(Array(batch.prefix(half)), kind, worker)
            let (second, _) = await admit(Array(batch.dropFirst(half)), kind, worker)
            return first + second
        }
        if !isAway(error) { logger.error("admission failed", metadata: ["kind": "\(kind.name)", "error": "\(error)"]) }
        for attempt in batch {
            end(
                attempt, kind,
                .retry(
                    after: isAway(error) ? .milliseconds(500) : nil, reason: "not admitted: \(error)", costsAttempt: !isAway(error),
                    lanePenalty: nil))
        }
        return []
    }

    private func perform(_ attempt: Attempt, _ kind: any JobKind, _ deadline: ContinuousClock.Instant, _ epoch: Int) {
        let extends = kind is WorkflowKind
        let task = Task.detached { [self] in
            // A process that was stopped for longer than the lease must not begin now.
            guard ContinuousClock.now < deadline else {
                return end(
                    attempt, kind, .retry(after: .zero, reason: "the lease was over before it began", costsAttempt: false, lanePenalty: nil)
                )
            }
            if let slot = attempt.slot {
                if let opens = slot.opens, opens > .now {
                    do {
                        try await Task.sleep(until: opens, tolerance: .zero, clock: .continuous)
                    } catch {
                        // Asked to stop before its slot has come: going now would be too soon for the number's limit.
                        return end(
                            attempt, kind,
                            .retry(after: .zero, reason: "stopped before its slot had come", costsAttempt: false, lanePenalty: nil))
                    }
                }
                // After the sleep: it lasts longer where the process stands still, and what was to go meanwhile must not go all at once.
                if let reason = begin(attempt, slot) {
                    return end(attempt, kind, .retry(after: .zero, reason: reason, costsAttempt: false, lanePenalty: nil))
                }
            }
            // Looked at last: from here to the first byte nothing in a database can stop it.
            guard vitality.lasts(since: epoch) else {
                return end(
                    attempt, kind,
                    .retry(
                        after: .zero, reason: "the worker may have been taken for dead before it began", costsAttempt: false,
                        lanePenalty: nil))
            }
            let (result, detail) = await kind.perform(attempt)
            end(attempt, kind, result, detail)
        }
        state.performing(attempt.id, deadline: extends ? nil : deadline, task: task)
    }

    /// Takes a place in its lane's window for an attempt whose slot has come up; else why not.
    private func begin(_ attempt: Attempt, _ slot: Slot) -> String? {
        guard slot.isOver(.now) else {
            guard slot.window.begin(attempt.id, slot) else { return Self.secondIsFull }
            state.isServed(attempt.lane)
            return nil
        }
        guard state.isStarving(attempt.lane, after: settings.starvation) else {
            slot.window.skip(slot)
            return Self.slotWasMissed
        }
        return slot.window.beginLate(attempt.id, slot) ? nil : Self.secondIsFull
    }

    static let slotWasMissed = "its slot was missed"
    /// What went late has taken its place.
    static let secondIsFull = "its second was full"

    private func end(_ attempt: Attempt, _ kind: any JobKind, _ result: AttemptResult, _ detail: (any AttemptDetail)? = nil) {
        attempt.end(result)
        completions.add(Completion(attempt: attempt, kind: kind, result: result, detail: detail))
        state.end([attempt.id])
        ended.ring()
        // Not for one exact number: others may end in between.
        let room = settings.maxInFlight - (state.inFlight - state.waiting)
        if room >= settings.leastRoom, room < settings.leastRoom + 16 { bell.ring() }
    }

    func giveBack(_ batch: [Attempt], _ worker: Int64, _ reason: String) async {
        guard !batch.isEmpty, state.stop != .crash else { return state.end(batch.map(\.id)) }
        do {
            try await store.giveBack(worker: worker, ids: batch.map(\.id), reason: reason)
            state.end(batch.map(\.id))
            ended.ring()
        } catch {
            for attempt in batch {
                guard let kind = kinds[attempt.kind] else {
                    state.end([attempt.id])
                    continue
                }
                end(attempt, kind, .retry(after: .zero, reason: reason, costsAttempt: false, lanePenalty: nil))
            }
        }
    }

    /// A kind of a newer or older program: another worker may know it.
    private func putOff(_ batch: [Attempt]) async {
        let kinds = Set(batch.map(\.kind)).sorted().joined(separator: ", ")
        logger.error("no such kind of job here", metadata: ["kind": "\(kinds)"])
        do {
            try await store.refuse(
                batch.map { ($0.id, Date(timeIntervalSinceNow: 30), "this worker does not know the kind \($0.kind)") }, on: store.client)
        } catch {
            logger.warning("jobs of an unknown kind wait for their rescue", metadata: ["error": "\(error)"])
        }
        state.end(batch.map(\.id))
    }
}
