package import CloudAPI
package import Templates

/// Translates what is certain about a Graph call into what may be done about it.
package enum Trouble {
    /// Whether a call changes anything at Meta: a read that was cut off can simply be made again.
    package enum Effect: Sendable { case read, write }

    /// The value of an outcome. Throws `GraphTrouble` for every other end.
    package static func value<Value: Sendable>(
        _ outcome: GraphOutcome<Value>, _ effect: Effect, scope: ErrorScope, rules: ErrorRules = .standard
    ) throws -> Value {
        if case .success(let value, _) = outcome { return value }
        throw trouble(outcome, effect, scope: scope, rules: rules)
    }

    /// As `value`, for calls without an answer; nil stands for success.
    package static func trouble<Value: Sendable>(
        _ outcome: GraphOutcome<Value>, _ effect: Effect, scope: ErrorScope, rules: ErrorRules = .standard
    ) -> GraphTrouble {
        switch outcome {
        case .success: return GraphTrouble(.person, message: "nothing is wrong")
        case .notSent(let reason): return GraphTrouble(.retry, message: "not sent: \(reason)")
        case .ambiguous(let reason, let error):
            return GraphTrouble(
                effect == .read ? .retry : .reconcile, code: error?.code, subcode: error?.subcode,
                message: error.map { "\(reason): \($0.message)" } ?? reason)
        case .refused(let error, let response):
            let verdict = rules.verdict(on: error, scope: scope)
            var wait = verdict.wait.map { $0 / .seconds(1) }
            if let regain = response.usage.regainAccess { wait = max(wait ?? 0, regain / .seconds(1)) }
            let remedy: GraphTrouble.Remedy =
                switch verdict.errorClass {
                case .safeRetry: .retry
                case .wait: .wait
                case .reconcile: effect == .read ? .retry : .reconcile
                case .fix, .never, .human: .person
                }
            return GraphTrouble(
                remedy, code: error.code, subcode: error.subcode, message: [text(error), verdict.advice].joined(separator: " "),
                waitSeconds: wait)
        }
    }

    private static func text(_ error: GraphError) -> String {
        let parts = [error.message, error.details, error.userMessage].compactMap { $0 }.filter { !$0.isEmpty }
        var seen: Set<String> = []
        let text = parts.filter { seen.insert($0).inserted }.joined(separator: ": ")
        return text.hasSuffix(".") ? text : text + "."
    }
}
