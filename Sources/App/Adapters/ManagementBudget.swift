package import CloudAPI
import Synchronization
package import Templates

/// How much of a budget of management calls is used, as the headers of Meta's answers tell: a WABA's (`X-Business-Use-Case-Usage`), or the app's,
/// which all WABAs share (`X-App-Usage`).
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
    /// - Parameter regainAccess: when Meta says that it opens again.
    package mutating func heard(_ percent: Int, regainAccess: Duration? = nil, at now: ContinuousClock.Instant) {
        self.percent = percent
        let wait = percent >= Self.reserve ? max(Self.pause, min(regainAccess ?? .zero, Self.longest)) : .zero
        opens = wait > .zero ? now + wait : nil
    }

    /// Whether it holds no calls back, or not any more.
    package func isOpen(at now: ContinuousClock.Instant) -> Bool { opens.map { $0 <= now } ?? true }

    /// Why a call for templates must wait, and for how long; nil: it may go.
    /// - Parameter whose: `the WABA` or `the app`.
    package func trouble(of whose: String, at now: ContinuousClock.Instant) -> GraphTrouble? {
        guard let opens, opens > now else { return nil }
        return GraphTrouble(
            .wait,
            message:
                "\(percent) % of \(whose)'s management calls are used: calls for templates wait, so that numbers that move find some left.",
            waitSeconds: (opens - now) / .seconds(1))
    }
}

/// The budgets of a process: the app's, and those of WABAs of which less than a tenth is left.
final class ManagementBudgets: Sendable {
    private struct State {
        var app = ManagementBudget()
        var wabas: [String: ManagementBudget] = [:]
    }

    private let state = Mutex(State())
    /// WABAs remembered.
    private static let most = 10_000

    func heard(_ usage: GraphUsage?, of waba: String) {
        guard let usage else { return }
        let now = ContinuousClock.now
        state.withLock { state in
            if let percent = usage.app { state.app.heard(percent, at: now) }
            guard let percent = usage.business else { return }
            var budget = ManagementBudget()
            budget.heard(percent, regainAccess: usage.regainAccess, at: now)
            // One that is open is as one that was never heard of.
            state.wabas[waba] = budget.isOpen(at: now) ? nil : budget
            guard state.wabas.count > Self.most else { return }
            state.wabas = state.wabas.filter { !$0.value.isOpen(at: now) }
            if state.wabas.count > Self.most { state.wabas[waba] = nil }
        }
    }

    func check(_ waba: String) throws {
        let now = ContinuousClock.now
        let trouble = state.withLock { $0.app.trouble(of: "the app", at: now) ?? $0.wabas[waba]?.trouble(of: "the WABA", at: now) }
        if let trouble { throw trouble }
    }
}
