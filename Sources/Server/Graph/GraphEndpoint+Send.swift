import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird
import Jobs
import Logging

extension GraphEndpoint {
    /// `POST /{version}/{phone_number_id}/messages` and `/marketing_messages`.
    func send(
        _ request: Request, _ context: RelevoContext, _ key: APIKey, _ senderID: String, _ edge: MessageEdge
    ) async throws -> Response {
        try Self.require(.send, key)
        let options = try SendOptions(request.headers)
        let body = try await request.jsonObject(upTo: configuration.bodyLimit, within: configuration.bodyTimeout)
        if body["status"] != nil || (body["typing_indicator"] != nil && body["type"] == nil) {
            _ = try Self.value(await dependencies.gateway.passThrough(body: body, sender: senderID, clientID: key.clientID))
            return .json(["success": true])
        }
        var submission = try await Self.submission(
            sender: senderID, body: body, edge: edge, options: options, key: key, on: dependencies)
        submission.isAnsweredEarly = options.wait <= .zero
        let receipt = try await dependencies.gateway.submit(submission)
        let record = await dependencies.outcome(of: receipt, wait: options.wait, logger: context.logger)
        var response: Response
        do {
            response =
                try record.map { try MessageAnswer.response($0, receipt: receipt, body: body) } ?? MessageAnswer.queued(receipt, body: body)
        } catch let problem as HTTPProblem {
            response = problem.response(.graph)
        }
        response.headers[.relevoMessageID] = receipt.id.uuidString.lowercased()
        return response
    }

    static func submission(
        sender: String, body: JSONValue, edge: MessageEdge, options: SendOptions, key: APIKey, on dependencies: ServerDependencies
    ) async throws -> Submission {
        var submission = Submission(sender: sender, body: body)
        submission.edge = edge
        submission.lane = options.lane
        submission.region = options.region
        submission.priority = options.priority
        submission.idempotencyKey = options.idempotencyKey
        submission.idempotencyScope = key.id.uuidString.lowercased()
        submission.apiKeyID = key.id
        submission.clientID = key.clientID
        switch options.expires {
        case .at(let date): submission.expiresAt = date
        case .after(let seconds): submission.expiresAt = try await JobQueue.now(on: dependencies.client).addingTimeInterval(seconds)
        case nil: break
        }
        return submission
    }
}
