public import Foundation
public import Postgres

/// What the engine promises about performing an attempt.
public enum Delivery: String, Sendable {
    /// Repeated until it is done or given up; `perform` must bear being repeated.
    case atLeastOnce = "A"
    /// Performed once at most: an attempt that may have happened ends as unknown and is never repeated by the engine.
    case atMostOnce = "M"
}

/// One try at one job. The id is never used again and is the fence of its lease.
///
/// A class: it goes from list to list on its way, and copying ten fields each time was 3 % of a send.
public final class Attempt: Sendable {
    public let id: Int64
    public let jobID: Int64
    public let lane: Int64
    public let laneKey: String
    public let kind: String
    /// From 1 on; postponements and rescues before the intent do not count.
    public let number: Int
    public let payload: Data
    public let priority: Int16
    public let maxAttempts: Int
    /// When its lane's rate lets it be performed; nil: at once.
    let slot: Slot?

    init(
        id: Int64, jobID: Int64, lane: Int64, laneKey: String, kind: String, number: Int, payload: Data, priority: Int16, maxAttempts: Int,
        slot: Slot? = nil
    ) {
        self.id = id
        self.jobID = jobID
        self.lane = lane
        self.laneKey = laneKey
        self.kind = kind
        self.number = number
        self.payload = payload
        self.priority = priority
        self.maxAttempts = maxAttempts
        self.slot = slot
    }

    /// To be called when its effect is out: when the last byte of a request is written to its socket. A lane with a rate then counts it at
    /// this time, not at that of its slot. Nil where nothing counts it.
    public var tookEffect: (@Sendable () -> Void)? {
        guard let slot else { return nil }
        return { [id] in slot.window.tookEffect(id, slot) }
    }

    /// It is over. Unless nothing can have come of it, it has had its effect by now.
    func end(_ result: AttemptResult) {
        if case .retry = result { slot?.window.ended(id) } else { tookEffect?() }
    }
}

/// What a kind says about an attempt just before it is performed.
public enum Admission: Sendable {
    case go
    /// Not now: again at a real time, at no cost.
    case postpone(until: Date, reason: String)
    /// Not any more: the job ends as cancelled, without `settle`.
    case drop(reason: String)
}

/// What came of performing an attempt.
public enum AttemptResult: Sendable {
    /// Done; a provider's own id for it is kept in the history.
    case done(providerID: String?)
    /// Provably not accepted: again after `after`, or after a backoff with full jitter. A penalty keeps the lane still for that long and
    /// halves its burst.
    case retry(after: Duration?, reason: String, costsAttempt: Bool, lanePenalty: Duration?)
    /// Given up.
    case dead(reason: String)
    /// It may have happened. Never repeated by the engine.
    case unknown(reason: String)
}

/// What `perform` hands to `settle` beside the result.
public protocol AttemptDetail: Sendable {
    /// What is kept for a person when `settle` cannot take it over.
    var bytes: Data { get }
}

extension Data: AttemptDetail {
    public var bytes: Data { self }
}

/// How an attempt ended, told to its kind in the transaction that ends it.
public struct Settlement: Sendable {
    public let attempt: Attempt
    /// Exhausted retries arrive as `.dead`, rescued intents of at-most-once kinds as `.unknown`.
    public let result: AttemptResult
    /// What `perform` returned; nil after a rescue.
    public let detail: (any AttemptDetail)?
    /// The attempt had been rescued before this result came: only what it proves (a provider's id) is news.
    public let isLate: Bool
    /// When the engine will try again, real time.
    public let willRetryAt: Date?
}

/// One kind of work, registered with `JobEngine`.
public protocol JobKind: Sendable {
    var name: String { get }
    var delivery: Delivery { get }
    /// Deadline of one attempt, counted from its intent.
    var leaseSeconds: Double { get }
    /// What `admit` looks at first. It runs in one round trip with the intent, after it, and for attempts that may turn out not to be ours
    /// any more: reads without locks of rows.
    func prepare(_ attempts: [Attempt]) -> [PostgresQuery]
    /// Decides in the transaction that writes the intent: one verdict an attempt, in their order. Lock rows in a fixed order.
    ///
    /// When it throws, nothing has been performed: the attempts are retried.
    /// - Parameter prepared: the answers to `prepare`.
    func admit(_ attempts: [Attempt], prepared: [PostgresRows], on db: PostgresConnection) async throws -> [Admission]
    /// The effect; `attempt.tookEffect` is called when it is out, or it counts for its lane's rate only once this ends. `detail` is handed to
    /// `settle` as it is.
    func perform(_ attempt: Attempt) async -> (AttemptResult, detail: (any AttemptDetail)?)
    /// From 0 (first) to 9: where in its lane the retry of this attempt stands once it is due; nil: where the attempt stood. Among equals
    /// the oldest job is first, so that many which fail again and again come before everything new.
    func retryPriority(_ attempt: Attempt) -> Int16?
    /// Takes the results over, in the transaction that ends the attempts. May be called again when that transaction failed.
    func settle(_ settlements: [Settlement], on db: PostgresConnection) async throws
}

extension JobKind {
    public var leaseSeconds: Double { 60 }
    public func prepare(_ attempts: [Attempt]) -> [PostgresQuery] { [] }
    public func admit(_ attempts: [Attempt], prepared: [PostgresRows], on db: PostgresConnection) async throws -> [Admission] {
        attempts.map { _ in .go }
    }
    public func retryPriority(_ attempt: Attempt) -> Int16? { nil }
    public func settle(_ settlements: [Settlement], on db: PostgresConnection) async throws {}
}
