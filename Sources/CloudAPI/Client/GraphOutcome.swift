public import Foundation

/// How a call ended, by what is certain about it.
public enum GraphOutcome<Value: Sendable>: Sendable {
    /// Meta said yes and the answer could be read.
    case success(Value, GraphResponse)
    /// Meta said no. Nothing was carried out, unless the code's class is `.reconcile`.
    case refused(GraphError, GraphResponse)
    /// Provably nothing reached Meta: no connection, no TLS, or not one byte of the body was written.
    case notSent(String)
    /// It may have been carried out: time ran out or the connection ended after the request began, a 5xx, or a 2xx that cannot be read.
    case ambiguous(String, GraphError?)

    public var value: Value? {
        guard case .success(let value, _) = self else { return nil }
        return value
    }

    public var error: GraphError? {
        switch self {
        case .refused(let error, _): error
        case .ambiguous(_, let error): error
        default: nil
        }
    }

    public var usage: GraphUsage? {
        switch self {
        case .success(_, let response), .refused(_, let response): response.usage
        default: nil
        }
    }

    /// One sentence for a log or a timeline; no secrets.
    public var summary: String {
        switch self {
        case .success: "done"
        case .refused(let error, _): "refused: \(error)"
        case .notSent(let reason): "not sent: \(reason)"
        case .ambiguous(let reason, let error): "not known: \(reason)" + (error.map { " (\($0))" } ?? "")
        }
    }

    public func map<Other: Sendable>(_ transform: (Value) -> Other) -> GraphOutcome<Other> {
        switch self {
        case .success(let value, let response): .success(transform(value), response)
        case .refused(let error, let response): .refused(error, response)
        case .notSent(let reason): .notSent(reason)
        case .ambiguous(let reason, let error): .ambiguous(reason, error)
        }
    }
}

/// The answer around a value.
public struct GraphResponse: Sendable {
    public var status: Int
    /// As it came.
    public var body: Data
    public var contentType: String?
    public var usage: GraphUsage

    public init(status: Int, body: Data, contentType: String? = nil, usage: GraphUsage = GraphUsage()) {
        self.status = status
        self.body = body
        self.contentType = contentType
        self.usage = usage
    }
}

/// How much of the call budgets is used: Meta throttles at 100 percent.
public struct GraphUsage: Sendable, Equatable {
    /// The highest percentage of `X-App-Usage`.
    public var app: Int?
    /// The highest percentage of `X-Business-Use-Case-Usage` for WhatsApp.
    public var business: Int?
    /// When the budget opens again, of the latest that is closed.
    public var regainAccess: Duration?

    public init(app: Int? = nil, business: Int? = nil, regainAccess: Duration? = nil) {
        self.app = app
        self.business = business
        self.regainAccess = regainAccess
    }

    /// Reads the two headers; what cannot be read is left out.
    public init(appUsage: String?, businessUsage: String?) {
        func highest(_ json: JSONValue) -> Int? {
            ["call_count", "total_cputime", "total_time"].compactMap { json[$0]?.double }.filter(\.isFinite)
                .map { Int(min(max($0, 0), 1_000_000).rounded(.up)) }.max()
        }
        app = appUsage.flatMap { try? JSONValue(parsing: $0.utf8) }.flatMap(highest)
        let groups = businessUsage.flatMap { try? JSONValue(parsing: $0.utf8) }?.object?.members.flatMap { $0.value.elements ?? [] } ?? []
        business = groups.compactMap(highest).max()
        let minutes = groups.compactMap { $0["estimated_time_to_regain_access"]?.integer }.max() ?? 0
        regainAccess = minutes > 0 ? .seconds(min(minutes, 10_000) * 60) : nil
    }
}
