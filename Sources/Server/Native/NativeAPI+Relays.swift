import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import Webhooks

extension NativeAPI {
    var relayRoutes: [Route] {
        [
            Route(method: .get, path: "relays", scope: .read) { _, context in
                var relays = try await dependencies.relays.list(clientID: context.caller?.clientID)
                // Who works for the operator is nobody else's business.
                if context.caller?.clientID != nil { for place in relays.indices { relays[place].createdBy = "" } }
                return try .page(relays, next: nil)
            },
            Route(method: .post, path: "relays", scope: .admin, unbound: true, handler: addRelay),
            Route(method: .patch, path: "relays/{id}", scope: .admin, unbound: true, handler: changeRelay),
            Route(method: .delete, path: "relays/{id}", scope: .admin, unbound: true) { _, context in
                let removed = try await dependencies.relays.remove(try context.id("id"))
                try await audit("relay removed", "\(removed.id)", removed.url, context)
                return try .encoding(removed)
            },
            Route(method: .post, path: "relays/{id}/pause", scope: .admin, unbound: true) { _, context in
                try await setPaused(true, context)
            },
            Route(method: .post, path: "relays/{id}/resume", scope: .admin, unbound: true) { _, context in
                try await setPaused(false, context)
            },
        ]
    }

    @Sendable private func addRelay(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let body = try await body(request)
        let (waba, number) = (body["waba_id"]?.text, body["phone_number_id"]?.text)
        guard (waba == nil) != (number == nil) else {
            throw HTTPProblem.badRequest("one of waba_id and phone_number_id says whose webhooks go on", code: "missing_value")
        }
        let added = try await dependencies.relays.add(
            scope: waba == nil ? .number : .waba, id: waba ?? number ?? "", url: try body.required("url"),
            secret: Secret(try body.required("secret")), clientID: body["client_id"]?.text ?? "",
            parallel: try Self.parallel(body), by: try context.key.actor)
        try await audit("relay added", "\(added.id)", added.url, context)
        return try .encoding(added, status: .created)
    }

    /// `{"secret":…,"parallel":…}`; what is absent stays.
    @Sendable private func changeRelay(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let body = try await body(request)
        let (secret, parallel) = (try body["secret"].map { _ in Secret(try body.required("secret")) }, try Self.parallel(body))
        guard secret != nil || parallel != nil else {
            throw HTTPProblem.badRequest("secret, parallel or both say what is to change", code: "missing_value")
        }
        let changed = try await dependencies.relays.set(try context.id("id"), secret: secret, parallel: parallel)
        // What was changed by its name; never the secret, nor what else the body may hold.
        let names = [secret.map { _ in "secret" }, parallel.map { "parallel \($0)" }].compactMap { $0 }
        try await audit("relay changed", "\(changed.id)", names.joined(separator: ", "), context)
        return try .encoding(changed)
    }

    private static func parallel(_ body: JSONValue) throws -> Int? {
        guard let value = body["parallel"] else { return nil }
        guard let number = value.integer else { throw HTTPProblem.badRequest("parallel is a whole number from 1 to 64", code: "bad_value") }
        return number
    }

    private func setPaused(_ isPaused: Bool, _ context: RelevoContext) async throws -> Response {
        let relay = try await dependencies.relays.setPaused(try context.id("id"), isPaused, by: try context.key.actor)
        try await audit(isPaused ? "relay paused" : "relay resumed", "\(relay.id)", relay.url, context)
        return try .encoding(relay)
    }
}
