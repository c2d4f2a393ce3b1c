import Fleet
import Foundation
import Postgres
import Testing

@testable import Migration

@Suite struct PlanTests {
    static let rows = [Scenario.Row(ref: "A-1", phone: "+16505550101"), Scenario.Row(ref: "B-1", phone: "+16505550102", wave: 1)]

    @Test func anImportTellsWhatWasAddedChangedAndRemoved() async throws {
        try await Scenario.with(arm: false) { s in
            let first = try await s.migrations.fleet.importFile(Scenario.file(Self.rows), name: "a.csv", by: "ana")
            #expect(first.added == ["A-1", "B-1"] && first.changed.isEmpty && first.removed.isEmpty)
            let same = try await s.migrations.fleet.importFile(Scenario.file(Self.rows), name: "a.csv", by: "ana")
            #expect(same.unchanged && same.revision.id == first.revision.id)
            var changed = Self.rows
            changed[0].more = ["priority": "1"]
            changed[1] = Scenario.Row(ref: "C-1", phone: "+16505550103")
            let second = try await s.migrations.fleet.importFile(Scenario.file(changed), name: "b.csv", by: "eva")
            #expect(second.added == ["C-1"] && second.changed == ["A-1"] && second.removed == ["B-1"])
            let current = try #require(try await s.migrations.fleet.current())
            #expect(current.revision.id == second.revision.id)
            #expect(current.fleet.rows.map(\.rowRef) == ["A-1", "C-1"] && current.fleet.rows[0].priority == 1)
            // The rows of a plan are those of its own revision.
            let before = try await s.migrations.fleet.rows(revision: first.revision.id)
            #expect(before.map(\.rowRef) == ["A-1", "B-1"] && before[0].priority == 3)
            #expect(try await s.migrations.fleet.rows(revision: second.revision.id) == current.fleet.rows)
        }
    }

    @Test func aFileWithErrorsImportsNothingUnlessTheGoodRowsAreAskedFor() async throws {
        try await Scenario.with(arm: false) { s in
            let file = Scenario.file([Self.rows[0], Scenario.Row(ref: "X-1", phone: "+999")])
            let error = await #expect(throws: MigrationError.self) {
                try await s.migrations.fleet.importFile(file, name: "a.csv", by: "ana")
            }
            #expect(error?.code == .rejectedRows)
            #expect(try await s.migrations.fleet.current() == nil)
            let accepted = try await s.migrations.fleet.importFile(file, name: "a.csv", by: "ana", acceptGoodRows: true)
            #expect(accepted.added == ["A-1"] && accepted.revision.rejected == 1)
            #expect(try await s.migrations.fleet.current()?.rejected.first?.code == "bad_phone")
        }
    }

    @Test func onlyTheNewestApprovedPlanOfTheNewestFleetCanBeArmed() async throws {
        try await Scenario.with(arm: false) { s in
            let plans = s.migrations.plans
            let revision = try await s.migrations.fleet.importFile(Scenario.file(Self.rows), name: "a.csv", by: "ana").revision.id
            let document = Scenario.document(Self.rows, soakHours: 1)
            let first = try await plans.store(document: document, revision: revision, previous: nil, by: "ana")
            #expect(await #expect(throws: MigrationError.self) { try await plans.arm(first.id, by: "ana") }?.code == .notApproved)
            _ = try await plans.approve(first.id, by: "eva")
            let second = try await plans.store(document: document, revision: revision, previous: first.id, by: "ana")
            #expect(await #expect(throws: MigrationError.self) { try await plans.arm(first.id, by: "ana") }?.code == .notNewest)
            _ = try await plans.approve(second.id, by: "eva")
            var changed = Self.rows
            changed[0].more = ["priority": "1"]
            _ = try await s.migrations.fleet.importFile(Scenario.file(changed), name: "b.csv", by: "ana")
            #expect(await #expect(throws: MigrationError.self) { try await plans.arm(second.id, by: "ana") }?.code == .notNewest)
            #expect(try await plans.document(second.id) == document)
            #expect(try await plans.plan(second.id).approvedBy == "eva")
        }
    }

    @Test func aNewPlanLeavesNumbersThatAreUnderWayAloneAndBeginsTheOthersAnew() async throws {
        let rows = [
            Scenario.Row(ref: "A-1", phone: "+16505550101"), Scenario.Row(ref: "B-1", phone: "+16505550102", codeAt: 70, cutoverAt: 80),
            Scenario.Row(ref: "C-1", phone: "+16505550103", codeAt: 71, cutoverAt: 81),
        ]
        try await Scenario.with(rows) { s in
            try await s.drive(50)
            #expect(try await s.number("A-1").state == .verified)
            var next = Array(rows[0...1])
            next[1].cutoverAt = 100
            let imported = try await s.migrations.fleet.importFile(Scenario.file(next), name: "b.csv", by: "ana")
            let plan = try await s.migrations.plans.store(
                document: Scenario.document(next, soakHours: 1), revision: imported.revision.id, previous: 1, by: "ana")
            _ = try await s.migrations.plans.approve(plan.id, by: "ana")
            let arming = try await s.migrations.plans.arm(plan.id, by: "ana")
            #expect(arming.kept == 1 && arming.started == 1 && arming.released == 1)
            try await s.drive(120)
            #expect(try await s.number("A-1").state == .done)
            let moved = try await s.number("B-1")
            #expect(moved.state == .done && moved.registeredAt! >= s.hours(100))
            #expect(await #expect(throws: MigrationError.self) { try await s.number("C-1") }?.code == .notFound)
            #expect(try await s.migrations.plans.plan(1).state == "superseded")
            #expect(s.meta.count("register") == 2)
        }
    }

    @Test func progressCountsNumbersByStateAndWave() async throws {
        try await Scenario.with([Self.rows[0], Scenario.Row(ref: "B-1", phone: "+16505550102", wave: 1, codeAt: 70, cutoverAt: 90)]) { s in
            try await s.drive(65)
            let progress = try await s.migrations.progress()
            #expect(progress.states == ["done": 1, "scheduled": 1])
            #expect(progress.waves.map(\.wave) == [0, 1])
            #expect(progress.copies == ["verified": 1] && progress.templatesVerified == 3 && progress.templatesCopied == 3)
            #expect(try await s.migrations.windowsAhead().map(\.id) == ["otp:B-1", "cutover:B-1"])
            #expect(try await s.migrations.list().map(\.rowRef) == ["A-1", "B-1"])
        }
    }

    @Test func capacityAndDependenciesHoldACutOver() async throws {
        let rows = [
            Scenario.Row(ref: "A-1", phone: "+16505550101", codeAt: 48, cutoverAt: 70, more: ["depends_on": "B-1"]),
            Scenario.Row(ref: "B-1", phone: "+16505550102", codeAt: 49, cutoverAt: 72),
        ]
        try await Scenario.with(rows) { s in
            try await s.drive(71)
            let held = try await s.number("A-1")
            #expect(held.state == .held && held.reasonCode == "depends_on")
            try await s.drive(90)
            let (first, second) = (try await s.number("A-1"), try await s.number("B-1"))
            #expect(first.state == .done && first.registeredAt! >= second.registeredAt!)
        }
    }
}
