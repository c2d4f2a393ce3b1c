import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird

/// Decides who a request comes from.
struct Guardian: Sendable {
    let keys: APIKeyStore
    let sessions: SessionStore
    let configuration: ServerConfiguration

    /// The caller, when they may do what `scope` says. Throws 401 or 403.
    func caller(of request: Request, scope: APIScope, page: Bool) async throws -> Caller {
        if let shown = Self.bearer(request) {
            guard let key = try await keys.authenticate(shown) else { throw HTTPProblem.unauthorized }
            return .key(try Self.permit(key, scope))
        }
        guard page else { throw HTTPProblem.unauthorized }
        if let cookie = request.cookies[SessionStore.cookie]?.value, let key = try await sessions.key(of: cookie) {
            return .key(try Self.permit(key, scope))
        }
        guard isOpen(request) else { throw HTTPProblem.unauthorized }
        return .local
    }

    /// Whether the pages may be read without a login. A name that is not this machine's own may come from a reverse proxy or from a foreign
    /// page that has its name resolve to 127.0.0.1: neither is let in.
    func isOpen(_ request: Request) -> Bool {
        if let open = configuration.openPages { return open }
        guard configuration.isLoopback, request.headers[.forwardedFor] == nil else { return false }
        var name = request.head.authority ?? ""
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") { name = String(name[..<colon]) }
        return ServerConfiguration.isLoopback(name)
    }

    private static func permit(_ key: APIKey, _ scope: APIScope) throws -> APIKey {
        guard key.allows(scope) else { throw HTTPProblem.forbidden("the key \(key.name) has no scope \(scope.rawValue)") }
        return key
    }

    /// The key of the `Authorization` header. Meta also takes `access_token` in the address; Relevo does not, since addresses are logged.
    static func bearer(_ request: Request) -> Secret? {
        guard let header = request.headers[.authorization] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return Secret("") }
        return Secret(String(parts[1]).trimmingCharacters(in: .whitespaces))
    }
}
