import CloudAPI
import Fleet
import Foundation
import HTTPTypes
import Hummingbird
import Migration

extension NativeAPI {
    var fleetRoutes: [Route] {
        [
            Route(method: .get, path: "fleet", scope: .read, unbound: true, handler: showFleet),
            Route(method: .post, path: "fleet", scope: .plan, unbound: true, handler: importFleet),
            Route(method: .get, path: "fleet/revisions", scope: .read, unbound: true) { _, _ in
                try .page(try await dependencies.migrations.fleet.revisions(), next: nil)
            },
        ]
    }

    var planRoutes: [Route] {
        [
            Route(method: .get, path: "plans", scope: .read, unbound: true) { _, _ in
                try .page(try await dependencies.migrations.plans.list(), next: nil)
            },
            Route(method: .get, path: "plans/{id}", scope: .read, unbound: true) { _, context in
                try .encoding(try await dependencies.migrations.plans.plan(context.id("id")))
            },
            Route(method: .get, path: "plans/{id}/document", scope: .read, unbound: true) { _, context in
                .bytes(try await dependencies.migrations.plans.export(context.id("id")), type: "application/json")
            },
            Route(method: .post, path: "plans/{id}/approve", scope: .plan, unbound: true) { _, context in
                let plan = try await dependencies.migrations.plans.approve(context.id("id"), by: try context.key.actor)
                try await audit("plan approved", String(plan.id), nil, context)
                return try .encoding(plan)
            },
            Route(method: .post, path: "plans/{id}/arm", scope: .plan, unbound: true) { _, context in
                let arming = try await dependencies.migrations.plans.arm(context.id("id"), by: try context.key.actor)
                try await audit("plan armed", String(arming.plan), nil, context)
                return try .encoding(arming)
            },
        ]
    }

    private struct Rows: Encodable {
        struct Row: Encodable {
            var line: Int
            var fields: [String: String]
        }
        var revision: FleetRevision?
        var data: [Row]
        var rejected: [FleetProblem]
        var next: String?
    }

    /// Rows of the stored fleet in the order of the file, `after` a line.
    @Sendable private func showFleet(_ request: Request, _ context: RelevoContext) async throws -> Response {
        guard let current = try await dependencies.migrations.fleet.current() else {
            return try .encoding(Rows(revision: nil, data: [], rejected: [], next: nil))
        }
        let limit = try request.integer("limit", in: 1...1000) ?? 200
        let after = try request.integer("cursor", in: 0...Int.max) ?? 0
        let rows = current.fleet.rows.filter { $0.line > after }.prefix(limit)
        return try .encoding(
            Rows(
                revision: current.revision, data: rows.map { Rows.Row(line: $0.line, fields: $0.fields) }, rejected: current.rejected,
                next: rows.count == limit ? rows.last.map { String($0.line) } : nil))
    }

    /// A fleet file, in bytes: some 700,000 rows.
    private static let largestFleet = 128 << 20

    private struct Imported: Encodable {
        var revision: FleetRevision
        var unchanged: Bool
        var added: [String]
        var changed: [String]
        var removed: [String]
        var problems: [FleetProblem]
    }

    /// A fleet file as it is, as the body. `?accept_good_rows=true` leaves out the rows with errors, `?encoding=latin1` reads Latin-1.
    @Sendable private func importFleet(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let encoding: FileEncoding = request.query("encoding")?.lowercased() == "latin1" ? .latin1 : .utf8
        // Read as it comes: only its rows are held, not its bytes.
        var reader = try await request.reduce(
            into: FleetReader(encoding: encoding), upTo: Self.largestFleet, within: configuration.bodyTimeout * 4
        ) { $0.feed($1.readableBytesView) }
        let file = reader.finish()
        let name = request.query("name") ?? "fleet.csv"
        let accept = request.query("accept_good_rows") == "true"
        if !file.problems.isEmpty, !accept {
            var problem = HTTPProblem(
                .unprocessableContent, "rejected_rows",
                "\(file.problems.count) problems; nothing was imported: correct them, or accept the good rows"
            )
            problem.details = ["problems": try JSONValue(parsing: try Response.encoded(Array(file.problems.prefix(1000))))]
            throw problem
        }
        let result = try await dependencies.migrations.fleet.importFile(
            file, name: String(name.prefix(200)), by: try context.key.actor, acceptGoodRows: accept)
        try await audit("fleet imported", String(result.revision.id), nil, context)
        return try .encoding(
            Imported(
                revision: result.revision, unchanged: result.unchanged, added: result.added, changed: result.changed,
                removed: result.removed,
                problems: result.problems))
    }
}
