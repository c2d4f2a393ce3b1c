import CloudAPI
import Foundation
import Jobs
import Testing

@testable import Gateway

@Suite struct OutcomeTests {
    private func read(_ outcome: GraphOutcome<SendAnswer>, pairFailures: Int = 0) -> String {
        switch OutcomeReader(settings: GatewaySettings(), pairFailures: pairFailures).read(outcome).0 {
        case .done(let id): "done \(id ?? "")"
        case .retry(let after, _, let costs, let penalty):
            "retry \(after.map { $0 / .seconds(1) } ?? -1) \(costs ? "costs" : "free")\(penalty == nil ? "" : " lane")"
        case .dead: "dead"
        case .unknown: "unknown"
        }
    }

    private func refused(_ code: Int, regain: Duration? = nil, pairFailures: Int = 0) -> String {
        read(
            .refused(
                GraphError(status: 400, code: code, message: "no"),
                GraphResponse(status: 400, body: Data(), usage: GraphUsage(regainAccess: regain))), pairFailures: pairFailures)
    }

    @Test func everyOutcomeHasItsConsequence() {
        #expect(refused(130429) == "retry 1.0 free lane")
        #expect(refused(131056) == "retry 1.0 costs" && refused(131056, pairFailures: 2) == "retry 16.0 costs")
        #expect(refused(4, regain: .seconds(7200)) == "retry 7200.0 free lane")
        #expect(refused(131049) == "dead" && refused(131026) == "dead" && refused(190) == "dead" && refused(100) == "dead")
        #expect(refused(131000) == "unknown" && refused(2) == "unknown")
        #expect(refused(987_654) == "dead")
        #expect(read(.notSent("no connection")) == "retry 2.0 free lane")
        #expect(read(.ambiguous("no answer in time", nil)) == "unknown")
    }

    private func row(_ state: MessageState) -> MessageRow {
        MessageRow(
            id: UUID(), sender: "1", address: "+16315551234", e164: "+16315551234", template: nil, templateLanguage: nil, notifyRun: nil,
            state: state, attempts: 1, oldWamids: [], withoutHash: false, needsPerson: false)
    }

    @Test func answerOfALaterAttemptOutlivesTheFailureOfAnEarlierOne() {
        var message = row(.sending)
        _ = message.fail(130429, "slow", error: nil, wamid: "w1", at: Date())
        #expect(message.state == .failed)
        message.accept(wamid: "w2", waID: nil, answer: nil, httpStatus: 200, at: Date())
        #expect(message.state == .accepted && message.wamid == "w2" && message.oldWamids == ["w1"] && message.errorCode == nil)
    }

    @Test func failureOfAnAttemptThatIsRepeatedAnywayChangesNothing() {
        var message = row(.queued)
        let hasChanged = message.fail(130429, "slow", error: nil, wamid: "w1", at: Date())
        #expect(!hasChanged)
        #expect(message.state == .queued)
        // Proof that it went out ends the repetition.
        message.progress(.sent, wamid: "w1", at: Date())
        #expect(message.state == .sent)
    }

    @Test func namesAreReadBack() {
        let id = MessageID.make()
        #expect(CallbackName.id(CallbackName.text(id)) == id && CallbackName.text(id).count == 43)
        #expect(CallbackName.id("relevo:nonsense") == nil && CallbackName.id("other:\(id)") == nil)
        #expect(SendJob.message(SendJob.new(id, lane: 1, priority: 4, settings: GatewaySettings()).payload) == id)
        #expect(id.uuidString.dropFirst(14).first == "7")
    }
}
