import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird

/// The Cloud-API-compatible side: everything under `/v<N>.<M>/`. It stands before the router, so that no miss of a route escapes the envelope.
struct GraphEndpoint: RouterMiddleware {
    typealias Context = RelevoContext
    let dependencies: ServerDependencies
    let configuration: ServerConfiguration
    let guardian: Guardian
    let transfers: Limiter
    let address: PublicAddress

    /// Edges of Meta's that Relevo knows and does not proxy.
    static let management: Set<String> = [
        "register", "deregister", "request_code", "verify_code", "settings", "whatsapp_business_profile", "message_templates",
        "phone_numbers", "subscribed_apps", "message_qrdls", "block_users", "whatsapp_commerce_settings", "whatsapp_business_encryption",
        "migrate_message_templates", "flows", "assigned_users", "calls", "groups", "upsert_message_templates", "template_analytics",
        "pricing_analytics", "conversation_analytics", "health_status", "uploads", "access_token",
    ]

    @concurrent
    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard AnswerStyle.isGraph(request.uri.path) else { return try await next(request, context) }
        let parts = request.uri.path.split(separator: "/").map(String.init)
        guard let shown = Guardian.bearer(request), let key = try await guardian.keys.authenticate(shown) else {
            throw HTTPProblem.unauthorized
        }
        switch try Self.edge(parts, request) {
        case .messages: return try await send(request, context, key, parts[1], .messages)
        case .marketing: return try await send(request, context, key, parts[1], .marketing)
        case .upload: return try await upload(request, key, parts[1])
        case .download: return try await download(parts[1], request, key)
        case .media: return try await media(parts[1], request, key)
        case .deleteMedia: return try await deleteMedia(parts[1], request, key)
        }
    }

    /// Everything that is answered here; all else is refused.
    enum Edge: CaseIterable { case messages, marketing, upload, media, download, deleteMedia }

    /// - Parameter parts: of the path, the version first.
    private static func edge(_ parts: [String], _ request: Request) throws -> Edge {
        switch (parts.count, request.method) {
        case (3, .post) where parts[2] == MessageEdge.messages.rawValue: return .messages
        case (3, .post) where parts[2] == MessageEdge.marketing.rawValue: return .marketing
        case (3, .post) where parts[2] == "media": return .upload
        case (3, .get) where parts[2] == "content": return .download
        case (3, _) where ["messages", "marketing_messages", "media", "content"].contains(parts[2]):
            throw HTTPProblem(.methodNotAllowed, "method_not_allowed", "\(request.method) is not for /\(parts[2])")
        case (3, _) where management.contains(parts[2]): throw notProxied(parts[2])
        case (2, _) where ["me", "debug_token", "oauth", "app", "whatsapp_business_account"].contains(parts[1]):
            throw notProxied(parts[1])
        case (2, .get): return .media
        case (2, .delete): return .deleteMedia
        case (2, _): throw HTTPProblem(.methodNotAllowed, "method_not_allowed", "\(request.method) is not for a single object")
        default: throw HTTPProblem.notFound("Relevo knows no edge \(request.uri.path.prefix(200).debugDescription)")
        }
    }

    static func notProxied(_ what: String) -> HTTPProblem {
        HTTPProblem(
            .notImplemented, "not_proxied",
            "Relevo does not proxy \(what): it sends messages and hands media through; numbers and templates are managed under /api/v1")
    }

    /// A sender the key may use. Another client's does not exist for it.
    func sender(_ id: String, for key: APIKey) async throws -> Sender {
        guard let sender = try await dependencies.gateway.senders.find(phoneNumberID: id), key.sees(client: sender.clientID) else {
            throw GatewayRefusal.unknownSender(id)
        }
        return sender
    }

    static func require(_ scope: APIScope, _ key: APIKey) throws {
        guard key.allows(scope) else { throw HTTPProblem.forbidden("the key \(key.name) has no scope \(scope.rawValue)") }
    }

    /// Meta's refusal as it came.
    static func passed(_ error: GraphError, _ response: GraphResponse) -> HTTPProblem {
        let code = (400...599).contains(response.status) ? response.status : 400
        var problem = HTTPProblem(
            HTTPResponse.Status(code: code), "meta_refused", error.details ?? error.message, graphCode: error.code ?? 1,
            graphSubcode: error.subcode)
        // An answer without a code would break the callers' tables: it is told in an envelope of ours.
        if error.code != nil { problem.envelope = error.envelope }
        return problem
    }

    /// What a call of Meta gave, or the problem it ended in.
    static func value<Value>(_ outcome: GraphOutcome<Value>) throws -> (Value, GraphResponse) {
        switch outcome {
        case .success(let value, let response): return (value, response)
        case .refused(let error, let response): throw passed(error, response)
        case .notSent(let reason):
            throw HTTPProblem(.serviceUnavailable, "meta_unreachable", "nothing reached Meta: \(reason)", graphCode: 131016).retryAfter(2)
        case .ambiguous(let reason, _):
            throw HTTPProblem(.badGateway, "meta_unknown", "whether Meta carried it out is not known: \(reason)", graphCode: 131000)
        }
    }
}
