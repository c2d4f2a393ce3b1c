/// The error table: (code, subcode, scope) to class, action and time. Rules given later win over earlier ones that are as specific.
///
/// The HTTP status never decides: Meta's own pages and recorded answers disagree about it.
public struct ErrorRules: Sendable {
    /// Meta's codes as documented in September 2026, with what public clients have seen.
    public static let standard = ErrorRules(
        rules: accountRules + throttleRules + transientRules + messageRules + templateRules + registrationRules)

    public let rules: [ErrorRule]
    private let exact: [Int: [ErrorRule]]
    private let ranges: [ErrorRule]

    public init(rules: [ErrorRule]) {
        self.rules = rules
        exact = Dictionary(grouping: rules.filter { $0.code.count == 1 }, by: \.code.lowerBound)
        ranges = rules.filter { $0.code.count > 1 }
    }

    /// The table with further rules, which win.
    public func adding(_ more: [ErrorRule]) -> ErrorRules { ErrorRules(rules: rules + more) }

    /// The class by the standard table.
    public static func classify(_ code: Int?, subcode: Int? = nil, scope: ErrorScope) -> ErrorClass {
        standard.verdict(code: code, subcode: subcode, scope: scope).errorClass
    }

    /// The verdict on an error. A code without a rule is for a person.
    public func verdict(on error: GraphError, scope: ErrorScope) -> ErrorVerdict {
        if error.code == nil, error.status == 429 {
            return ErrorVerdict(
                errorClass: .safeRetry, action: .slowLane, wait: .seconds(30),
                advice: "Something before Meta's API asked to slow down (HTTP 429).", isKnown: true)
        }
        // 2388xxx and the like come as subcodes of 100, on some edges as codes.
        if let subcode = error.subcode, error.code == 100 || error.code == nil, let rule = rule(code: subcode, subcode: nil, scope: scope) {
            return verdict(rule)
        }
        return verdict(code: error.code, subcode: error.subcode, scope: scope)
    }

    public func verdict(code: Int?, subcode: Int? = nil, scope: ErrorScope) -> ErrorVerdict {
        if let code, let rule = rule(code: code, subcode: subcode, scope: scope) { return verdict(rule) }
        let what = code.map { "Relevo does not know error \($0)" } ?? "The answer carried no error code"
        return ErrorVerdict(
            errorClass: .human, action: .none, wait: nil, advice: "\(what): a person has to read it and decide.", isKnown: false)
    }

    private func verdict(_ rule: ErrorRule) -> ErrorVerdict {
        ErrorVerdict(
            errorClass: rule.errorClass, action: rule.action, wait: rule.waitSeconds.map { .seconds($0) }, advice: rule.advice,
            isKnown: true)
    }

    private func rule(code: Int, subcode: Int?, scope: ErrorScope) -> ErrorRule? {
        func weight(_ rule: ErrorRule) -> Int { (rule.subcode == nil ? 0 : 2) + (rule.scope == nil ? 0 : 1) }
        func best(_ candidates: [ErrorRule]) -> ErrorRule? {
            var winner: ErrorRule?
            for rule in candidates where rule.code.contains(code) {
                guard rule.subcode == nil || rule.subcode == subcode, rule.scope == nil || rule.scope == scope else { continue }
                if winner.map({ weight(rule) >= weight($0) }) ?? true { winner = rule }
            }
            return winner
        }
        return best(exact[code] ?? []) ?? best(ranges)
    }
}
