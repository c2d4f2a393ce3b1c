import Foundation
import Hummingbird
import Logging
import NIOCore

/// What is known of a request while it is answered.
struct RelevoContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who asks; set by `Authenticate`.
    var caller: Caller?

    init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }

    /// The key of the request; the routes behind `Authenticate` have one.
    var key: APIKey {
        get throws {
            guard case .key(let key)? = caller else { throw HTTPProblem.unauthorized }
            return key
        }
    }
}

/// Who asks.
enum Caller: Sendable {
    case key(APIKey)
    /// Reads the pages of a listener that only this machine reaches.
    case local

    /// The client it is bound to; nil sees all.
    var clientID: String? {
        if case .key(let key) = self { key.clientID } else { nil }
    }

    func sees(client: String?) -> Bool { clientID == nil || clientID == client }
}

/// How an error is written, by the address that was asked.
enum AnswerStyle {
    /// Cloud-API-compatible: `/v25.0/…`.
    case graph
    case native
    case page

    init(path: String) {
        if Self.isGraph(path) { self = .graph } else if path.hasPrefix("/api/") || path == "/api" { self = .native } else { self = .page }
    }

    /// Whether the first part of a path is a version: `v25.0`, `v9`.
    static func isGraph(_ path: String) -> Bool {
        guard path.hasPrefix("/v") else { return false }
        let version = path.dropFirst(2).prefix { $0 != "/" }
        let parts = version.split(separator: ".", omittingEmptySubsequences: false)
        return (1...2).contains(parts.count)
            && parts.allSatisfy { (1...4).contains($0.count) && $0.allSatisfy { $0.isASCII && $0.isNumber } }
    }
}
