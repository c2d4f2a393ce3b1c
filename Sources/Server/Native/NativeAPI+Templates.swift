import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird
import Templates

extension NativeAPI {
    var templateRoutes: [Route] {
        [
            Route(method: .get, path: "templates", scope: .read, handler: listTemplates),
            Route(method: .get, path: "templates/copies", scope: .read, unbound: true, handler: listCopies),
            Route(method: .get, path: "templates/diff", scope: .read, unbound: true) { request, _ in
                guard let source = request.query("source"), let destination = request.query("destination") else {
                    throw HTTPProblem.badRequest("source and destination are WABA ids", code: "missing_value")
                }
                return try .encoding(try await dependencies.templates.diff(source: source, destination: destination))
            },
        ]
    }

    /// The stored inventory of a WABA, or of all. The cursor is `waba/name/language`.
    @Sendable private func listTemplates(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let waba = request.query("waba")
        if let client = context.caller?.clientID {
            let own = try await dependencies.gateway.senders.list().filter { $0.clientID == client }.map(\.wabaID)
            guard let waba, own.contains(waba) else {
                throw HTTPProblem.forbidden("this key is bound to a client: ask with ?waba= for a WABA of one of its senders")
            }
        }
        let cursor: (waba: String, key: TemplateKey)? = try request.query("cursor").map { text in
            let parts = text.split(separator: "/").map(String.init)
            guard parts.count == 3 else { throw HTTPProblem.badRequest("cursor is not one of ours") }
            return (parts[0], TemplateKey(name: parts[1], language: parts[2]))
        }
        let limit = try request.integer("limit", in: 1...1000) ?? 100
        let stored = try await TemplateStore.page(waba: waba, after: cursor, limit: limit, on: dependencies.client)
        var answer: JSONObject = ["data": .array(stored.map(Self.json))]
        if stored.count == limit, let last = stored.last {
            answer["next"] = .string("\(last.waba)/\(last.template.key.name)/\(last.template.key.language)")
        }
        return .json(.object(answer))
    }

    @Sendable private func listCopies(_ request: Request, _ context: RelevoContext) async throws -> Response {
        struct Copy: Encodable {
            var report: TemplateCopyReport
            var verified_at: Date?
        }
        let copies = try await TemplateCopies.list(
            source: request.query("source"), destination: request.query("destination"), on: dependencies.client)
        return try .page(copies.map { Copy(report: $0.report, verified_at: $0.verifiedAt) }, next: nil)
    }

    private static func json(_ stored: TemplateStore.Stored) -> JSONValue {
        let template = stored.template
        var object: JSONObject = [
            "waba_id": .string(stored.waba), "name": .string(template.key.name), "language": .string(template.key.language),
            "id": .string(template.id), "status": .string(template.status), "category": .string(template.category),
            "quality": .string(template.quality), "seen_at": MessageView.time(stored.seenAt),
        ]
        if let reason = template.rejectedReason { object["rejected_reason"] = .string(reason) }
        if let format = template.parameterFormat { object["parameter_format"] = .string(format) }
        object["components"] = (try? JSONValue(parsing: template.components.utf8)) ?? .string(template.components)
        return .object(object)
    }
}
