import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import Migration

extension NativeAPI {
    var migrationRoutes: [Route] {
        [
            Route(method: .get, path: "migrations", scope: .read, handler: listMigrations),
            Route(method: .get, path: "migrations/{ref}", scope: .read) { _, context in
                try .encoding(try await dependencies.migrations.show(try await ref(context)))
            },
            Route(method: .get, path: "migrations/{ref}/why", scope: .read) { _, context in
                try .encoding(try await dependencies.migrations.why(try await ref(context)))
            },
            Route(method: .post, path: "migrations/{ref}/code", scope: .plan, handler: giveCode),
            Route(method: .post, path: "migrations/{ref}/code-link", scope: .plan, handler: makeLink),
            Route(method: .post, path: "migrations/{ref}/retry", scope: .plan) { _, context in
                let record = try await dependencies.migrations.retry(try await ref(context), by: try context.key.actor)
                try await audit("migration retried", record.rowRef, nil, context)
                return try .encoding(record)
            },
            Route(method: .post, path: "migrations/{ref}/abort", scope: .plan) { request, context in
                let reason = try await body(request).required("reason")
                let record = try await dependencies.migrations.abort(try await ref(context), by: try context.key.actor, reason: reason)
                try await audit("migration aborted", record.rowRef, reason, context)
                return try .encoding(record)
            },
            Route(method: .post, path: "migrations/{ref}/connected", scope: .plan) { _, context in
                let ref = try await ref(context)
                try await dependencies.migrations.connected(ref, by: try context.key.actor)
                try await audit("client connected", ref, nil, context)
                return try .encoding(try await dependencies.migrations.show(ref).number)
            },
            Route(method: .get, path: "progress", scope: .read, unbound: true) { _, _ in
                try .encoding(try await dependencies.migrations.progress())
            },
            Route(method: .get, path: "windows", scope: .read, unbound: true) { request, _ in
                try .page(try await dependencies.migrations.windowsAhead(limit: request.integer("limit", in: 1...1000) ?? 50), next: nil)
            },
            Route(method: .post, path: "waves/{wave}/release", scope: .plan, unbound: true) { request, context in
                let wave = try context.id("wave")
                let note = try await body(request).required("note")
                guard let number = Int32(exactly: wave) else { throw HTTPProblem.notFound("there is no wave \(wave)") }
                let ended = try await dependencies.migrations.releaseWaves(upTo: Int(number), by: try context.key.actor, note: note)
                try await audit("waves released", String(wave), note, context)
                return .json(["released": JSONValue(ended)])
            },
        ]
    }

    @Sendable private func listMigrations(_ request: Request, _ context: RelevoContext) async throws -> Response {
        var filter = Migrations.Filter()
        if let text = request.query("state") {
            guard let state = NumberState(rawValue: text) else {
                throw HTTPProblem.badRequest("state is one of \(NumberState.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            filter.state = state
        }
        filter.wave = try request.integer("wave", in: 0...100_000)
        filter.client = context.caller?.clientID ?? request.query("client")
        filter.needsPerson = request.query("needs_person").map { $0 == "true" || $0 == "1" }
        filter.after = request.query("cursor")
        filter.limit = try request.integer("limit", in: 1...1000) ?? 100
        let numbers = try await dependencies.migrations.list(filter)
        return try .page(numbers, next: numbers.count == filter.limit ? numbers.last?.rowRef : nil)
    }

    @Sendable private func giveCode(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let code = try await body(request).required("code")
        let ref = try await ref(context)
        try await dependencies.migrations.provideCode(ref, code: code, by: try context.key.actor)
        try await audit("code handed over", ref, nil, context)
        return try .encoding(try await dependencies.migrations.show(ref).number)
    }

    @Sendable private func makeLink(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let ref = try await ref(context)
        let (url, expires) = try await dependencies.migrations.codeLink(ref, by: try context.key.actor)
        try await audit("code link made", ref, nil, context)
        return .json(["url": .string(url), "expires_at": MessageView.time(expires)])
    }

    /// The row of the address. Another client's does not exist.
    private func ref(_ context: RelevoContext) async throws -> String {
        let ref = try context.part("ref")
        guard let client = context.caller?.clientID else { return ref }
        let number = try await dependencies.migrations.show(ref).number
        guard number.clientID == client else {
            throw MigrationError.unknown(ref)
        }
        return ref
    }
}
