import CloudAPI
import Foundation
import Jobs
import Postgres

/// Posts a message for each job; the receiver sees it under the name `kind:number`.
struct PostKind: JobKind {
    let name: String
    let delivery: Delivery
    let leaseSeconds: Double
    let graph: GraphClient

    func perform(_ attempt: Attempt) async -> (AttemptResult, detail: (any AttemptDetail)?) {
        let number = String(decoding: attempt.payload, as: UTF8.self)
        let outcome = await graph.post("\(name):\(number)", to: number)
        switch outcome {
        case .success(let answer, _): return (.done(providerID: answer.messageID), nil)
        case .notSent, .refused:
            return (.retry(after: .milliseconds(200), reason: outcome.summary, costsAttempt: false, lanePenalty: nil), nil)
        case .ambiguous where delivery == .atLeastOnce:
            return (.retry(after: .milliseconds(200), reason: outcome.summary, costsAttempt: true, lanePenalty: nil), nil)
        case .ambiguous: return (.unknown(reason: outcome.summary), nil)
        }
    }

    /// What the owner of a job would write down.
    func settle(_ settlements: [Settlement], on db: PostgresConnection) async throws {
        try await db.query(
            """
            INSERT INTO fault.settlement (attempt_id, job_id, result, late)
            SELECT * FROM unnest(\(settlements.map(\.attempt.id)), \(settlements.map(\.attempt.jobID)), \(settlements.map(\.result.letter)),
                \(settlements.map(\.isLate)))
            """)
    }
}

extension AttemptResult {
    /// As in `jobs.outcome`.
    var letter: String {
        switch self {
        case .done: "S"
        case .retry: "R"
        case .dead: "X"
        case .unknown: "U"
        }
    }
}

extension GraphClient {
    /// Exactly one request; `number` chooses the recipient.
    func post(_ name: String, to number: String) async -> GraphOutcome<SendAnswer> {
        let digits = String(repeating: "0", count: max(0, 4 - number.count)) + number
        return await send(
            [
                "messaging_product": "whatsapp", "to": .string("+1631555\(digits)"), "type": "text", "text": ["body": .string(name)],
                "biz_opaque_callback_data": .string(name),
            ], from: FaultWorker.line, token: Secret("fault-token"))
    }
}
