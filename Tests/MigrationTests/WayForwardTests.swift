import CloudAPI
import Foundation
import Postgres
import Synchronization
import Templates
import Testing

@testable import Migration

/// What a person can do about a number that stands still, and that it leads on.
@Suite struct WayForwardTests {
    private static func spoil(_ s: Scenario, status: String = "APPROVED", text: String = "Another text {{1}}") {
        s.meta.state.withLock { state in
            var template = state.templates["11"]![0]
            (template.id, template.status) = ("900", status)
            template.components = template.components.replacing("Hello {{1}}", with: text)
            state.templates["22"] = [template]
        }
    }

    private static func repair(_ s: Scenario) { s.meta.state.withLock { $0.templates["22"] = [] } }

    private static func copyState(_ s: Scenario) async throws -> String? {
        try await s.client.query("SELECT state FROM migration.copy ORDER BY plan_id DESC LIMIT 1").decodeFirst(String.self)
    }

    @Test func aRetryWhileTemplatesAreAwaitedLooksAgainAndDoesNotGiveTheNumberUp() async throws {
        try await Scenario.with { s in
            Self.spoil(s)
            try await s.drive(30)
            #expect(try await s.number().state == .waitingTemplates)
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(31)
            #expect(try await s.number().state == .waitingTemplates)
            Self.repair(s)
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(32)
            #expect(try await Self.copyState(s) == "verified")
            #expect(try await s.number().state == .scheduled)
            try await s.drive(80)
            #expect(try await s.number().state == .done)
        }
    }

    @Test func aRetryOfANumberThatMissedItsTimeForWantOfTemplatesCopiesThemAgain() async throws {
        try await Scenario.with { s in
            Self.spoil(s)
            try await s.drive(50)
            #expect(try await s.number().reasonCode == "templates_unverified")
            Self.repair(s)
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(120)
            #expect(try await Self.copyState(s) == "verified")
            #expect(try await s.number().state == .done)
        }
    }

    @Test func aCopyThatStoppedNamesTheTemplateAndWhatToDo() async throws {
        try await Scenario.with { s in
            Self.spoil(s, status: "DISABLED", text: "Hello {{1}}")
            try await s.drive(10)
            let reason = try await s.client.query("SELECT reason FROM migration.copy").decodeFirst(String.self)
            #expect(reason?.contains("welcome") == true || reason?.contains("order_update") == true)
            #expect(reason?.contains("DISABLED") == true && reason?.contains("delete") == true)
            let why = try await s.migrations.why("A-1").lines.joined(separator: "\n")
            #expect(why.contains("DISABLED") && why.contains("delete"))
        }
    }

    @Test func aPausedTemplateThatIsBackIsSeenWithoutAWebhook() async throws {
        try await Scenario.with { s in
            Self.spoil(s, status: "PAUSED", text: "Hello {{1}}")
            try await s.drive(10)
            #expect(try await Self.copyState(s) == "failed")
            s.meta.state.withLock { $0.templates["22"]?[0].status = "APPROVED" }
            try await s.drive(47)
            #expect(try await Self.copyState(s) == "verified")
            try await s.drive(80)
            #expect(try await s.number().state == .done)
        }
    }

    // MARK: - Register

    static let thursdays = Scenario.Row(
        ref: "A-1", phone: "+16505550101", more: ["cutover_windows": "Thu 10:00-16:00", "otp_hours": "Daily 00:00-24:00"])

    /// Register has had its effect, its answer is lost, and Meta cannot be read.
    private static func loseRegister(_ s: Scenario) async throws {
        try await s.drive(50)
        s.meta.state.withLock {
            $0.loseRegisterAnswer = true
            $0.troubles["number"] = Array(repeating: GraphTrouble(.retry, message: "away"), count: 500)
        }
        try await s.drive(63)
        #expect(try await s.number().reasonCode == "register_unknown")
        s.meta.state.withLock { $0.troubles["number"] = nil }
        s.source { $0.status = "MIGRATED" }
    }

    @Test func aNumberWhoseRegisterIsUnknownIsSettledFirstWhenRetried() async throws {
        try await Scenario.with([Self.thursdays]) { s in
            try await Self.loseRegister(s)
            // The window is over: waiting for the next one would leave a number that has moved without a sender for a week.
            try await s.engine.setClock(s.hours(66))
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(67)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("register") == 1)
        }
    }

    @Test func aNewPlanNeitherForgetsNorRepeatsARegisterThatIsUnknown() async throws {
        try await Scenario.with([Self.thursdays]) { s in
            try await Self.loseRegister(s)
            var row = Self.thursdays
            (row.codeAt, row.cutoverAt) = (200, 228)
            try await s.arm([row, Scenario.Row(ref: "B-1", phone: "+16505550102", codeAt: 210, cutoverAt: 232)])
            let error = await #expect(throws: MigrationError.self) { try await s.migrations.abort("A-1", by: "ana", reason: "x") }
            #expect(error?.code == .pastNoReturn)
            try await s.drive(70)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("register") == 1)
        }
    }

    @Test func aPlanThatDoesNotPlaceItKeepsANumberThatMayBeRegistered() async throws {
        try await Scenario.with([Self.thursdays]) { s in
            try await Self.loseRegister(s)
            try await s.arm([Scenario.Row(ref: "B-1", phone: "+16505550102", codeAt: 210, cutoverAt: 232)])
            #expect(try await s.number().reasonCode == "register_unknown")
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(66)
            #expect(try await s.number().state == .done)
        }
    }

    @Test func aRegisterThatProvablyDidNothingCanBeCalledOffAndDoneAgain() async throws {
        try await Scenario.with([Self.thursdays]) { s in
            try await Self.loseRegister(s)
            s.source { $0.status = "CONNECTED" }
            s.meta.state.withLock {
                $0.loseRegisterAnswer = false
                for id in $0.numbers["22"]!.keys {
                    $0.numbers["22"]![id]!.status = "PENDING"
                    $0.numbers["22"]![id]!.platformType = "NOT_APPLICABLE"
                }
            }
            try await s.engine.setClock(s.hours(66))
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(67)
            let number = try await s.number()
            #expect(number.state == .missed && number.registerIntentAt == nil && number.registeredAt == nil)
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(300)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("register") == 2)
        }
    }

    @Test func aProofThatMetaNoLongerTakesIsMadeAnewOnRetry() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock { $0.troubles["register"] = [GraphTrouble(.person, code: 133_006, message: "verify again")] }
            try await s.drive(61)
            #expect(try await s.number().reasonCode == "verification_expired")
            s.meta.state.withLock { state in
                for id in state.numbers["22"]!.keys { state.numbers["22"]![id]!.codeVerificationStatus = "EXPIRED" }
            }
            try await s.migrations.retry("A-1", by: "ana")
            try await s.engine.drive(s.world, until: try await s.engine.clock().addingTimeInterval(60))
            #expect(try await s.number().state == .awaitingCode)
            _ = try await s.migrations.codeLink("A-1", by: "ana")
            try await s.drive(120)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("request_code") == 2)
        }
    }

    @Test func registerIsNotCalledAgainOnceTheWindowHasClosed() async throws {
        var row = Self.thursdays
        row.more["cutover_windows"] = "Thu 10:00-12:10"
        try await Scenario.with([row]) { s in
            s.meta.state.withLock {
                $0.troubles["register"] = [GraphTrouble(.wait, code: 80_008, message: "later", waitSeconds: 1_500)]
            }
            try await s.drive(62)
            let number = try await s.number()
            #expect(number.state == .missed && number.reasonCode == "outside_window")
            #expect(s.meta.count("register") == 1)
            #expect(try await s.migrations.abort("A-1", by: "ana", reason: "x").state == .aborted)
        }
    }

    @Test func aCutOverWaitsWhileItsTemplatesCannotBeLookedAt() async throws {
        try await Scenario.with { s in
            try await s.drive(59)
            s.meta.state.withLock { $0.troubles["templates"] = Array(repeating: GraphTrouble(.retry, message: "away"), count: 500) }
            try await s.drive(60.4)
            #expect(try await s.number().state == .held)
            #expect(try await s.number().reasonCode == "templates_unchecked")
            #expect(s.meta.count("register") == 0)
            s.meta.state.withLock { $0.troubles["templates"] = nil }
            try await s.drive(62)
            #expect(try await s.number().state == .done)
        }
    }

    @Test func twoWorkersDoNotPassTheSameGateTogether() async throws {
        let rows = ["A-1", "B-1"].enumerated().map {
            Scenario.Row(ref: $1, phone: "+1650555010\($0)", more: ["client_id": "c"])
        }
        try await Scenario.with(rows) { s in
            try await s.drive(59.9)
            s.meta.state.withLock { $0.troubles["register"] = [GraphTrouble(.wait, code: 80_008, message: "later", waitSeconds: 100)] }
            try await s.engine.setClock(s.hours(60))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for ref in rows.map(\.ref) {
                    let run = try await s.number(ref).runID
                    group.addTask { while try await s.engine.takeUp(run, s.world) {} }
                }
                try await group.waitForAll()
            }
            let states = [try await s.number("A-1").state, try await s.number("B-1").state]
            #expect(Set(states) == [.cuttingOver, .held])
            #expect(s.meta.count("register") == 1)
        }
    }

    // MARK: - Plans, people

    @Test func aRowMayGetAnotherNameAndTwoRowsMaySwapTheirNumbers() async throws {
        let rows = [
            Scenario.Row(ref: "B-1", phone: "+16505550101"), Scenario.Row(ref: "C-1", phone: "+16505550102", codeAt: 50, cutoverAt: 70),
        ]
        try await Scenario.with(rows) { s in
            var next = rows
            next[0].ref = "A-1"
            try await s.arm(next)
            #expect(try await s.migrations.list().map(\.rowRef) == ["A-1", "C-1"])
            (next[0].phone, next[1].phone) = (next[1].phone, next[0].phone)
            try await s.arm(next)
            #expect(try await s.number("A-1").e164 == "+16505550102")
        }
    }

    @Test func aNumberThatIsUnderWayUnderAnotherNameIsAConflictInPlainWords() async throws {
        try await Scenario.with { s in
            try await s.drive(50)
            var next = Scenario.one
            next[0].ref = "Z-1"
            let error = await #expect(throws: MigrationError.self) { try await s.arm(next) }
            #expect(error?.code == .conflict && error?.message.contains("A-1") == true)
        }
    }

    @Test func aRunThatIsGivenUpLeavesNoCodeBehind() async throws {
        try await Scenario.with { s in
            try await s.drive(48.01, codes: false)
            try await s.migrations.provideCode("A-1", code: "123-830", by: "client")
            let run = try await s.number().runID
            try await s.client.withTransaction { db in
                try await MigrationWorkflows.failed(
                    MigrationWorkflows.number, run: run, input: RunInput(plan: 1, rowRef: "A-1"), code: "x", message: "y", on: db)
            }
            #expect(try await s.client.query("SELECT code_sealed IS NULL FROM migration.number").decodeFirst(Bool.self) == true)
        }
    }

    @Test func aNumberThatIsCalledOffHasNoLink() async throws {
        try await Scenario.with { s in
            let url = try await s.migrations.codeLink("A-1", by: "ana").url
            let token = try #require(url.split(separator: "/").last.map(String.init))
            _ = try await s.migrations.codeRequest(token: token)
            try await s.migrations.abort("A-1", by: "ana", reason: "x")
            #expect(await #expect(throws: MigrationError.self) { try await s.migrations.codeRequest(token: token) }?.code == .linkInvalid)
            #expect(await #expect(throws: MigrationError.self) { try await s.migrations.codeLink("A-1", by: "ana") }?.code == .wrongState)
        }
    }

    @Test func aNumberThatWasConnectedLateIsTakenUpOnRetryAtOnce() async throws {
        let row = Scenario.Row(
            ref: "A-1", phone: "+16505550101", route: "signup", more: ["cutover_windows": "Thu 10:00-14:00", "source_waba_id": ""])
        try await Scenario.with([row]) { s in
            try await s.drive(70)
            #expect(try await s.number().reasonCode == "not_connected_by_person")
            s.meta.state.withLock {
                $0.numbers["22"] = [
                    "77": NumberFacts(id: "77", displayNumber: row.phone, status: "CONNECTED", platformType: "CLOUD_API")
                ]
                $0.templates["22"] = $0.templates["11"]
            }
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(72)
            #expect(try await s.number().state == .done)
        }
    }
}
