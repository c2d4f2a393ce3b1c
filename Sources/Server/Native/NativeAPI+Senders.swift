import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird

extension NativeAPI {
    var senderRoutes: [Route] {
        [
            Route(method: .get, path: "senders", scope: .read) { _, context in
                let senders = try await dependencies.gateway.senders.list().filter { context.caller?.sees(client: $0.clientID) ?? false }
                return .json(["data": .array(senders.map(Self.json))])
            },
            Route(method: .get, path: "senders/{id}", scope: .read) { _, context in
                .json(Self.json(try await sender(context)))
            },
            Route(method: .post, path: "senders", scope: .admin, unbound: true, handler: addSender),
            Route(method: .patch, path: "senders/{id}", scope: .admin, unbound: true, handler: changeSender),
            Route(method: .post, path: "senders/{id}/stop", scope: .admin, unbound: true) { request, context in
                let reason = try await body(request).required("reason")
                let id = try await sender(context).phoneNumberID
                let stopped = try await dependencies.gateway.senders.stop(id, reason: reason, by: try context.key.actor)
                try await audit("sender stopped", id, reason, context)
                return .json(Self.json(stopped))
            },
            Route(method: .post, path: "senders/{id}/resume", scope: .admin, unbound: true) { _, context in
                let id = try await sender(context).phoneNumberID
                let resumed = try await dependencies.gateway.senders.resume(id)
                try await audit("sender resumed", id, nil, context)
                return .json(Self.json(resumed))
            },
        ]
    }

    private func sender(_ context: RelevoContext) async throws -> Sender {
        let id = try context.part("id")
        guard let sender = try await dependencies.gateway.senders.find(phoneNumberID: id),
            context.caller?.sees(client: sender.clientID) ?? false
        else { throw HTTPProblem.notFound("no sender has the phone number id \(id.prefix(40).debugDescription)") }
        return sender
    }

    @Sendable private func addSender(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let body = try await body(request)
        let new = NewSenderRecord(
            phoneNumberID: try body.required("phone_number_id"), e164: try body.required("e164"), wabaID: try body.required("waba_id"),
            clientID: body["client_id"]?.text ?? "", portfolioID: body["portfolio_id"]?.text, defaultRegion: body["default_region"]?.text,
            perSecond: body["per_second"]?.double, identityMode: try Self.mode(body) ?? .off)
        let sender = try await dependencies.gateway.senders.add(new)
        try await audit("sender added", sender.phoneNumberID, nil, context)
        return .json(Self.json(sender), status: .created)
    }

    @Sendable private func changeSender(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let body = try await body(request)
        var change = SenderChange()
        change.wabaID = body["waba_id"]?.text
        change.clientID = body["client_id"]?.text
        // A null takes the region away, an absent member leaves it.
        if let region = body.object?["default_region"] { change.defaultRegion = .some(region.text) }
        if let portfolio = body.object?["portfolio_id"] { change.portfolioID = .some(portfolio.text) }
        // A null leaves it to Meta again.
        if let rate = body.object?["per_second"] { change.perSecond = .some(rate.double) }
        change.identityMode = try Self.mode(body)
        let sender = try await dependencies.gateway.senders.set(try await sender(context).phoneNumberID, change)
        try await audit("sender changed", sender.phoneNumberID, body.object?.names.joined(separator: " "), context)
        return .json(Self.json(sender))
    }

    private static func mode(_ body: JSONValue) throws -> IdentityMode? {
        guard let text = body["identity_mode"]?.text else { return nil }
        guard let mode = IdentityMode(rawValue: text) else { throw HTTPProblem.badRequest("identity_mode is off, observe or enforce") }
        return mode
    }

    static func json(_ sender: Sender) -> JSONValue {
        var object: JSONObject = [
            "phone_number_id": .string(sender.phoneNumberID), "e164": .string(sender.e164), "waba_id": .string(sender.wabaID),
            "client_id": .string(sender.clientID), "per_second": .number(String(sender.perSecond)),
            "identity_mode": .string(sender.identityMode.rawValue), "state": .string(sender.state.rawValue),
            "created_at": MessageView.time(sender.createdAt), "updated_at": MessageView.time(sender.updatedAt),
        ]
        if let portfolio = sender.portfolioID { object["portfolio_id"] = .string(portfolio) }
        if sender.isInShadow { object["throughput_in_shadow"] = .bool(true) }
        if let level = sender.throughputLevel { object["throughput_level"] = .string(level) }
        if let at = sender.askedAt { object["asked_at"] = MessageView.time(at) }
        if let error = sender.askError { object["ask_error"] = .string(error) }
        if let region = sender.defaultRegion { object["default_region"] = .string(region) }
        if let reason = sender.stoppedReason { object["stopped_reason"] = .string(reason) }
        if let by = sender.stoppedBy { object["stopped_by"] = .string(by) }
        if let at = sender.stoppedAt { object["stopped_at"] = MessageView.time(at) }
        if let moved = sender.movedTo { object["moved_to"] = .string(moved) }
        return .object(object)
    }
}
