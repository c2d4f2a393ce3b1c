import CloudAPI
import Foundation
import Jobs

/// What came of one request, from `perform` to `settle`.
struct SendDetail: AttemptDetail, Codable, Equatable {
    /// The phone number id it went from, and the number it went to.
    var sender = ""
    var number: String?
    var wamid: String?
    var waID: String?
    var userID: String?
    /// Meta's body as it came, of an answer or a refusal.
    var body: Data?
    var httpStatus: Int?
    var code: Int?
    /// A sentence about what happened.
    var text: String
    var action: ErrorAction = .none
    /// No rule knows the error.
    var isUnheardOf = false
    var waitSeconds: Double?
    /// 131056 in a row before this request.
    var pairFailures = 0

    var bytes: Data { (try? JSONEncoder().encode(self)) ?? Data() }

    /// The same without a secret that the other side has repeated.
    func without(_ secret: Secret) -> SendDetail {
        var detail = self
        detail.text = text.without(secret)
        if let body, body.range(of: Data(secret.reveal().utf8)) != nil {
            detail.body = Data(String(decoding: body, as: UTF8.self).without(secret).utf8)
        }
        return detail
    }
}

extension AttemptResult {
    func without(_ secret: Secret) -> AttemptResult {
        switch self {
        case .done: self
        case .retry(let after, let reason, let costs, let penalty):
            .retry(after: after, reason: reason.without(secret), costsAttempt: costs, lanePenalty: penalty)
        case .dead(let reason): .dead(reason: reason.without(secret))
        case .unknown(let reason): .unknown(reason: reason.without(secret))
        }
    }
}

extension String {
    /// Short ones are left: no token is short, and taking them out would spoil the text.
    fileprivate func without(_ secret: Secret) -> String {
        let value = secret.reveal()
        return value.utf8.count < 12 ? self : replacing(value, with: "[redacted]")
    }
}

/// Turns an outcome of the client into what the engine does.
struct OutcomeReader {
    let settings: GatewaySettings
    let pairFailures: Int

    func read(_ outcome: GraphOutcome<SendAnswer>) -> (AttemptResult, SendDetail) {
        switch outcome {
        case .success(let answer, let response):
            var detail = SendDetail(
                wamid: answer.messageID, waID: answer.contacts.first?.waID, userID: answer.contacts.first?.userID, body: response.body,
                httpStatus: response.status, text: "accepted")
            detail.pairFailures = pairFailures
            return (.done(providerID: answer.messageID), detail)
        case .notSent(let reason):
            // Nothing reached Meta, so nothing is lost by trying again; the lane rests so that a dead line is not hammered.
            let text = "not sent: \(reason)"
            return (
                .retry(after: .seconds(2), reason: text, costsAttempt: false, lanePenalty: .seconds(1)), SendDetail(text: text)
            )
        case .ambiguous(let reason, let error):
            let text = "the answer was lost: \(reason)"
            return (
                .unknown(reason: text),
                SendDetail(
                    body: error?.raw.map { JSONValue.object(["error": $0]).encoded() }, httpStatus: error?.status, code: error?.code,
                    text: text)
            )
        case .refused(let error, let response):
            return refused(error, response)
        }
    }

    private func refused(_ error: GraphError, _ response: GraphResponse) -> (AttemptResult, SendDetail) {
        let verdict = settings.rules.verdict(on: error, scope: .send)
        let text = "\(error)"
        var detail = SendDetail(
            body: response.body, httpStatus: response.status, code: error.code, text: text, action: verdict.action,
            waitSeconds: verdict.wait.map { $0 / .seconds(1) })
        detail.isUnheardOf = !verdict.isKnown
        detail.pairFailures = pairFailures
        switch verdict.errorClass {
        case .reconcile: return (.unknown(reason: text), detail)
        case .fix, .never, .human: return (.dead(reason: text), detail)
        case .safeRetry, .wait:
            // The time Meta names in its usage header counts as well.
            let wait = max(verdict.wait ?? .seconds(1), response.usage.regainAccess ?? .zero)
            // A budget that is used up is no fault of the message: it waits however long that takes.
            if wait > settings.longestWait, verdict.action != .slowLane { return (.dead(reason: text), detail) }
            switch verdict.action {
            case .slowLane: return (.retry(after: wait, reason: text, costsAttempt: false, lanePenalty: wait), detail)
            case .slowPair:
                let rest = max(Pairs.rest(afterFailures: pairFailures), .seconds(1))
                return (.retry(after: rest, reason: text, costsAttempt: true, lanePenalty: nil), detail)
            default: return (.retry(after: wait, reason: text, costsAttempt: true, lanePenalty: nil), detail)
            }
        }
    }
}
