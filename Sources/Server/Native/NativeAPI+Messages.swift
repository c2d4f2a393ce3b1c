import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird
import Jobs

extension NativeAPI {
    var messageRoutes: [Route] {
        [
            Route(method: .post, path: "messages", scope: .send, handler: submit),
            Route(method: .post, path: "messages/batch", scope: .send, handler: batch),
            Route(method: .get, path: "messages", scope: .read, handler: listMessages),
            Route(method: .get, path: "messages/{id}", scope: .read, handler: showMessage),
            Route(method: .get, path: "messages/{id}/history", scope: .read, handler: messageHistory),
            Route(method: .get, path: "messages/{id}/why", scope: .read, handler: whyMessage),
            Route(method: .post, path: "messages/{id}/cancel", scope: .send, handler: cancelMessage),
            Route(method: .post, path: "messages/{id}/settle", scope: .admin, handler: settleMessage),
        ]
    }

    /// `{"sender":…,"message":{Meta's body},…}`; answers 202, or 200 with the message when `wait` seconds were asked for.
    @Sendable private func submit(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let body = try await body(request)
        let key = try context.key
        var submission = try await submission(body, key: key, headers: request.headers)
        let seconds = max(0, min(body["wait"]?.double ?? 0, 60))
        submission.isAnsweredEarly = seconds <= 0
        let receipt = try await dependencies.gateway.submit(submission)
        var response: Response
        if seconds > 0, let record = await dependencies.outcome(of: receipt, wait: .seconds(seconds), logger: context.logger) {
            response = .json(MessageView.json(record))
        } else {
            response = .json(MessageView.json(receipt), status: .accepted)
        }
        response.headers[.relevoMessageID] = receipt.id.uuidString.lowercased()
        return response
    }

    /// Reads one message of the native API, alone or a line of a batch.
    func submission(_ json: JSONValue, key: APIKey, headers: HTTPFields = [:]) async throws -> Submission {
        guard let message = json["message"], message.object != nil else {
            throw HTTPProblem.badRequest("message is missing: Meta's message body, with to or recipient", code: "missing_value")
        }
        var options = try SendOptions(headers)
        if let text = json["idempotency_key"]?.text {
            guard (1...255).contains(text.utf8.count) else { throw HTTPProblem.badRequest("idempotency_key has 1 to 255 characters") }
            options.idempotencyKey = text
        }
        if let text = json["region"]?.text {
            options.region = try SendOptions.region(text, else: .badRequest("region is an ISO 3166-1 alpha-2 code"))
        }
        if let text = json["lane"]?.text {
            guard let lane = MessageLane(rawValue: text) else { throw HTTPProblem.badRequest("lane is production, test or rebuild") }
            options.lane = lane
        }
        if let text = json["expires"]?.text {
            guard let expiry = SendOptions.Expiry(text) else { throw HTTPProblem.badRequest("expires is a number of seconds, or a time") }
            options.expires = expiry
        }
        if let value = json["priority"] {
            guard let priority = value.integer, (0...9).contains(priority) else {
                throw HTTPProblem.badRequest("priority is 0 (first) to 9")
            }
            options.priority = Int16(priority)
        }
        let edge = json["edge"]?.text.map { MessageEdge(rawValue: $0) } ?? .messages
        guard let edge else { throw HTTPProblem.badRequest("edge is messages or marketing_messages") }
        var submission = try await GraphEndpoint.submission(
            sender: try json.required("sender"), body: message, edge: edge, options: options, key: key, on: dependencies)
        submission.clientData = json["client_data"]?.text
        submission.tag = json["tag"]?.text
        // A rebuild counts its messages by tag: another's message among them would decide over it.
        if let tag = submission.tag, Self.ownTags.contains(where: tag.hasPrefix) {
            throw HTTPProblem.badRequest("tag begins with \(Self.ownTags.joined(separator: " or ")); those are Relevo's own")
        }
        return submission
    }

    private static let ownTags = ["rebuild:", "migration:"]

    func requireSender(_ id: String, _ key: APIKey) async throws {
        guard let sender = try await dependencies.gateway.senders.find(phoneNumberID: id), key.sees(client: sender.clientID) else {
            throw GatewayRefusal.unknownSender(id)
        }
    }

    @Sendable private func listMessages(_ request: Request, _ context: RelevoContext) async throws -> Response {
        var filter = MessageFilter(senders: try await visibleSenders(context))
        if let sender = request.query("sender") {
            try await requireSender(sender, context.key)
            filter.senders = [sender]
        }
        filter.states =
            try request.query("state").map { text in
                try text.split(separator: ",").map { word in
                    guard let state = MessageState(rawValue: String(word)) else {
                        throw HTTPProblem.badRequest(
                            "state is one of \(MessageState.allCases.map(\.rawValue).joined(separator: ", ")); several with commas")
                    }
                    return state
                }
            } ?? []
        filter.tag = request.query("tag")
        filter.address = request.query("to")
        filter.needsPerson = request.query("needs_person").map { $0 == "true" || $0 == "1" }
        filter.limit = try request.integer("limit", in: 1...1000) ?? 100
        filter.cursor = try request.integer("cursor", in: 0...Int.max).map { Int64($0) }
        let page = try await dependencies.gateway.messages(filter)
        var answer: JSONObject = ["data": .array(page.messages.map(MessageView.json))]
        if let next = page.next { answer["next"] = .string(String(next)) }
        return .json(.object(answer))
    }

    @Sendable private func showMessage(_ request: Request, _ context: RelevoContext) async throws -> Response {
        .json(MessageView.json(try await message(context)))
    }

    @Sendable private func messageHistory(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let record = try await message(context)
        return .json(["data": .array(try await dependencies.gateway.history(of: record.id).map(MessageView.json))])
    }

    @Sendable private func whyMessage(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let record = try await message(context)
        let reasons = try await dependencies.gateway.why(record.id)
        return .json(["state": .string(record.state.rawValue), "reasons": .array(reasons.map(MessageView.json))])
    }

    @Sendable private func cancelMessage(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let record = try await message(context)
        guard try await dependencies.gateway.cancel(record.id) else {
            throw HTTPProblem(
                .conflict, "too_late", "the message is \(record.state.rawValue); only one that was not sent yet can be cancelled")
        }
        try await audit("message cancelled", record.id.uuidString.lowercased(), nil, context)
        return .json(MessageView.json(try await message(context)))
    }

    /// `{"sent":true,"note":…}`: a person has found out what became of a message whose answer was lost.
    @Sendable private func settleMessage(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let record = try await message(context)
        let body = try await body(request)
        guard let sent = body["sent"]?.bool else { throw HTTPProblem.badRequest("sent is missing: true or false", code: "missing_value") }
        let note = try body.required("note")
        guard try await dependencies.gateway.settleByPerson(record.id, sent: sent, by: try context.key.actor, note: note) else {
            throw HTTPProblem(.conflict, "wrong_state", "the message is \(record.state.rawValue); only one that is unknown can be settled")
        }
        try await audit("message settled", record.id.uuidString.lowercased(), sent ? "sent" : "not sent", context)
        return .json(MessageView.json(try await message(context)))
    }

    /// The message of the address. Another client's does not exist.
    private func message(_ context: RelevoContext) async throws -> MessageRecord {
        let id = try context.uuid("id")
        guard let record = try await dependencies.gateway.message(id) else { throw HTTPProblem.notFound("there is no message \(id)") }
        if let senders = try await visibleSenders(context), !senders.contains(record.sender) {
            throw HTTPProblem.notFound("there is no message \(id)")
        }
        return record
    }
}
