import App
import CloudAPI
import Templates
import Testing

struct ManagementBudgetTests {
    private let start = ContinuousClock.now

    @Test func callsForTemplatesWaitFromNinetyPercent() throws {
        var budget = ManagementBudget()
        #expect(budget.trouble(at: start) == nil)
        budget.heard(GraphUsage(app: 12, business: 89), at: start)
        #expect(budget.trouble(at: start) == nil)
        budget.heard(GraphUsage(app: 12, business: 90), at: start)
        let trouble = try #require(budget.trouble(at: start + .seconds(20)))
        #expect(trouble.remedy == .wait && trouble.waitSeconds == 40 && trouble.message.hasPrefix("90 %"))
        // One looks whether it has become less.
        #expect(budget.trouble(at: start + .seconds(60)) == nil)
    }

    @Test func theAppsOwnBudgetCountsAsWell() {
        var budget = ManagementBudget()
        budget.heard(GraphUsage(app: 97, business: 3), at: start)
        #expect(budget.trouble(at: start) != nil)
    }

    @Test func metasOwnWaitIsKeptButNotForDays() {
        var budget = ManagementBudget()
        budget.heard(GraphUsage(business: 100, regainAccess: .seconds(1_200)), at: start)
        #expect(budget.trouble(at: start)?.waitSeconds == 1_200)
        budget.heard(GraphUsage(business: 100, regainAccess: .seconds(600_000)), at: start)
        #expect(budget.trouble(at: start)?.waitSeconds == 21_600)
    }

    @Test func aLowerAnswerOpensItAndOneWithoutHeadersSaysNothing() {
        var budget = ManagementBudget()
        budget.heard(GraphUsage(business: 95), at: start)
        budget.heard(GraphUsage(), at: start)
        #expect(budget.trouble(at: start) != nil)
        budget.heard(GraphUsage(business: 40), at: start)
        #expect(budget.trouble(at: start) == nil)
    }
}
