import Foundation
import Postgres
import Synchronization
import Templates
import Testing

@testable import Migration

/// What Meta's webhooks wake, and what they leave asleep.
@Suite struct WakeTests {
    private static func copyState(_ s: Scenario) async throws -> String? {
        try await s.client.query("SELECT state FROM migration.copy").decodeFirst(String.self)
    }

    private static func tell(_ s: Scenario, templatesOf waba: String) async throws {
        try await s.client.withTransaction { db in try await s.migrations.templatesChanged(waba: waba, on: db) }
        try await s.engine.drive(s.world, until: try await s.engine.clock())
    }

    @Test func aTemplateThatIsBackWakesTheCopyThatStoppedForIt() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock { state in
                var template = state.templates["11"]![0]
                (template.id, template.status) = ("900", "PAUSED")
                state.templates["22"] = [template]
            }
            try await s.drive(5)
            #expect(try await Self.copyState(s) == "failed")
            s.meta.state.withLock { $0.templates["22"]?[0].status = "APPROVED" }
            try await Self.tell(s, templatesOf: "33")
            #expect(try await Self.copyState(s) == "failed")
            // Meta has not decided on all of them yet: looking would be too early.
            try await s.client.query("UPDATE templates.template SET status = 'PENDING' WHERE waba_id = '22' AND name <> 'welcome'")
            try await Self.tell(s, templatesOf: "22")
            #expect(try await Self.copyState(s) == "failed")
            try await s.client.query("UPDATE templates.template SET status = 'APPROVED' WHERE waba_id = '22'")
            let before = try await s.engine.clock()
            try await Self.tell(s, templatesOf: "22")
            #expect(try await Self.copyState(s) == "verified")
            #expect(try await s.engine.clock() == before)
            // Once more, and late, changes nothing.
            try await Self.tell(s, templatesOf: "22")
            #expect(try await Self.copyState(s) == "verified")
        }
    }

    @Test func aCopyOfAPlanThatIsNotInForceIsLeftAsleep() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock { state in
                var template = state.templates["11"]![0]
                (template.id, template.status) = ("900", "PAUSED")
                state.templates["22"] = [template]
            }
            try await s.drive(5)
            s.meta.state.withLock { $0.templates["22"]?[0].status = "APPROVED" }
            try await s.client.query("UPDATE templates.template SET status = 'APPROVED' WHERE waba_id = '22'")
            try await s.client.query("UPDATE migration.plan SET state = 'superseded'")
            try await Self.tell(s, templatesOf: "22")
            #expect(try await Self.copyState(s) == "failed")
        }
    }

    @Test func anAccountChangeMakesNumbersThatWaitForAPersonLookAtOnce() async throws {
        let row = Scenario.Row(ref: "A-1", phone: "+16505550101", route: "signup", more: ["source_waba_id": ""])
        try await Scenario.with([row]) { s in
            try await s.drive(62)
            #expect(try await s.number().state == .awaitingPerson)
            let looks = s.meta.count("numbers")
            s.meta.state.withLock {
                $0.numbers["22"] = [
                    "77": NumberFacts(id: "77", displayNumber: row.phone, status: "CONNECTED", platformType: "CLOUD_API")
                ]
                $0.templates["22"] = $0.templates["11"]
            }
            try await s.client.withTransaction { db in try await s.migrations.accountChanged(waba: "33", on: db) }
            try await s.engine.drive(s.world, until: try await s.engine.clock())
            #expect(s.meta.count("numbers") == looks)
            try await s.client.withTransaction { db in try await s.migrations.accountChanged(waba: "22", on: db) }
            try await s.engine.drive(s.world, until: try await s.engine.clock())
            #expect(try await s.number().state == .done)
        }
    }
}
