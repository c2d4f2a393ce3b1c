public import Foundation
public import Postgres

/// A job to be enqueued.
public struct NewJob: Sendable {
    public var lane: Int64
    public var kind: String
    public var payload: Data
    /// Smaller is sooner, inside the lane.
    public var priority: Int16
    public var maxAttempts: Int
    /// Not before this real time.
    public var runAt: Date?
    /// A second job with the same scope and key within `keepFor` is not made.
    public var dedupe: (scope: String, key: String, keepFor: Duration)?

    public init(
        lane: Int64, kind: String, payload: Data, priority: Int16 = 4, maxAttempts: Int = 10, runAt: Date? = nil,
        dedupe: (scope: String, key: String, keepFor: Duration)? = nil
    ) {
        self.lane = lane
        self.kind = kind
        self.payload = payload
        self.priority = priority
        self.maxAttempts = maxAttempts
        self.runAt = runAt
        self.dedupe = dedupe
    }
}

/// Where one job is.
public struct JobPlace: Sendable, Equatable {
    /// `ready`, `later`, `running` or `dead`.
    public let place: String
    /// When it becomes due, or its lease ends; real time.
    public let until: Date?
    public let attempt: Int?
    /// Why it is there, in plain words.
    public let reason: String?
}

/// Puts work in and takes it out, in the caller's transaction.
public enum JobQueue {
    /// Enqueues in one statement; ids in the order given, nil for a duplicate by its key.
    public static func enqueue(_ jobs: [NewJob], on db: some PostgresExecutor) async throws -> [Int64?] {
        guard !jobs.isEmpty else { return [] }
        let ids = try await db.query("SELECT \(enqueue: jobs)").decodeFirst([Int64?].self)
        wake(after: db)
        return ids ?? []
    }

    /// Tells the engines of this process to look for work once a transaction in which jobs were enqueued is committed.
    public static func wake(after db: some PostgresExecutor) { db.afterCommit { JobSignal.raise() } }

    /// Cancels what has not begun; returns the ids really cancelled. A job whose intent is written is not among them.
    public static func cancel(_ jobs: [Int64], reason: String = "cancelled", on db: some PostgresExecutor) async throws -> [Int64] {
        guard !jobs.isEmpty else { return [] }
        return try await db.query("SELECT jobs.cancel(\(jobs), \(clean(reason)))").decode(Int64.self)
    }

    /// Business time.
    public static func now(on db: some PostgresExecutor) async throws -> Date {
        guard let now = try await db.query("SELECT jobs.now()").decodeFirst(Date.self) else { return Date() }
        return now
    }

    /// When a job was handed in, real time of the database: its id says so.
    public static func handedIn(_ job: Int64) -> Date { Date(timeIntervalSince1970: Double((job >> 22) + 1_704_067_200_000) / 1000) }

    /// Where a job is and why; nil when it has ended.
    public static func place(of job: Int64, on db: some PostgresExecutor) async throws -> JobPlace? {
        try await db.query("SELECT place, until, attempt, reason FROM jobs.place(\(job))")
            .decodeFirst((String, Date?, Int?, String?).self)
            .map { JobPlace(place: $0.0, until: $0.1, attempt: $0.2, reason: $0.3) }
    }

    /// Text that PostgreSQL can store: without U+0000, and bounded.
    static func clean(_ text: String) -> String {
        // Nearly all texts are as they should be.
        if text.utf8.count <= 2000, !text.utf8.contains(0) { return text }
        return String(text.replacing("\u{0}", with: "\u{FFFD}").prefix(2000))
    }
}

extension PostgresQuery.Interpolation {
    /// Enqueues as part of a larger statement: an expression of type `bigint[]`, ids in the order given, NULL for a duplicate by its key.
    /// To be followed by `JobQueue.wake(after:)`.
    public mutating func appendInterpolation(enqueue jobs: [NewJob]) {
        appendLiteral("jobs.enqueue(")
        appendInterpolation(jobs.map(\.lane))
        appendLiteral(", ")
        appendInterpolation(jobs.map(\.kind))
        appendLiteral(", ")
        appendInterpolation(jobs.map(\.payload))
        appendLiteral(", ")
        appendInterpolation(jobs.map(\.priority))
        appendLiteral(", ")
        appendInterpolation(jobs.map { Int16(clamping: max(1, $0.maxAttempts)) })
        appendLiteral(", ")
        appendInterpolation(jobs.map(\.runAt))
        appendLiteral(", ")
        appendInterpolation(jobs.map { $0.dedupe?.scope })
        appendLiteral(", ")
        appendInterpolation(jobs.map { $0.dedupe?.key })
        appendLiteral(", ")
        appendInterpolation(jobs.map { $0.dedupe.map { $0.keepFor / .seconds(1) } })
        appendLiteral(")")
    }
}
