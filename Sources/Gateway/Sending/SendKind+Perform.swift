import CloudAPI
import Credentials
import Foundation
import Jobs
import Postgres

extension SendKind {
    /// Makes exactly one request, or none.
    func perform(_ attempt: Attempt) async -> (AttemptResult, detail: (any AttemptDetail)?) {
        let send: PreparedSend
        let request: JSONValue
        let token: Secret
        do {
            send = if let prepared = core.handoff.take(attempt.id) { prepared } else { try await load(attempt) }
            request = try send.request()
            token = try await core.credentials.token(forWABA: send.wabaID)
        } catch {
            // Nothing has been sent. A missing token or a database that is away is no fault of the message.
            let text = "not sent: \(Self.describe(error))"
            return (
                .retry(after: .seconds(10), reason: text, costsAttempt: error is UnreadableBody, lanePenalty: .seconds(5)),
                SendDetail(text: text)
            )
        }
        let outcome = await core.graph.send(request, from: send.sender, edge: send.edge, token: token, whenWritten: attempt.tookEffect)
        // A refused token may have been replaced meanwhile: the next request asks for it anew.
        if let code = outcome.error?.code, [0, 104, 190].contains(code) { core.credentials.forget() }
        let (result, read) = OutcomeReader(settings: core.settings, pairFailures: send.pairFailures).read(outcome)
        var detail = read
        (detail.sender, detail.number) = (send.sender, send.e164)
        if case .done = result { return (result, detail) }
        // Meta repeats a token that it cannot read.
        return (result.without(token), detail.without(token))
    }

    private func load(_ attempt: Attempt) async throws -> PreparedSend {
        struct Missing: Error, CustomStringConvertible { let description = "the message is not being sent" }
        guard let id = SendJob.message(attempt.payload) else { throw Missing() }
        let row = try await core.client.query(
            """
            SELECT m.sender, s.waba_id, m.edge, m.e164, m.user_id, m.hash_attached, m.body FROM gateway.message m
            JOIN gateway.sender s ON s.phone_number_id = m.sender WHERE m.id = \(id) AND m.state = 'sending' AND m.job_id = \(attempt.jobID)
            """
        ).decodeFirst((String, String, String, String?, String?, String?, Data).self)
        guard let row else { throw Missing() }
        return PreparedSend(
            id: id, sender: row.0, wabaID: row.1, edge: MessageEdge(rawValue: row.2) ?? .messages, e164: row.3, userID: row.4, hash: row.5,
            body: row.6)
    }

    private static func describe(_ error: any Error) -> String {
        switch error {
        case let error as CredentialError: error.message
        case let error as PostgresError: "the database did not answer (\(error.code))"
        default: "\(error)"
        }
    }
}
