package import CloudAPI
import Synchronization
package import Templates

/// How much of a WABA's budget of management calls is used, as the headers of Meta's answers tell (`X-App-Usage`, `X-Business-Use-Case-Usage`).
///
/// At 100 percent Meta refuses everything, also what a number in the middle of its cut-over needs. So what may as well come later, reading and
/// copying templates, waits before that. The calls of a move never wait for it: each has its own answer to a refusal.
package struct ManagementBudget: Sendable {
    /// Percent from which calls for templates wait. Meta advises to back off from about 90.
    package static let reserve = 90
    /// From the last answer to the next call that looks whether it is less: what was called an hour ago is let go minute by minute.
    package static let pause: Duration = .seconds(60)
    /// A wait that a header asks for is believed up to this.
    package static let longest: Duration = .seconds(6 * 3600)

    private var percent = 0
    private var opens: ContinuousClock.Instant?

    package init() {}

    /// Takes note of an answer. Answers may come in another order than they were given: the next one puts it right.
    package mutating func heard(_ usage: GraphUsage, at now: ContinuousClock.Instant) {
        guard let highest = usage.highest else { return }
        percent = highest
        let wait = highest >= Self.reserve ? max(Self.pause, min(usage.regainAccess ?? .zero, Self.longest)) : .zero
        opens = wait > .zero ? now + wait : nil
    }

    /// Why a call for templates must wait, and for how long; nil: it may go.
    package func trouble(at now: ContinuousClock.Instant) -> GraphTrouble? {
        guard let opens, opens > now else { return nil }
        return GraphTrouble(
            .wait,
            message:
                "\(percent) % of the WABA's management calls are used: calls for templates wait, so that numbers that move find some left.",
            waitSeconds: (opens - now) / .seconds(1))
    }
}

/// The budgets of a process, by WABA.
final class ManagementBudgets: Sendable {
    private let budgets = Mutex<[String: ManagementBudget]>([:])
    /// WABAs remembered.
    private static let most = 10_000

    func heard(_ usage: GraphUsage?, of waba: String) {
        guard let usage, usage.highest != nil else { return }
        budgets.withLock { budgets in
            if budgets.count >= Self.most, budgets[waba] == nil { budgets.removeAll() }
            budgets[waba, default: ManagementBudget()].heard(usage, at: .now)
        }
    }

    func check(_ waba: String) throws {
        if let trouble = budgets.withLock({ $0[waba]?.trouble(at: .now) }) { throw trouble }
    }
}
