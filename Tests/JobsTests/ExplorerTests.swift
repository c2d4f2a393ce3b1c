import Foundation
import Testing

@testable import Jobs

/// Every order in which two or three sessions can run the engine's statements.
@Suite struct ExplorerTests {
    /// Whole statements, every order of two sessions; of three, with up to three switches away from a session that could go on.
    @Test(arguments: Explorer.Scenario.all) func nothingIsWrongBetweenStatements(scenario: Explorer.Scenario) async throws {
        let start = ContinuousClock.now
        let report = try await Explorer(insideStatements: false, mostSwitches: scenario.sessions.count > 2 ? 1 : nil).explore(scenario)
        print("EXPLORED", scenario.name, report.schedules, report.steps, report.waits, ContinuousClock.now - start)
        #expect(report.violations.isEmpty, "\(report.violations)")
    }

    /// Also between what a statement has seen and what it locks or writes, with up to two switches.
    @Test(arguments: Explorer.Scenario.all) func nothingIsWrongInsideStatements(scenario: Explorer.Scenario) async throws {
        let start = ContinuousClock.now
        let report = try await Explorer(insideStatements: true, mostSwitches: 1).explore(scenario)
        print("EXPLORED", scenario.name, report.schedules, report.steps, report.waits, ContinuousClock.now - start)
        #expect(report.violations.isEmpty, "\(report.violations)")
    }
}
