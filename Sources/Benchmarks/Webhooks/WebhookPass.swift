import App
import Postgres

/// One database: what was handed over to it, and what it held in the end.
struct WebhookPass: Sendable {
    var environment: MeasuredOn
    var records: [WebhookDelivery.Record]
    var failures: [String: Int]
    var kill: WebhookKill?
    /// Whether every POST was worked on in time.
    var isDone: Bool
    var stored: StoredPosts
    var costs: WebhookCosts
    var states: FinalStates

    var outage: Outage? { kill.map { Outage(killed: $0.killed, ended: $0.ended, records) } }
    var unanswered: Int { records.count { $0.answered == nil } }
}

/// What was used from the first POST to the end of all work.
package struct WebhookCosts: Codable, Sendable {
    /// Processor time of Relevo's processes, with their start.
    package var relevoCpuSeconds: Double
    /// Of this process, which plays Meta.
    package var senderCpuSeconds: Double
    /// Nil when the server is on another machine.
    package var databaseCpuSeconds: Double?
    package var walBytesPerEvent: Double
    /// The most memory that one of Relevo's processes held.
    package var relevoPeakMib: Double

    init(_ usage: ProcessUsage, from before: Spending, to after: Spending, sender: Int64, events: Int) {
        relevoCpuSeconds = Double(usage.micros) / 1e6
        senderCpuSeconds = Double(sender) / 1e6
        databaseCpuSeconds = after.serverMicros.flatMap { now in before.serverMicros.map { Double(now - $0) / 1e6 } }
        walBytesPerEvent = Double(after.walBytes - before.walBytes) / Double(max(1, events))
        relevoPeakMib = Double(usage.peakKiB) / 1024
    }
}

/// What live processes have used, summed up.
struct ProcessUsage: Sendable {
    var micros: Int64 = 0
    var peakKiB = 0

    mutating func add(_ processes: [ChildProcess]) {
        for process in processes {
            micros += ProcessTimes.used(process.id) ?? 0
            peakKiB = max(peakKiB, ProcessTimes.peakKiB(process.id) ?? 0)
        }
    }
}

/// A process that was ended without a word.
struct WebhookKill: Sendable {
    /// Just before, and when it was gone.
    var killed: Int64
    var ended: Int64
    var usage: ProcessUsage

    /// Ends the first process at `time` and starts it again at once.
    init(first workers: Workers.Fleet, at time: Int64, again command: String) async throws {
        try await WebhookDelivery.sleep(until: time)
        var usage = ProcessUsage()
        let first = await Array(workers.processes.prefix(1))
        usage.add(first)
        killed = MonotonicTime.micros
        await workers.killFirst()
        ended = MonotonicTime.micros
        self.usage = usage
        try await workers.start(command)
    }
}

/// What the database tells of the POSTs that came.
struct StoredPosts: Sendable {
    var posts: Int
    var pending: Int
    var problems: Int
    /// Came again after they had been stored: their 200 was lost.
    var repeats: Int
    var updates: Int
    /// From the last receipt, and from the first, to the last that was worked on.
    var drainSeconds: Double
    var seconds: Double
    /// From receipt to worked on, of each POST.
    var millis: Percentiles
    /// Attempts to work on a POST that had to be repeated, by their reason.
    var retries: [String: Int]
    var deadlocks: Int

    init(_ db: some PostgresExecutor) async throws {
        let row = try await db.query(
            """
            SELECT count(*), count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'problem'),
                coalesce((SELECT sum(count) FROM webhooks.repeat), 0), coalesce(sum(updates), 0),
                coalesce(extract(epoch FROM max(processed_at) - max(received_at)), 0)::float8,
                coalesce(extract(epoch FROM max(processed_at) - min(received_at)), 0)::float8
            FROM webhooks.post
            """
        ).decodeFirst((Int, Int, Int, Int, Int, Double, Double).self)
        (posts, pending, problems, repeats, updates, drainSeconds, seconds) = row ?? (0, 0, 0, 0, 0, 0, 0)
        millis = Percentiles(
            try await db.query(
                "SELECT (extract(epoch FROM processed_at - received_at) * 1000)::float8 FROM webhooks.post WHERE processed_at IS NOT NULL"
            ).decode(Double.self))
        let reasons = try await db.query(
            "SELECT left(coalesce(reason, ''), 80), count(*) FROM jobs.outcome WHERE result = 'R' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10"
        ).decode((String, Int).self)
        retries = Dictionary(reasons.map { ($0.0, $0.1) }) { first, _ in first }
        deadlocks =
            try await db.query("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").decodeFirst(Int.self) ?? 0
    }
}

extension ScratchWorld {
    /// Waits until every POST was worked on; false when the time was over before.
    func routed(within limit: Duration) async throws -> Bool {
        let end = ContinuousClock.now + limit
        repeat {
            let isDone = try await parts.client.query("SELECT NOT EXISTS (SELECT FROM webhooks.post WHERE state = 'pending')")
                .decodeFirst(Bool.self)
            if isDone == true { return true }
            try await Task.sleep(for: .milliseconds(200))
        } while ContinuousClock.now < end
        return false
    }
}
