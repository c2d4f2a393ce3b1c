import Foundation
import Testing

@testable import Jobs

/// Every order in which two or three sessions can run the engine's statements.
///
/// The number of orders grows with the switches away from a session that could go on; nearly every fault of this kind needs one or two of
/// them. `RELEVO_EXPLORER_SWITCHES` sets their number, `all` for every order there is: that takes hours.
@Suite struct ExplorerTests {
    private static let wanted = ProcessInfo.processInfo.environment["RELEVO_EXPLORER_SWITCHES"]

    private static func switches(_ usual: Int?) -> Int? { wanted.map { $0 == "all" ? nil : Int($0) } ?? usual }

    /// Whole statements: every order of two sessions of one transaction each.
    @Test(arguments: Explorer.Scenario.all) func nothingIsWrongBetweenStatements(scenario: Explorer.Scenario) async throws {
        let isShort = scenario.sessions.count == 2 && scenario.sessions.allSatisfy { $0.transactions.count == 1 }
        let explorer = Explorer(insideStatements: false, mostSwitches: Self.switches(isShort ? nil : 1))
        try await expectNothing(explorer, scenario)
    }

    /// Also between what a statement has seen and what it locks or writes.
    @Test(arguments: Explorer.Scenario.all) func nothingIsWrongInsideStatements(scenario: Explorer.Scenario) async throws {
        let explorer = Explorer(insideStatements: true, mostSwitches: Self.switches(1))
        try await expectNothing(explorer, scenario)
    }

    private func expectNothing(_ explorer: Explorer, _ scenario: Explorer.Scenario) async throws {
        let report = try await explorer.explore(scenario)
        #expect(report.violations.isEmpty, "\(report.violations)")
        #expect(report.schedules > 1)
    }
}
