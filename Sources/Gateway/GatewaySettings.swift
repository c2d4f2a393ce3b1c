public import CloudAPI

/// How the gateway behaves. Meta's limits are data: `gateway.limit_rule`.
public struct GatewaySettings: Sendable {
    /// The share of Meta's rate that is used: what is paced here arrives there a little bunched.
    public var pace = 0.99
    /// How long an idempotency key is remembered.
    public var idempotencyPeriod: Duration = .seconds(86400)
    /// Longest pause after an error for which a message stays queued; a longer one fails it.
    public var longestWait: Duration = .seconds(3600)
    /// Business time after which an `unknown` message is for a person.
    public var unknownDeadline: Duration = .seconds(86400)
    /// Attempts that Meta refused for a passing reason before a message fails.
    public var maxAttempts = 10
    /// Largest body of a message, in bytes.
    public var maximumBody = 256 << 10
    /// Days that messages are kept with their history after the last that happened to them, 60 or more: Meta tells what became of one for up to
    /// 30 days, and a step of a rebuild counts that long. 13 months, so that a year can be held against the one before.
    public var retentionDays = 400
    /// Whether messages go to premium-rate, shared-cost and international freephone numbers, at which there is no person.
    public var allowsPremiumNumbers = false
    /// How often `wait` looks when no word came from this process.
    public var waitPoll: Duration = .milliseconds(100)
    public var rules = ErrorRules.standard

    public init() {}
}
