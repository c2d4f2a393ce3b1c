import Foundation
import Synchronization
import Templates
import Testing

@testable import Migration

@Suite struct CutoverTests {
    static let two = [
        Scenario.Row(ref: "A-1", phone: "+16505550101"),
        Scenario.Row(ref: "B-1", phone: "+16505550102", wave: 1, codeAt: 50, cutoverAt: 72),
    ]

    @Test func aMissingTemplateKeepsTheNumberFromBeingCutOver() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock {
                $0.troubles["migrate_message_templates"] = Array(
                    repeating: GraphTrouble(.person, code: 10, message: "no permission"), count: 50)
            }
            try await s.drive(100)
            let number = try await s.number()
            #expect(number.state == .missed && number.reasonCode == "templates_unverified")
            #expect(s.meta.count("register") == 0 && s.meta.count("add") == 0)
            s.meta.state.withLock { $0.troubles = [:] }
            try await s.migrations.retryCopy(source: "11", destination: "22", by: "ana")
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(200)
            #expect(try await s.number().state == .done)
        }
    }

    @Test func aTemplateThatTheDestinationHasWithOtherContentKeepsTheNumberFromBeingCutOver() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock {
                $0.templates["22"] = [
                    Template(
                        key: TemplateKey(name: "welcome", language: "en_US"), id: "1", status: "APPROVED", category: "UTILITY",
                        components: #"[{"type":"BODY","text":"Something else"}]"#)
                ]
            }
            try await s.drive(100)
            #expect(try await s.number().state == .missed)
            #expect(s.meta.count("register") == 0)
        }
    }

    @Test func aTemplateRefusedByMetaWithAReasonIsListedAndDoesNotHoldTheNumber() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock { $0.refusedTemplates["reminder"] = "Incorrect category" }
            try await s.drive(100)
            #expect(try await s.number().state == .done)
            let copy = try #require(try await TemplateCopies.state(source: "11", destination: "22", on: s.client))
            #expect(copy.report.refused.map(\.detail) == ["Incorrect category"])
            #expect(copy.report.copied == 2)
        }
    }

    @Test func aTemplateUnderReviewHoldsTheCutOverUntilItIsApproved() async throws {
        try await Scenario.with { s in
            try await s.drive(59)
            s.meta.state.withLock { $0.templates["22"]?[0].status = "PENDING" }
            try await s.drive(61)
            #expect(try await s.number().state == .held)
            #expect(s.meta.count("register") == 0)
            s.meta.state.withLock { $0.templates["22"]?[0].status = "APPROVED" }
            try await s.drive(80)
            #expect(try await s.number().state == .done)
        }
    }

    @Test func aRegisterCallThatWasInterruptedIsReconciledAndNeverMadeTwice() async throws {
        try await Scenario.with { s in
            s.engine.crash(after: "register:0:0")
            try await s.drive(80)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("register") == 1)
            #expect(try await s.story().contains { $0.contains("Meta says the number is registered") })
        }
    }

    @Test func aRegisterCallWhoseAnswerIsLostIsReconciledAndNeverMadeTwice() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock { $0.loseRegisterAnswer = true }
            try await s.drive(80)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("register") == 1)
        }
    }

    @Test func aRegisterCallThatProvablyHadNoEffectIsMadeAgainWithTheSamePINAndTold() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock {
                $0.troubles["register"] = [
                    GraphTrouble(.reconcile, code: 133_004, message: "server unavailable"), GraphTrouble(.retry, message: "refused"),
                ]
            }
            try await s.drive(80)
            let story = try await s.migrations.show("A-1")
            #expect(story.number.state == .done)
            #expect(story.registerCalls.count == 3)
            #expect(story.registerCalls.last?.outcome == "registered")
            #expect(story.story.contains { $0.message.contains("so register may be called again") })
        }
    }

    @Test func whetherItIsRegisteredIsReadUntilItIsKnown() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock { $0.loseRegisterAnswer = true }
            try await s.drive(59.9)
            s.meta.state.withLock {
                $0.troubles["number"] =
                    [GraphTrouble(.retry, message: "x")] + Array(repeating: GraphTrouble(.reconcile, message: "503"), count: 9)
            }
            try await s.drive(80)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("register") == 1)
        }
    }

    @Test(arguments: [
        (133_005, "pin_mismatch"), (133_006, "verification_expired"), (133_016, "register_locked"), (100, "register_refused"),
    ])
    func aRefusedRegisterStopsTheNumberWithItsReasonAndFreezesLaterWaves(code: Int, reason: String) async throws {
        try await Scenario.with(Self.two) { s in
            s.meta.state.withLock { $0.troubles["register"] = [GraphTrouble(.person, code: code, message: "refused")] }
            try await s.drive(100)
            let failed = try await s.number()
            #expect(failed.state == .failed && failed.reasonCode == reason)
            #expect(try await s.migrations.freezes().map(\.rowRef) == ["A-1"])
            #expect(try await s.number("B-1").state != .done)
            #expect(s.meta.count("register") == 1)
        }
    }

    @Test func aFrozenWaveGoesOnWhenAPersonReleasesIt() async throws {
        try await Scenario.with(Self.two) { s in
            s.gateway.state.withLock { $0.outcome = TestOutcome(state: "failed", reason: "131026") }
            try await s.drive(73)
            #expect(try await s.number().reasonCode == "test_failed")
            let held = try await s.number("B-1")
            #expect(held.state == .held && held.reasonCode == "wave_frozen")
            #expect(
                try await s.migrations.why("B-1").lines.contains { $0.contains("frozen: a number of another client has failed in wave 0") })
            s.gateway.state.withLock { $0.outcome = TestOutcome(state: "read", reason: nil) }
            #expect(try await s.migrations.releaseWaves(upTo: 0, by: "ana", note: "the tester's phone was off") == 1)
            try await s.drive(90)
            #expect(try await s.number("B-1").state == .done)
        }
    }

    @Test func aRetryThatSucceedsEndsTheFreezeByItself() async throws {
        try await Scenario.with(Self.two) { s in
            s.gateway.state.withLock { $0.outcome = TestOutcome(state: "failed", reason: "131026") }
            try await s.drive(62)
            s.gateway.state.withLock { $0.outcome = TestOutcome(state: "delivered", reason: nil) }
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(90)
            #expect(try await s.number().state == .done)
            #expect(try await s.number("B-1").state == .done)
            #expect(try await s.migrations.freezes().isEmpty)
            #expect(s.meta.count("register") == 2)
        }
    }

    @Test func aLaterWaveWaitsUntilTheEarlierOneHasSoaked() async throws {
        try await Scenario.with(Self.two, soakHours: 20) { s in
            try await s.drive(79)
            #expect(try await s.number("B-1").reasonCode == "soaking")
            try await s.drive(100)
            let (first, second) = (try await s.number(), try await s.number("B-1"))
            #expect(try #require(second.registeredAt).timeIntervalSince(try #require(first.registeredAt)) >= 20 * 3600)
        }
    }

    @Test func aWindowThatPassedWhileRelevoWasDownIsMissedAndRetriedInTheNextOne() async throws {
        var row = Scenario.one[0]
        row.more = ["cutover_windows": "Daily 11:00-13:00", "otp_hours": "Daily 00:00-24:00"]
        try await Scenario.with([row]) { s in
            try await s.drive(50)
            try await s.engine.setClock(s.hours(64))
            try await s.drive(70)
            let missed = try await s.number()
            #expect(missed.state == .missed && missed.reasonCode == "outside_window")
            #expect(s.meta.count("register") == 0)
            let moved = try await s.migrations.retry("A-1", by: "ana")
            #expect(moved.cutoverStart == s.hours(24 * 3 + 11))
            try await s.drive(90)
            let done = try await s.number()
            #expect(done.state == .done && done.registeredAt! >= s.hours(83))
            #expect(s.meta.count("request_code") == 1)
        }
    }

    @Test func aMissedNumberIsMovedBehindTheWaveBeforeIt() async throws {
        var rows = Self.two
        rows[1].cutoverAt = 24 * 3 + 11
        for place in rows.indices { rows[place].more = ["cutover_windows": "Daily 11:00-13:00", "otp_hours": "Daily 00:00-24:00"] }
        try await Scenario.with(rows, soakHours: 20) { s in
            try await s.drive(52)
            try await s.engine.setClock(s.hours(88))
            try await s.drive(90)
            #expect(try await s.number().state == .missed)
            #expect(try await s.number("B-1").state == .missed)
            let first = try await s.migrations.retry("A-1", by: "ana")
            let second = try await s.migrations.retry("B-1", by: "ana")
            #expect(first.cutoverStart == s.hours(24 * 4 + 11))
            // The next window is that of the first one itself, and the one after it is the first after the soak.
            #expect(second.cutoverStart == s.hours(24 * 5 + 11))
            try await s.drive(140)
            #expect(try await s.number().state == .done)
            #expect(try await s.number("B-1").state == .done)
        }
    }

    @Test func aStartThatWasMissedInsideAnotherWindowOfTheRowGoesOn() async throws {
        try await Scenario.with { s in
            try await s.drive(50)
            try await s.engine.setClock(s.hours(66))
            try await s.drive(80)
            #expect(try await s.number().state == .done)
        }
    }

    @Test func beforeRegisterANumberCanBeCalledOff() async throws {
        try await Scenario.with { s in
            try await s.drive(50)
            try await s.migrations.abort("A-1", by: "ana", reason: "client asked")
            try await s.drive(100)
            #expect(try await s.number().state == .aborted)
            #expect(s.meta.count("register") == 0)
        }
    }

    @Test func afterRegisterANumberCannotBeCalledOff() async throws {
        try await Scenario.with { s in
            try await s.drive(100)
            let error = await #expect(throws: MigrationError.self) { try await s.migrations.abort("A-1", by: "ana", reason: "too late") }
            #expect(error?.code == .pastNoReturn)
        }
    }

    @Test func aTestMessageThatIsRefusedStopsTheNumber() async throws {
        try await Scenario.with { s in
            s.gateway.state.withLock { $0.refuse = "recipient is opted out" }
            try await s.drive(100)
            let number = try await s.number()
            #expect(number.state == .failed && number.reasonCode == "test_refused")
        }
    }

    @Test func aTestMessageThatIsNotDeliveredInTimeStopsTheNumber() async throws {
        try await Scenario.with { s in
            s.gateway.state.withLock { $0.outcome = TestOutcome(state: "sent", reason: nil) }
            try await s.drive(100)
            #expect(try await s.number().reasonCode == "test_not_delivered")
        }
    }

    @Test(arguments: [
        "begin:0", "check:0:0:0", "add:0:0", "added:0", "subscribe-before:0:0", "code:0:0:verify:0:0", "pin:0", "gate:0:0", "registered:0",
        "sender:0",
        "test:0:0", "done:0", "verified:0", "copy:0:0",
    ])
    func aCrashAfterAnyStepDoesNothingTwice(step: String) async throws {
        try await Scenario.with { s in
            s.engine.crash(after: step)
            try await s.drive(100)
            #expect(s.engine.state.withLock { $0.crashes.isEmpty }, "the step \(step) was not reached")
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("register") == 1)
            #expect(s.gateway.state.withLock { $0.messages.count } == 1)
            #expect(s.meta.state.withLock { $0.numbers["22"]?.count } == 1)
        }
    }
}
