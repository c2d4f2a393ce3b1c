import CloudAPI
import HTTPTypes

/// A request that is answered with an error, for every kind of caller: native code and message, and the code Meta would give.
struct HTTPProblem: Error {
    var status: HTTPResponse.Status
    /// Stable name on the native API.
    var code: String
    /// What is wrong and what to do; shown to the caller.
    var message: String
    var details: JSONValue?
    /// A code Meta documents; client libraries look it up.
    var graphCode: Int
    var graphSubcode: Int?
    /// Meta's `error.message`, when it is more than the code says.
    var graphTitle: String?
    /// Meta's `error.type`.
    var graphType = "OAuthException"
    /// Meta's own envelope, passed through.
    var envelope: JSONValue?
    var headers: HTTPFields = [:]

    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, details: JSONValue? = nil, graphCode: Int? = nil,
        graphSubcode: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.graphCode = graphCode ?? Self.graphCode(for: status)
        self.graphSubcode = graphSubcode
    }

    /// The code Meta gives for the same trouble.
    static func graphCode(for status: HTTPResponse.Status) -> Int {
        switch status.code {
        case 401: 190
        case 403: 10
        case 429: 4
        case 501: 3
        case 503: 2
        case 500...: 1
        default: 100
        }
    }

    /// The caller should come back after some seconds.
    func retryAfter(_ seconds: Int) -> HTTPProblem {
        var problem = self
        problem.headers[.retryAfter] = String(seconds)
        return problem
    }

    static func badRequest(_ message: String, code: String = "bad_request") -> HTTPProblem { HTTPProblem(.badRequest, code, message) }
    static func notFound(_ message: String) -> HTTPProblem { HTTPProblem(.notFound, "not_found", message, graphSubcode: 33) }
    static func forbidden(_ message: String) -> HTTPProblem { HTTPProblem(.forbidden, "forbidden", message) }
    static let busy = HTTPProblem(
        .serviceUnavailable, "busy", "Relevo is answering as many requests as it can; come back in a moment"
    ).retryAfter(1)
    static let unauthorized: HTTPProblem = {
        var problem = HTTPProblem(
            .unauthorized, "unauthorized", "a valid Relevo API key is needed: Authorization: Bearer rlv_…; make one with relevo key create")
        problem.headers[.wwwAuthenticate] = "Bearer"
        return problem
    }()
}
