import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird

/// The native API under `/api/v1`.
struct NativeAPI: Sendable {
    let dependencies: ServerDependencies
    let configuration: ServerConfiguration
    let keys: APIKeyStore
    let guardian: Guardian
    let overview: OverviewSource
    let streams: Limiter

    /// One address of the API. The list of them is the truth: the router is built from it, and a test holds the OpenAPI document against it.
    struct Route: Sendable {
        typealias Handler = @Sendable (Request, RelevoContext) async throws -> Response
        var method: HTTPRequest.Method
        /// Below `/api/v1/`, parameters as `{name}`.
        var path: String
        var scope: APIScope
        /// Not for keys bound to a client.
        var unbound = false
        var handler: Handler
    }

    var routes: [Route] {
        messageRoutes + fleetRoutes + planRoutes + migrationRoutes + templateRoutes + senderRoutes + recipientRoutes + rebuildRoutes
            + overrideRoutes + limitRoutes + webhookRoutes + relayRoutes + keyRoutes + [
                Route(method: .get, path: "events", scope: .read, handler: events)
            ]
    }

    func register(on router: Router<RelevoContext>) {
        for route in routes {
            let path = "/api/v1/" + route.path
            let guarded = Authenticate(guardian: guardian, scope: route.scope, unbound: route.unbound)
            router.on(RouterPath(path), method: route.method) { request, context in
                try await guarded.handle(request, context: context) { try await route.handler($0, $1) }
            }
        }
        router.get("/api/v1/openapi.json") { _, _ in Response.text(OpenAPI.document, type: "application/json") }
    }

    /// The body as a JSON object; an empty body is an empty object.
    func body(_ request: Request) async throws -> JSONValue {
        let bytes = try await request.bytes(upTo: configuration.bodyLimit, within: configuration.bodyTimeout)
        guard bytes.readableBytes > 0 else { return .object(JSONObject()) }
        let value = try JSONValue(parsing: bytes.readableBytesView)
        guard value.object != nil else { throw HTTPProblem.badRequest("the body is not a JSON object", code: "bad_json") }
        return value
    }

    /// Writes down what a person asked for, after it was done.
    func audit(_ action: String, _ subject: String? = nil, _ detail: String? = nil, _ context: RelevoContext) async throws {
        try await Audit.record(action, subject: subject, detail: detail, by: try context.key.actor, on: dependencies.client)
    }

    /// The phone number ids a key may see; nil: all.
    func visibleSenders(_ context: RelevoContext) async throws -> [String]? {
        try await dependencies.visibleSenders(context.caller?.clientID)
    }
}

extension RelevoContext {
    /// A part of the path, decoded.
    func part(_ name: String) throws -> String {
        let text = try parameters.require(name)
        return text.removingPercentEncoding ?? text
    }

    func id(_ name: String) throws -> Int64 {
        let text = try part(name)
        guard let id = Int64(text) else { throw HTTPProblem.notFound("\(text.prefix(40).debugDescription) is no \(name)") }
        return id
    }

    func uuid(_ name: String) throws -> UUID {
        let text = try part(name)
        guard let id = UUID(uuidString: text.hasPrefix("relevo.") ? String(text.dropFirst(7)) : text) else {
            throw HTTPProblem.notFound("\(text.prefix(60).debugDescription) is no message id of Relevo")
        }
        return id
    }
}

extension JSONValue {
    /// A text of an object, which has to be there. Throws a problem that names the field.
    func required(_ name: String) throws -> String {
        guard let text = self[name]?.text?.trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty else {
            throw HTTPProblem.badRequest("\(name) is missing", code: "missing_value")
        }
        return text
    }

    func date(_ name: String) throws -> Date? {
        guard let text = self[name]?.text else { return nil }
        guard case .at(let date)? = SendOptions.Expiry(text) else {
            throw HTTPProblem.badRequest("\(name) is \(text.prefix(40).debugDescription); a time such as 2026-12-01T09:00:00Z is expected")
        }
        return date
    }
}
