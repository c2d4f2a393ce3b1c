import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import Webhooks

extension NativeAPI {
    var webhookRoutes: [Route] {
        [
            Route(method: .get, path: "webhooks/problems", scope: .admin, unbound: true) { request, _ in
                let limit = try request.integer("limit", in: 1...200) ?? 50
                let before = try request.integer("cursor", in: 0...Int.max).map { Int64($0) }
                let problems = try await dependencies.webhooks.problems(before: before, limit: limit)
                return try .page(problems, next: problems.count == limit ? problems.last.map { String($0.id) } : nil)
            },
            Route(method: .post, path: "webhooks/problems/{id}/retry", scope: .admin, unbound: true) { _, context in
                try await settle("webhook retried", context) { try await dependencies.webhooks.retry($0, by: $1) }
            },
            Route(method: .post, path: "webhooks/problems/{id}/dismiss", scope: .admin, unbound: true) { _, context in
                try await settle("webhook dismissed", context) { try await dependencies.webhooks.dismiss($0, by: $1) }
            },
            Route(method: .post, path: "webhooks/replay", scope: .admin, unbound: true) { request, context in
                let body = try await body(request)
                guard let from = try body.date("from"), let to = try body.date("to"), from < to else {
                    throw HTTPProblem.badRequest("from and to are times such as 2026-12-01T09:00:00Z, to after from", code: "missing_value")
                }
                let queued = try await dependencies.webhooks.replay(from: from, to: to, by: try context.key.actor)
                try await audit("webhooks replayed", nil, "\(from.formatted(.iso8601)) to \(to.formatted(.iso8601)): \(queued)", context)
                return .json(["queued": JSONValue(queued)])
            },
        ]
    }

    private func settle(_ action: String, _ context: RelevoContext, _ change: (Int64, String) async throws -> Bool) async throws -> Response
    {
        let post = try context.id("id")
        guard try await change(post, try context.key.actor) else { throw HTTPProblem.notFound("POST \(post) has no problem") }
        try await audit(action, String(post), nil, context)
        return .json(["id": .number(String(post))])
    }
}
