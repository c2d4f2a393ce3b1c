import App
import CloudAPI
import Templates
import Testing

struct ManagementBudgetTests {
    private let start = ContinuousClock.now

    @Test func callsForTemplatesWaitFromNinetyPercent() throws {
        var budget = ManagementBudget()
        #expect(budget.trouble(of: "the WABA", at: start) == nil && budget.isOpen(at: start))
        budget.heard(89, at: start)
        #expect(budget.trouble(of: "the WABA", at: start) == nil)
        budget.heard(90, at: start)
        let trouble = try #require(budget.trouble(of: "the WABA", at: start + .seconds(20)))
        #expect(trouble.remedy == .wait && trouble.waitSeconds == 40 && trouble.message.hasPrefix("90 % of the WABA's"))
        #expect(!budget.isOpen(at: start + .seconds(20)))
        // One looks whether it has become less.
        #expect(budget.trouble(of: "the WABA", at: start + .seconds(60)) == nil && budget.isOpen(at: start + .seconds(60)))
    }

    @Test func metasOwnWaitIsKeptButNotForDays() {
        var budget = ManagementBudget()
        budget.heard(100, regainAccess: .seconds(1_200), at: start)
        #expect(budget.trouble(of: "the app", at: start)?.waitSeconds == 1_200)
        budget.heard(100, regainAccess: .seconds(600_000), at: start)
        #expect(budget.trouble(of: "the app", at: start)?.waitSeconds == 21_600)
    }

    @Test func aLowerAnswerOpensIt() {
        var budget = ManagementBudget()
        budget.heard(95, at: start)
        #expect(budget.trouble(of: "the app", at: start) != nil)
        budget.heard(40, at: start)
        #expect(budget.trouble(of: "the app", at: start) == nil)
    }
}
