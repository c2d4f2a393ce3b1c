/// Bounds of the intake.
public struct WebhookSettings: Sendable, Equatable {
    /// Meta sends at most 3 MB in one POST; larger bodies are refused with 413.
    public var largestBody = 4 << 20
    /// POSTs worked on at once, by all processes: those of one process go together, see `WebhookKind`.
    public var parallel = 128
    /// Raw bodies that were routed are kept for this long; Meta itself repeats for seven days and has no history to ask.
    public var retentionDays = 30
    /// Rows deleted in one statement.
    public var sweepBatch = 1_000
    /// From one sweep to the next.
    public var sweepEvery: Duration = .seconds(3_600)

    /// Words that end marketing to whoever writes them, and begin it again.
    public var words = StopWords()

    public init() {}
}
