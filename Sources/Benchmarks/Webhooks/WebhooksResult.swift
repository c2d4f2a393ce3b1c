import Foundation

package struct WebhooksResult: Codable, Sendable {
    package var messages: Int
    package var events: Int
    package var posts: Int
    /// POSTs with one event.
    package var singles: Int
    /// Really handed over in a second, first attempts.
    package var handedOverPerSecond: Double
    /// Meta's rule is applied to these: POSTs that were neither due nor waiting while the killed server was away.
    package var intake: IntakeTimes
    package var intakeOfSingles: IntakeTimes
    package var intakeOfBatches: IntakeTimes
    /// All of them, the outage included.
    package var intakeWithOutage: IntakeTimes
    /// From the kill to the first answer of the server that was started again; nil without a kill.
    package var outageSeconds: Double?
    /// POSTs left aside by the rule.
    package var touchedByOutage: Int
    /// POSTs that needed more than one attempt, and what the others were answered with.
    package var redelivered: Int
    package var failedAttempts: [String: Int]
    /// POSTs that had been stored although nobody heard of it.
    package var repeated: Int
    /// How late this process itself was with a POST's first attempt, in milliseconds; part of the intake times.
    package var senderLateMillis: Percentiles
    /// From receipt to worked on, of each POST, in milliseconds.
    package var receiptToProcessedMillis: Percentiles
    /// From the last receipt until all was worked on.
    package var drainSeconds: Double
    /// From the first receipt until then.
    package var eventsPerSecond: Double
    /// Work on POSTs that had to be repeated, by its reason, and deadlocks that PostgreSQL ended.
    package var retries: [String: Int]
    package var deadlocks: Int
    package var costs: WebhookCosts
    /// What the database holds, against what the events say.
    package var againstEvents: StateDifferences
    /// The shuffled replay, as fast as it was taken: events with those that came twice, and what it holds against the first.
    package var replayedEvents: Int
    package var replayedPosts: Int
    package var replayedEventsPerSecond: Double
    package var replayRetries: [String: Int]
    package var replayDeadlocks: Int
    package var againstReplay: StateDifferences

    init(
        _ story: StatusStory, _ first: WebhookPass, _ replay: WebhookPass, replayed: Int, againstEvents: StateDifferences,
        againstReplay: StateDifferences
    ) {
        let (records, outage) = (first.records, first.outage)
        let judged = records.filter { outage?.touches($0) != true }
        let begun = records.map(\.begun).max() ?? 0
        let due = records.map(\.due).min() ?? 0
        messages = story.messages.count
        events = story.events.count
        posts = records.count
        singles = records.count { $0.updates == 1 }
        handedOverPerSecond = Double(story.events.count) / max(0.001, Double(begun - due) / 1e6)
        intake = IntakeTimes(judged)
        intakeOfSingles = IntakeTimes(judged.filter { $0.updates == 1 })
        intakeOfBatches = IntakeTimes(judged.filter { $0.updates > 1 })
        intakeWithOutage = IntakeTimes(records)
        outageSeconds = outage?.seconds
        touchedByOutage = records.count - judged.count
        redelivered = records.count { $0.attempts > 1 }
        failedAttempts = first.failures
        repeated = first.stored.repeats
        senderLateMillis = Percentiles(records.map { Double($0.begun - $0.due) / 1000 })
        receiptToProcessedMillis = first.stored.millis
        drainSeconds = first.stored.drainSeconds
        eventsPerSecond = Double(first.stored.updates) / max(0.001, first.stored.seconds)
        retries = first.stored.retries
        deadlocks = first.stored.deadlocks
        costs = first.costs
        self.againstEvents = againstEvents
        replayedEvents = replayed
        replayedPosts = replay.records.count
        replayedEventsPerSecond = Double(replay.stored.updates) / max(0.001, replay.stored.seconds)
        replayRetries = replay.stored.retries
        replayDeadlocks = replay.stored.deadlocks
        self.againstReplay = againstReplay
    }

    /// What was promised and not kept.
    func problems(rate: Double, limit: Double, _ first: WebhookPass, _ replay: WebhookPass) -> [String] {
        var problems: [String] = []
        if !intake.keepsRule {
            let (median, share) = (intake.millis.p50, intake.overSecondShare * 100)
            problems.append(
                String(
                    format: "Meta's rule is a median under 250 ms and less than 1 %% over a second; it was %.0f ms and %.2f %%", median,
                    share))
        }
        // Else it was not this load that was measured.
        if handedOverPerSecond < 0.98 * rate {
            problems.append(String(format: "%.0f events a second were handed over instead of %.0f", handedOverPerSecond, rate))
        }
        if first.kill != nil, outageSeconds == nil { problems.append("nothing was answered after the kill") }
        for (name, pass) in [("", first), (" of the replay", replay)] {
            let stored = pass.stored
            if pass.unanswered > 0 { problems.append("\(pass.unanswered) POSTs\(name) were never answered with 200") }
            if !pass.isDone { problems.append("\(stored.pending) POSTs\(name) were not worked on within \(limit) s") }
            if stored.problems > 0 { problems.append("\(stored.problems) POSTs\(name) have a problem") }
            if stored.posts != pass.records.count {
                problems.append("\(stored.posts) POSTs\(name) are stored of \(pass.records.count) that were handed over")
            }
        }
        if !againstEvents.isNone { problems.append("not what the events say: \(againstEvents.words)") }
        if !againstReplay.isNone { problems.append("the replay ended otherwise: \(againstReplay.words)") }
        return problems
    }
}
