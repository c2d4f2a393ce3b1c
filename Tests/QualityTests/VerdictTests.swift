import Testing

@testable import Quality

@Suite struct VerdictTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var signals: Signals
        var decision: Decision
        var code: String
        var testDescription: String { name }

        init(
            _ name: String, _ decision: Decision, _ code: String, _ moment: Signals.Moment = .after,
            _ change: (inout Signals) -> Void = { _ in }
        ) {
            self.name = name
            self.decision = decision
            self.code = code
            var counts = RebuildCounts()
            (counts.submitted, counts.delivered, counts.read) = (100, 60, 38)
            signals = Signals(moment: moment, templateStatus: "APPROVED", quality: "UNKNOWN", target: 100, step: counts)
            change(&signals)
        }
    }

    static let cases = [
        Case("nothing speaks against it", .go, "clean"),
        Case("GREEN", .go, "clean") { $0.quality = "GREEN" },
        Case("YELLOW holds", .hold, "quality_yellow", .during) { $0.quality = "YELLOW" },
        Case("RED stops", .stop, "quality_red", .during) { $0.quality = "RED" },
        Case("PAUSED stops, whatever the quality", .stop, "template_paused", .before) {
            ($0.templateStatus, $0.quality) = ("PAUSED", "GREEN")
        },
        Case("DISABLED stops", .stop, "template_disabled") { $0.templateStatus = "DISABLED" },
        Case("a status nobody knows stops", .stop, "template_on_leave") { $0.templateStatus = "ON_LEAVE" },
        Case("a stopped sender holds", .hold, "sender_stopped", .before) { $0.senderStopped = "131031" },
        Case("a restriction stops", .stop, "number_restricted", .during) { $0.step.failedCodes = [131_048: 1] },
        Case("pacing holds", .hold, "template_pacing", .during) { $0.step.failedCodes = [132_015: 3] },
        Case("many failures hold", .hold, "failure_share", .during) {
            ($0.step.delivered, $0.step.failed, $0.step.failedCodes) = (20, 20, [131_000: 20])
        },
        Case("few outcomes say nothing", .go, "clean", .during) { ($0.step.delivered, $0.step.read, $0.step.failed) = (2, 0, 5) },
        Case("list hygiene is nobody's fault", .go, "clean") {
            ($0.step.delivered, $0.step.read, $0.step.failed, $0.step.failedCodes) = (70, 0, 30, [131_026: 20, 131_049: 10])
        },
        Case("too few delivered: the same again", .stay, "under_delivered") { ($0.step.delivered, $0.step.read) = (80, 9) },
        Case("nothing sent: the same again", .stay, "nothing_sent") { $0.step = RebuildCounts() },
        Case("a first opt-out: too few to tell", .stay, "inconclusive") {
            ($0.step.delivered, $0.step.failed, $0.step.failedCodes) = (59, 1, [131_050: 1])
            $0.pooled = $0.step
        },
        Case("opt-outs on small volume stop", .stop, "bad_events", .during) {
            ($0.step.delivered, $0.step.read, $0.step.failed, $0.step.failedCodes) = (40, 10, 4, [131_050: 4])
            $0.pooled = $0.step
        },
        Case("opt-outs pool over small steps", .stop, "bad_events", .during) {
            $0.pooled = $0.step
            ($0.pooled.failed, $0.pooled.failedCodes) = (6, [131_050: 6])
        },
    ]

    @Test(arguments: cases) func table(_ one: Case) {
        let verdict = Verdict.judge(one.signals, RebuildSettings())
        #expect(verdict.decision == one.decision)
        #expect(verdict.code == one.code)
        #expect(!verdict.reason.isEmpty)
    }

    /// The figures of Wald's test for 0.5 % against 2 %, and 1 % against 3 %.
    @Test func sequentialTest() {
        let utility = SequentialTest(RebuildSettings.standard(category: "UTILITY"))
        #expect(utility.verdict(delivered: 148, bad: 0) == .inconclusive)
        #expect(utility.verdict(delivered: 149, bad: 0) == .success)
        #expect(utility.verdict(delivered: 83, bad: 3) == .failure)
        #expect(utility.verdict(delivered: 84, bad: 3) == .inconclusive)
        let marketing = SequentialTest(RebuildSettings.standard(category: "MARKETING"))
        #expect(marketing.verdict(delivered: 110, bad: 0) == .inconclusive)
        #expect(marketing.verdict(delivered: 111, bad: 0) == .success)
    }

    @Test func profiles() throws {
        #expect(try RebuildProfile(parsing: "utility_std") == .utility)
        #expect(try RebuildProfile(parsing: " 50, 100,200").steps == [50, 100, 200])
        for bad in ["", "fast", "50,,100", "0", "50,-1", "100001", Array(repeating: "1", count: 201).joined(separator: ",")] {
            #expect(throws: RebuildError.self, "\(bad)") { try RebuildProfile(parsing: bad) }
        }
    }
}
