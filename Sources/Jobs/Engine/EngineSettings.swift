/// How an engine works; the defaults suit a process of two cores.
public struct EngineSettings: Sendable {
    /// Attempts being performed, of all kinds. The more, the larger the batches, up to a point: with 256, 512 and 1,024 it sent 6,980, 7,900
    /// and 7,890 messages a second.
    public var maxInFlight = 512
    /// Attempts claimed whose slot is still to come.
    public var maxWaiting = 4096
    /// How long before its slot the intent of an attempt is written, at least and at most, or up to 25 ms earlier, with others; in between, half as
    /// long again as intents lately took. Longer, and a crash leaves more messages unknown; shorter, and a slow commit misses slots.
    public var intentLead: ClosedRange<Duration> = .milliseconds(15) ... .milliseconds(400)
    /// A lane that has missed its slots for this long is served late rather than not at all.
    public var starvation: Duration = .seconds(1)
    /// Lanes looked at by one claim, and attempts one lane gets of it.
    public var claimLanes = 64
    public var claimPerLane = 128
    /// Attempts admitted in one transaction; with 256 a tenth more a second than with 128.
    public var intendBatch = 256
    /// How long an idle engine sleeps at least and at most before it looks again.
    public var idle: ClosedRange<Duration> = .milliseconds(250) ... .seconds(1)
    public var heartbeat: Duration = .seconds(2)
    /// A worker without a heartbeat for this long is dead.
    public var staleAfter: Duration = .seconds(10)
    public var retryBase: Duration = .seconds(1)
    public var retryCap: Duration = .seconds(900)
    /// Completions in one transaction, how long they wait for others while more are being performed than have ended, and how many may wait before
    /// claiming stops. With 5 ms, and intents gathered over 10 ms instead of 25, four processes that share 1,000 messages a second took 7 % more of
    /// the machine's CPU and missed more slots (225 to 399 in 15 s instead of 102 to 426).
    public var flushRows = 500
    public var flushDelay: Duration = .milliseconds(10)
    public var maxUnflushed = 5000
    /// How long a graceful shutdown waits for what is being performed.
    public var drainLimit: Duration = .seconds(30)
    /// Partitions kept, in days.
    public var retentionDays = 90
    /// Listens for hints on a connection of its own; off behind PgBouncer in transaction mode.
    public var listens = true
    /// Shown in `jobs.worker`.
    public var name = "relevo"

    /// Room for attempts that a busy engine waits for before it claims.
    var leastRoom: Int { max(1, min(intendBatch, maxInFlight / 4)) }

    public init() {}
}
