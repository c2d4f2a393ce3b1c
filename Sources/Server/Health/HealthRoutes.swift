import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Postgres

/// `/health/live` and `/health/ready`: open, and saying nothing but yes or no.
struct HealthRoutes: Sendable {
    let dependencies: ServerDependencies

    func register(on router: Router<RelevoContext>) {
        router.get("/health/live") { _, _ in Response.json(["status": "ok"]) }
        router.get("/health/ready") { request, context in await ready(context) }
    }

    /// Ready: the database answers within two seconds and holds the schema this program was built for.
    private func ready(_ context: RelevoContext) async -> Response {
        do {
            try await Deadline.run(.seconds(2)) {
                try await dependencies.client.query("SELECT 1")
                try await dependencies.checkSchema()
            }
            return .json(["status": "ready"])
        } catch {
            context.logger.warning("not ready", metadata: ["error": "\(error)"])
            var response = Response.json(["status": "not ready"], status: .serviceUnavailable)
            response.headers[.retryAfter] = "2"
            return response
        }
    }
}

/// A bound on how long something may take.
enum Deadline {
    struct Passed: Error {}

    static func run(_ time: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: time)
                throw Passed()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
