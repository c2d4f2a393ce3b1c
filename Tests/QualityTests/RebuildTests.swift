import Foundation
import Jobs
import Postgres
import Synchronization
import Templates
import TestSupport
import Testing

@testable import Quality

@Suite(.enabled(if: TestDatabase.isAvailable)) struct RebuildTests {
    @Test func growsDayByDayUntilEverybodyHasBeenWrittenTo() async throws {
        try await RebuildRig.with { rig in
            let id = try await rig.begin(12).id
            for (step, size) in [(1, 4), (2, 6), (3, 2)] {
                try await eventually("step \(step) is sent") { try await rig.sent("rebuild:\(id):\(step)") == size }
                try await rig.settle("rebuild:\(id):\(step)")
                try await rig.clock(hours: 24 * Double(step))
            }
            try await eventually("done") { try await rig.rebuilds.status(id).rebuild.state == .done }
            let status = try await rig.rebuilds.status(id)
            #expect(status.steps.map(\.counts.delivered) == [4, 6, 2])
            #expect(status.steps.allSatisfy { $0.state == "finished" && $0.decision == .go })
            #expect(status.total.delivered == 12)
            // One before each step, one after it, and none twice.
            #expect(status.verdicts.map(\.moment).reversed() == ["before", "after", "before", "after", "before", "after", "before"])
            #expect(status.verdicts.allSatisfy { $0.inputs.contains("APPROVED") })
            #expect(status.actions.map(\.actor) == ["ana"])
            let body = try await rig.client.query("SELECT body FROM public.message LIMIT 1").decodeFirst(String.self)
            // The parameter is filled from the template's own example.
            #expect(body?.contains(#""text":"Ana""#) == true)
            try await rig.expectNobodyTwice()
        }
    }

    @Test func notDeliveredMeansTheSameSizeAgain() async throws {
        try await RebuildRig.with { rig in
            let id = try await rig.begin(30).id
            try await eventually("step 1") { try await rig.sent("rebuild:\(id):1") == 4 }
            try await rig.settle("rebuild:\(id):1", limit: 3)
            try await rig.clock(hours: 24)
            try await eventually("step 2") { try await rig.sent("rebuild:\(id):2") > 0 }
            #expect(try await rig.sent("rebuild:\(id):2") == 4)
            #expect(try await rig.rebuilds.status(id).steps[0].decision == .stay)
        }
    }

    @Test func redTakesBackWhatIsQueuedAndAPersonGoesOn() async throws {
        try await RebuildRig.with { rig in
            let id = try await rig.begin(12, steps: [8]).id
            try await eventually("step 1") { try await rig.sent("rebuild:\(id):1") == 8 }
            try await rig.settle("rebuild:\(id):1", limit: 3)
            try await rig.tell(status: "APPROVED", quality: "RED")
            try await eventually("the queue is withdrawn") { try await rig.sent("rebuild:\(id):1", state: "cancelled") == 5 }
            try await eventually("no run is left") { try await rig.rebuilds.list().first?.runID == nil }
            var record = try #require(try await rig.rebuilds.list().first)
            #expect(record.state == .stopped && record.needsPerson && record.reasonCode == "quality_red")
            #expect(record.waiting == 9)
            // The time passes, and nothing goes out.
            try await rig.clock(hours: 72)
            let refusal = await #expect(throws: RebuildError.self) { try await rig.rebuilds.resume(id, by: "ben", why: "because") }
            #expect(refusal?.code == .templateNotApproved)
            try await rig.tell(status: "APPROVED", quality: "GREEN")
            record = try await rig.rebuilds.resume(id, by: "ben", why: "changed the list")
            #expect(record.state == .running)
            try await eventually("step 2") { try await rig.sent("rebuild:\(id):2") == 8 }
            #expect(try await rig.sent("rebuild:\(id):1") == 8)
            try await rig.expectNobodyTwice()
            #expect(try await rig.rebuilds.status(id).actions.map(\.action) == ["start", "resume"])
        }
    }

    @Test func yellowHoldsADayAndThenGoesOnAtHalfTheSize() async throws {
        try await RebuildRig.with { rig in
            let id = try await rig.begin(40, steps: [10]).id
            try await eventually("step 1") { try await rig.sent("rebuild:\(id):1") == 10 }
            try await rig.settle("rebuild:\(id):1")
            try await rig.clock(hours: 5)
            try await rig.tell(status: "APPROVED", quality: "YELLOW")
            try await eventually("held") { try await rig.rebuilds.status(id).steps.first?.state == "cut" }
            #expect(try await rig.rebuilds.list().first?.state == .held)
            try await rig.tell(status: "APPROVED", quality: "GREEN")
            try await rig.clock(hours: 28.9)
            // The hold lasts from 5 to 29 hours; a run that looked too early would have sent by now.
            try await eventually("the run waits") {
                try await rig.rebuilds.list().first?.nextStepAt == RebuildRig.start.addingTimeInterval(29 * 3_600)
            }
            #expect(try await rig.sent("rebuild:\(id):2") == 0)
            try await rig.clock(hours: 29.1)
            try await eventually("step 2") { try await rig.sent("rebuild:\(id):2") > 0 }
            #expect(try await rig.sent("rebuild:\(id):2") == 5)
        }
    }

    @Test func aPauseCutsTheDayShortAndResumingGoesOnTheNextDay() async throws {
        try await RebuildRig.with { rig in
            let id = try await rig.begin(20, steps: [10], portions: 5).id
            try await eventually("first portion") { try await rig.sent("rebuild:\(id):1") == 2 }
            try await rig.settle("rebuild:\(id):1", limit: 1)
            try await rig.rebuilds.pause(id, by: "ana", why: "the shop is closed")
            try await eventually("withdrawn") { try await rig.sent("rebuild:\(id):1", state: "cancelled") == 1 }
            try await rig.rebuilds.pause(id, by: "ana", why: "again")
            try await rig.clock(hours: 100)
            try await eventually("the next run waits") { try await rig.rebuilds.status(id).rebuild.runID == "rebuild:\(id):2" }
            #expect(try await rig.rebuilds.list().first?.state == .paused)
            try await rig.rebuilds.resume(id, by: "ben", why: "open again")
            try await eventually("step 2") { try await rig.sent("rebuild:\(id):2") == 2 }
            try await rig.rebuilds.stop(id, by: "ben", why: "that is enough")
            let record = try await rig.rebuilds.stop(id, by: "ben", why: "that is enough")
            #expect(record.state == .stopped && record.reason == "that is enough" && !record.needsPerson)
            try await eventually("withdrawn") { try await rig.sent("rebuild:\(id):2", state: "cancelled") == 2 }
            let actions = try await rig.rebuilds.status(id).actions
            #expect(actions.map(\.action) == ["start", "pause", "resume", "stop"])
            #expect(actions[1].why == "the shop is closed")
            try await rig.expectNobodyTwice()
        }
    }

    @Test func portionsAreSpreadAndStopWhenFailuresPileUp() async throws {
        try await RebuildRig.with { rig in
            let id = try await rig.begin(400, steps: [100], portions: 4).id
            try await eventually("first portion") { try await rig.sent("rebuild:\(id):1") == 25 }
            try await rig.settle("rebuild:\(id):1", "failed", code: 131_000, limit: 5)
            try await rig.settle("rebuild:\(id):1")
            try await rig.clock(hours: 2.6)
            try await eventually("cut") { try await rig.rebuilds.status(id).steps.first?.state == "cut" }
            let status = try await rig.rebuilds.status(id)
            #expect(status.rebuild.state == .held && status.rebuild.reasonCode == "failure_share")
            #expect(try await rig.sent("rebuild:\(id):1") == 25)
        }
    }

    @Test func aCrashInAPortionSendsNobodyTwiceAndForgetsNobody() async throws {
        try await RebuildRig.with { rig in
            rig.gateway.breaks.withLock { $0 = true }
            let id = try await rig.begin(8, steps: [8]).id
            try await eventually("step 1") { try await rig.sent("rebuild:\(id):1") == 8 }
            try await rig.expectNobodyTwice()
            #expect(try await rig.rebuilds.status(id).steps.map(\.counts.submitted) == [8])
        }
    }

    @Test func theSameKeyStartsOneRebuildAndATemplateHasOneAtATime() async throws {
        try await RebuildRig.with { rig in
            let first = try await rig.begin(5, key: "k1")
            #expect(try await rig.begin(5, key: "k1").id == first.id)
            let refusal = await #expect(throws: RebuildError.self) { try await rig.begin(5, key: "k2") }
            #expect(refusal?.code == .conflict)
            #expect(try await rig.rebuilds.list().count == 1)
        }
    }

    @Test func startIsRefusedWithItsReason() async throws {
        try await RebuildRig.with { rig in
            func code(_ change: (inout RebuildRequest) -> Void) async throws -> RebuildError.Code? {
                var request = RebuildRequest(
                    phoneNumberID: "100", template: RebuildRig.template, recipients: RebuildRig.people(2), profile: .utility, by: "ana")
                change(&request)
                do {
                    try await rig.rebuilds.start(request)
                    return nil
                } catch let error as RebuildError {
                    return error.code
                }
            }
            #expect(try await code { $0.phoneNumberID = "999" } == .unknownSender)
            #expect(try await code { $0.template = TemplateKey(name: "none", language: "en") } == .unknownTemplate)
            #expect(try await code { $0.recipients = ["", "  "] } == .badRecipients)
            #expect(try await code { $0.components = "{" } == .badValue)
            #expect(try await code { $0.profile = RebuildProfile(steps: []) } == .badProfile)
            try await rig.tell(status: "PAUSED", quality: "GREEN")
            #expect(try await code { _ in } == .templateNotApproved)
            #expect(try await rig.rebuilds.list().isEmpty)
        }
    }

    @Test func recipientsAreReadOnceAndRefusalsKeepTheirReason() async throws {
        try await RebuildRig.with { rig in
            let lines = ["+34 610 000 001", "610000001", "(631) 555-1234", "US.13491208655302741918", "+34610000002"]
            let record = try await rig.rebuilds.start(
                RebuildRequest(
                    phoneNumberID: "100", template: RebuildRig.template, recipients: lines, profile: RebuildProfile(steps: [10]),
                    settings: RebuildRig.settings(), by: "ana"))
            #expect(record.recipients == 4)
            try await eventually("step 1") { try await rig.sent("rebuild:\(record.id):1") == 3 }
            let refused = try await rig.rebuilds.refused(record.id)
            #expect(refused.map(\.address) == ["(631) 555-1234"])
            #expect(refused.first?.reason.contains("131009") == true)
        }
    }

    @Test func twoSpellingsOfOnePersonAreOneMessage() async throws {
        try await RebuildRig.with { rig in
            rig.gateway.readings.withLock {
                $0 = ["(631) 555-1234": "+16315551234", "(632) 555-1234": "+16325551234", "632/555-1234": "+16325551234"]
            }
            let lines = ["(631) 555-1234", "+16315551234", "(632) 555-1234", "632/555-1234", "+34610000001"]
            let id = try await rig.rebuilds.start(
                RebuildRequest(
                    phoneNumberID: "100", template: RebuildRig.template, recipients: lines, profile: RebuildProfile(steps: [3, 10]),
                    settings: RebuildRig.settings(), by: "ana")
            ).id
            try await eventually("step 1") { try await rig.sent("rebuild:\(id):1") > 0 }
            try await rig.settle("rebuild:\(id):1")
            try await rig.clock(hours: 24)
            try await eventually("everybody") { try await rig.rebuilds.status(id).rebuild.waiting == 0 }
            try await rig.expectNobodyTwice()
            #expect(try await rig.client.query("SELECT count(*) FROM public.message").decodeFirst(Int.self) == 3)
            #expect(try await rig.rebuilds.refused(id).allSatisfy { $0.reason.contains("already") })
        }
    }

    @Test func aRunThatIsGivenUpLeavesNothingQueued() async throws {
        try await RebuildRig.with { rig in
            let id = try await rig.begin(20, steps: [10], portions: 5).id
            try await eventually("first portion") { try await rig.sent("rebuild:\(id):1") == 2 }
            try await rig.settle("rebuild:\(id):1", limit: 1)
            rig.gateway.isBroken.withLock { $0 = true }
            try await rig.clock(hours: 3)
            try await eventually("stopped") { try await rig.rebuilds.status(id).rebuild.reasonCode == "run_failed" }
            try await eventually("taken back") { try await rig.sent("rebuild:\(id):1", state: "cancelled") == 1 }
            try await eventually("no run is left") { try await rig.rebuilds.status(id).rebuild.runID == nil }
            #expect(try await rig.rebuilds.status(id).rebuild.waiting == 19)
            rig.gateway.isBroken.withLock { $0 = false }
            try await rig.clock(hours: 30)
            try await rig.rebuilds.resume(id, by: "ana", why: "mended")
            try await eventually("it goes on") { try await rig.sent("rebuild:\(id):2") == 2 }
            try await rig.expectNobodyTwice()
        }
    }
}
