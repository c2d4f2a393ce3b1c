import Foundation

/// The result of one attempt on its way to the database.
struct Completion: Sendable {
    let attempt: Attempt
    let kind: any JobKind
    let result: AttemptResult
    let detail: (any AttemptDetail)?
}

/// A result in the columns of `jobs.finish`.
struct Ending: Sendable {
    let id: Int64
    /// `S`, `R`, `X` or `U`.
    let code: String
    var providerID: String?
    var reason: String?
    /// Seconds until the retry.
    var delay: Double?
    var costsAttempt = true
    /// Microseconds the lane is kept still.
    var penalty: Int64?
    /// Of the retry; nil: as it was.
    var priority: Int16?
    /// What the kind is told: exhausted retries are dead.
    let result: AttemptResult

    init(_ completion: Completion, settings: EngineSettings) {
        let attempt = completion.attempt
        id = attempt.id
        switch completion.result {
        case .done(let providerID):
            (code, result) = ("S", completion.result)
            self.providerID = providerID.map(JobQueue.clean)
        case .retry(_, let text, true, _) where attempt.number >= attempt.maxAttempts:
            let reason = "\(text) (attempt \(attempt.number) of \(attempt.maxAttempts))"
            (code, result) = ("X", .dead(reason: reason))
            self.reason = JobQueue.clean(reason)
        case .retry(let after, let text, let costs, _):
            (code, result) = ("R", completion.result)
            reason = JobQueue.clean(text)
            delay = after.map { max(0, $0 / .seconds(1)) * Double.random(in: 1...1.1) } ?? Self.backoff(attempt.number, settings)
            costsAttempt = costs
            // The table takes no other; one that is wrong must not end the whole batch.
            priority = completion.kind.retryPriority(attempt).map { min(max($0, 0), 9) }
        case .dead(let text):
            (code, result) = ("X", completion.result)
            reason = JobQueue.clean(text)
        case .unknown(let text):
            (code, result) = ("U", completion.result)
            reason = JobQueue.clean(text)
        }
        if case .retry(_, _, _, let penalty?) = completion.result { self.penalty = Int64(max(0, penalty / .milliseconds(1)) * 1000) }
    }

    /// Full jitter: `rand(0.5..1.5) · base · 2^n`, capped.
    static func backoff(_ number: Int, _ settings: EngineSettings) -> Double {
        let base = settings.retryBase / .seconds(1)
        let cap = settings.retryCap / .seconds(1)
        return min(cap, base * pow(2, Double(min(number, 20) - 1))) * Double.random(in: 0.5...1.5)
    }
}
