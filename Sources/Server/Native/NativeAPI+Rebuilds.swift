import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import Quality
import Templates

extension NativeAPI {
    var rebuildRoutes: [Route] {
        [
            Route(method: .get, path: "rebuilds", scope: .read, handler: listRebuilds),
            Route(method: .post, path: "rebuilds", scope: .plan, handler: startRebuild),
            Route(method: .get, path: "rebuilds/{id}", scope: .read) { _, context in .json(try Self.json(try await rebuild(context))) },
            Route(method: .post, path: "rebuilds/{id}/pause", scope: .plan) { request, context in
                try await act("paused", request, context) { try await dependencies.rebuilds.pause($0, by: $1, why: $2) }
            },
            Route(method: .post, path: "rebuilds/{id}/resume", scope: .plan) { request, context in
                try await act("resumed", request, context) { try await dependencies.rebuilds.resume($0, by: $1, why: $2) }
            },
            Route(method: .post, path: "rebuilds/{id}/stop", scope: .plan) { request, context in
                try await act("stopped", request, context) { try await dependencies.rebuilds.stop($0, by: $1, why: $2) }
            },
        ]
    }

    @Sendable private func listRebuilds(_ request: Request, _ context: RelevoContext) async throws -> Response {
        var filter = Rebuilds.Filter()
        if let text = request.query("state") {
            guard let state = RebuildState(rawValue: text) else {
                throw HTTPProblem.badRequest("state is one of \(RebuildState.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            filter.state = state
        }
        filter.phoneNumberID = request.query("sender")
        filter.after = try request.integer("cursor", in: 0...Int.max).map { Int64($0) }
        filter.limit = try request.integer("limit", in: 1...1000) ?? 100
        filter.senders = try await visibleSenders(context)
        let records = try await dependencies.rebuilds.list(filter)
        return try .page(records, next: records.count == filter.limit ? records.last.map { String($0.id) } : nil)
    }

    /// `{"sender","template":"name:language","recipients":[…],"profile","region","components","start_at","key"}`.
    @Sendable private func startRebuild(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let body = try await request.jsonObject(upTo: configuration.uploadLimit, within: configuration.bodyTimeout * 4)
        let sender = try body.required("sender")
        try await requireSender(sender, context.key)
        let parts = try body.required("template").split(separator: ":").map(String.init)
        guard parts.count == 2 else { throw HTTPProblem.badRequest("template is name:language, such as order_update:en_US") }
        let recipients = (body["recipients"]?.elements ?? []).compactMap(\.text)
        var rebuild = RebuildRequest(
            phoneNumberID: sender, template: TemplateKey(name: parts[0], language: parts[1]), recipients: recipients,
            profile: try RebuildProfile(parsing: body["profile"]?.text ?? RebuildProfile.utility.name), by: try context.key.actor)
        rebuild.region = try body["region"]?.text.map {
            try SendOptions.region($0, else: .badRequest("region is an ISO 3166-1 alpha-2 code"))
        }
        rebuild.components = body["components"].map { $0.storableText() }
        rebuild.startAt = try body.date("start_at")
        rebuild.key = body["key"]?.text ?? request.headers[.idempotencyKey]
        let record = try await dependencies.rebuilds.start(rebuild)
        try await audit("rebuild started", String(record.id), "\(record.template), \(recipients.count) recipients", context)
        return try .encoding(record, status: .created)
    }

    private func act(
        _ action: String, _ request: Request, _ context: RelevoContext,
        _ change: @Sendable (Int64, String, String) async throws -> RebuildRecord
    ) async throws -> Response {
        let id = try await rebuild(context).rebuild.id
        let why = try await body(request).required("why")
        let record = try await change(id, try context.key.actor, why)
        try await audit("rebuild \(action)", String(id), why, context)
        return try .encoding(record)
    }

    private func rebuild(_ context: RelevoContext) async throws -> RebuildStatus {
        let status = try await dependencies.rebuilds.status(context.id("id"))
        if let senders = try await visibleSenders(context), !senders.contains(status.rebuild.phoneNumberID) {
            throw RebuildError(.notFound, "there is no rebuild \(status.rebuild.id)")
        }
        return status
    }

    /// The inputs of verdicts are JSON and shown as such.
    private static func json(_ status: RebuildStatus) throws -> JSONValue {
        var object = try JSONValue(parsing: try Response.encoded(status)).object ?? JSONObject()
        object["verdicts"] = .array(
            (object["verdicts"]?.elements ?? []).map { verdict in
                guard var members = verdict.object, let inputs = members["inputs"]?.string else { return verdict }
                members["inputs"] = (try? JSONValue(parsing: inputs.utf8)) ?? .string(inputs)
                return .object(members)
            })
        return .object(object)
    }
}
