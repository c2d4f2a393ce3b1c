public import Foundation

/// The world a sandbox begins with. Every key of its JSON form may be left out; unknown keys are ignored.
public struct SandboxScenario: Codable, Sendable {
    public var wabas: [WABASeed]
    public var numbers: [NumberSeed]
    public var templates: [TemplateSeed]
    public var people: [PersonSeed]
    /// Numbers that a client connects by hand: Embedded Signup, coexistence, On-Premises.
    public var connections: [ConnectionSeed]
    /// Business portfolio to the unique users it may write to outside windows in 24 hours; one that is not named has no limit.
    public var portfolioLimits: [String: Int]
    public var rules: SandboxRules

    public init(
        wabas: [WABASeed] = [], numbers: [NumberSeed] = [], templates: [TemplateSeed] = [], people: [PersonSeed] = [],
        connections: [ConnectionSeed] = [], portfolioLimits: [String: Int] = [:], rules: SandboxRules = SandboxRules()
    ) {
        self.wabas = wabas
        self.numbers = numbers
        self.templates = templates
        self.people = people
        self.connections = connections
        self.portfolioLimits = portfolioLimits
        self.rules = rules
    }

    /// Reads a scenario file.
    public init(contentsOf file: URL) throws {
        self = try JSONDecoder().decode(SandboxScenario.self, from: try Data(contentsOf: file))
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            wabas: try values.read(.wabas, or: []), numbers: try values.read(.numbers, or: []),
            templates: try values.read(.templates, or: []), people: try values.read(.people, or: []),
            connections: try values.read(.connections, or: []), portfolioLimits: try values.read(.portfolioLimits, or: [:]),
            rules: try values.read(.rules, or: SandboxRules()))
    }

    enum CodingKeys: String, CodingKey {
        case wabas, numbers, templates, people, connections, rules
        case portfolioLimits = "portfolio_limits"
    }
}

/// How the simulated Meta behaves where its documentation leaves room. Times are business time.
public struct SandboxRules: Codable, Sendable {
    /// Seconds from acceptance to `sent`.
    public var sentAfter: Double = 0.2
    /// Seconds from acceptance to `delivered`, least and most.
    public var deliveredAfter: [Double] = [1, 3]
    /// Seconds from `delivered` to `read`, least and most.
    public var readAfter: [Double] = [5, 60]
    /// Share of people who read.
    public var readShare: Double = 0.8
    /// Delivered messages after which a template of quality UNKNOWN becomes GREEN.
    public var greenAfter: Int = 20
    /// How long a one-time code is good.
    public var codeMinutes: Double = 10
    /// How long a new template is under review.
    public var reviewMinutes: Double = 10
    /// Whether free-form messages outside the 24-hour window fail with 131047.
    public var serviceWindow: Bool = true
    /// Whether the budget of management calls is enforced; it is counted in any case.
    public var managementLimits: Bool = false

    public init() {}

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        sentAfter = try values.read(.sentAfter, or: sentAfter)
        deliveredAfter = try values.read(.deliveredAfter, or: deliveredAfter)
        readAfter = try values.read(.readAfter, or: readAfter)
        readShare = try values.read(.readShare, or: readShare)
        greenAfter = try values.read(.greenAfter, or: greenAfter)
        codeMinutes = try values.read(.codeMinutes, or: codeMinutes)
        reviewMinutes = try values.read(.reviewMinutes, or: reviewMinutes)
        serviceWindow = try values.read(.serviceWindow, or: serviceWindow)
        managementLimits = try values.read(.managementLimits, or: managementLimits)
    }

    enum CodingKeys: String, CodingKey {
        case sentAfter = "sent_after"
        case deliveredAfter = "delivered_after"
        case readAfter = "read_after"
        case readShare = "read_share"
        case greenAfter = "green_after"
        case codeMinutes = "code_minutes"
        case reviewMinutes = "review_minutes"
        case serviceWindow = "service_window"
        case managementLimits = "management_limits"
    }
}

extension KeyedDecodingContainer {
    func read<Value: Decodable>(_ key: Key, or fallback: Value) throws -> Value { try decodeIfPresent(Value.self, forKey: key) ?? fallback }
}
