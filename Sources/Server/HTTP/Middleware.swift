import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Postgres

/// Turns every error into an answer of the right form, and writes one line of log for a request. Addresses that carry a token are not logged.
struct AnswerErrors: RouterMiddleware {
    typealias Context = RelevoContext
    let requests: Limiter
    let strangers: Strangers
    let bodyTimeout: Duration

    @concurrent
    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        let start = ContinuousClock.now
        var response: Response
        do {
            if let limit = Strangers.limit(request) {
                response = try await strangers.gather(request, upTo: limit, within: bodyTimeout) { request in
                    try await requests.within { try await next(request, context) }
                }
            } else {
                response = try await requests.within { try await next(request, context) }
            }
        } catch {
            let problem = HTTPProblem(error)
            // Whoever keeps us busy is not to fill the log as well.
            if problem.status.code >= 500, problem.status != .notImplemented, problem.code != HTTPProblem.busy.code {
                context.logger.error(
                    "a request failed",
                    metadata: ["method": "\(request.method)", "path": "\(Self.shown(path))", "error": "\(Self.shown(error))"])
            }
            response = problem.response(AnswerStyle(path: path))
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method)", "path": "\(Self.shown(path))", "status": "\(response.status.code)",
                "milliseconds": "\(Int((ContinuousClock.now - start) / .milliseconds(1)))",
            ])
        return response
    }

    /// A path without what must not be seen in a log.
    static func shown(_ path: String) -> String {
        path.hasPrefix("/code/") ? "/code/[redacted]" : String(path.prefix(200))
    }

    /// Errors of ours are made to be shown; of any other only its type is, since it may quote a request.
    private static func shown(_ error: any Error) -> String {
        switch error {
        case let problem as HTTPProblem: problem.message
        case let error as PostgresError: error.description
        default: "\(type(of: error))"
        }
    }
}

/// Finds out who asks, and whether they may.
struct Authenticate: RouterMiddleware {
    typealias Context = RelevoContext
    let guardian: Guardian
    let scope: APIScope
    /// Whether the rule for open pages, or a session, is enough.
    var page = false
    /// Whether keys bound to a client are kept out.
    var unbound = false

    @concurrent
    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.caller = try await guardian.caller(of: request, scope: scope, page: page)
        if unbound, context.caller?.clientID != nil {
            throw HTTPProblem.forbidden("this key is bound to a client; what it asks for belongs to the whole fleet")
        }
        return try await next(request, context)
    }
}
