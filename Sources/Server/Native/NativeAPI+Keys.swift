import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import Webhooks

extension NativeAPI {
    var keyRoutes: [Route] {
        [
            Route(method: .get, path: "keys", scope: .admin, unbound: true) { _, _ in try .page(try await keys.list(), next: nil) },
            Route(method: .post, path: "keys", scope: .admin, unbound: true, handler: createKey),
            Route(method: .delete, path: "keys/{id}", scope: .admin, unbound: true) { _, context in
                try .encoding(try await keys.revoke(try context.part("id"), by: try context.key.actor))
            },
            Route(method: .get, path: "audit", scope: .admin, unbound: true) { request, _ in
                try .page(try await Audit.list(limit: request.integer("limit", in: 1...1000) ?? 100, on: dependencies.client), next: nil)
            },
        ]
    }

    /// `{"name":…,"scopes":["send"],"client_id":…}`; the key is in this answer and nowhere else.
    @Sendable private func createKey(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let body = try await body(request)
        let scopes = try (body["scopes"]?.elements ?? []).map { element in
            guard let scope = element.text.flatMap(APIScope.init) else {
                throw HTTPProblem.badRequest("scopes are send, read, plan, admin")
            }
            return scope
        }
        let (key, stored) = try await keys.create(
            name: try body.required("name"), scopes: Set(scopes), clientID: body["client_id"]?.text, by: try context.key.actor)
        guard var object = try JSONValue(parsing: try Response.encoded(stored)).object else { throw CancellationError() }
        object["key"] = .string(key.reveal())
        return .json(.object(object), status: .created)
    }
}
