public import Foundation

/// What a sandbox is started with.
public struct SandboxSettings: Sendable {
    public var host: String
    /// 0 takes a free one; `SandboxServer.boundPort` tells which.
    public var port: Int
    /// Everything that looks like chance follows from it.
    public var seed: UInt64
    /// Business seconds in one real second.
    public var speed: Double
    /// Business time at the start; nil is the real time.
    public var startAt: Date?
    /// Signs webhooks.
    public var appSecret: String
    /// Where webhooks go; nil, and nothing is sent until a control sets it.
    public var webhookURL: String?
    public var verifyToken: String?
    /// Tokens taken; empty takes every one.
    public var accessTokens: [String]
    public var scenario: SandboxScenario
    /// A file that gets one JSON line for every request, written before the request is answered.
    public var logFile: String?
    /// Requests kept for `GET /_sandbox/requests`.
    public var keptRequests: Int

    public init(
        host: String = "127.0.0.1", port: Int = 0, seed: UInt64 = 1, speed: Double = 1, startAt: Date? = nil, appSecret: String = "",
        webhookURL: String? = nil, verifyToken: String? = nil, accessTokens: [String] = [],
        scenario: SandboxScenario = SandboxScenario(), logFile: String? = nil, keptRequests: Int = 1_000_000
    ) {
        self.host = host
        self.port = port
        self.seed = seed
        self.speed = speed
        self.startAt = startAt
        self.appSecret = appSecret
        self.webhookURL = webhookURL
        self.verifyToken = verifyToken
        self.accessTokens = accessTokens
        self.scenario = scenario
        self.logFile = logFile
        self.keptRequests = keptRequests
    }
}

/// Why a sandbox cannot start.
public struct SandboxError: Error, CustomStringConvertible, Sendable {
    public var description: String
}
