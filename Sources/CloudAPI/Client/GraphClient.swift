public import AsyncHTTPClient
import Foundation
public import Logging
import NIOCore

/// Calls Meta's Graph API, or anything that speaks it.
///
/// One call is one HTTP request: nothing is repeated here and redirects are not followed. The token goes with each call, in the
/// `Authorization` header and nowhere else.
public struct GraphClient: Sendable {
    public struct Configuration: Sendable {
        /// Scheme, host and port, with a path if a proxy wants one.
        public var baseURL: String
        /// Such as `v25.0`.
        public var version: String
        /// Longest wait for the answer to a send.
        public var sendTimeout: Duration = .seconds(30)
        /// Longest wait for any other answer.
        public var callTimeout: Duration = .seconds(30)
        /// Longest wait for a template copy, an upload or a download.
        public var longTimeout: Duration = .seconds(120)

        public init(baseURL: String = "https://graph.facebook.com", version: String = "v25.0") {
            self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
            self.version = version
        }
    }

    public let configuration: Configuration
    let http: HTTPClient
    let logger: Logger
    let deadlines = RequestDeadlines()
    let addresses = AddressBook()
    /// Looked at once, not with every request.
    let isBaseUsable: Bool

    public init(configuration: Configuration, httpClient: HTTPClient, logger: Logger) {
        self.configuration = configuration
        isBaseUsable = Self.hasUsablePort(configuration.baseURL)
        http = httpClient
        self.logger = logger
    }

    /// The settings an `HTTPClient` for this client must have: HTTP/1.1 only, no redirects, and connections that are thrown away before the
    /// other side closes them.
    ///
    /// Over HTTP/2 everything shares one connection: to the same server with TLS (`relevo bench send-ceiling`, twice in turn) 813 and 752
    /// requests a second with 511 left without an answer, over HTTP/1.1 9,246 and 8,736.
    /// - Parameter connections: most requests at a time; senders must not run more.
    public static func httpConfiguration(connections: Int) -> HTTPClient.Configuration {
        var settings = HTTPClient.Configuration()
        settings.httpVersion = .http1Only
        settings.redirectConfiguration = .disallow
        settings.decompression = .disabled
        // Nobody traces here, and attributes for nobody cost 5 % of a request.
        settings.tracing.tracer = nil
        settings.timeout = .init(connect: .seconds(5))
        settings.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(FlushOnce(), position: .first) }
        }
        settings.connectionPool = .init(idleTimeout: .seconds(20), concurrentHTTP1ConnectionsPerHostSoftLimit: max(8, connections))
        return settings
    }
}

/// One request.
struct GraphRequest: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    enum Content: Sendable {
        case none
        case json(JSONValue)
        case bytes([UInt8], type: String)
    }

    var method: Method
    /// Below the version, without a leading slash; or a whole address.
    var path: String
    var query: [(String, String)] = []
    var content: Content = .none
    var timeout: Duration?
    /// Longest body taken.
    var limit: Int = 8 << 20
    /// Called once all of it is written to the socket.
    var whenWritten: (@Sendable () -> Void)?
}

extension GraphClient {
    /// Makes the request and reads the answer. `read` gives nil when a 2xx is not what was expected.
    func call<Value: Sendable>(
        _ request: GraphRequest, token: Secret?, read: (JSONValue) -> Value?
    ) async -> GraphOutcome<Value> {
        switch await exchange(request, token: token) {
        case .failure(let failure):
            return failure.wasSent ? .ambiguous(failure.reason, nil) : .notSent(failure.reason)
        case .success(let response):
            guard (200..<300).contains(response.status) else { return refusal(response) }
            guard let json = try? JSONValue(parsing: response.body) else {
                return .ambiguous("the answer (HTTP \(response.status)) is not JSON: \(GraphError.excerpt(response.body))", nil)
            }
            // Some proxies answer 200 around an error envelope.
            if let error = json["error"].flatMap({ GraphError(errorObject: $0, status: response.status) }) {
                return .refused(error, response)
            }
            guard let value = read(json) else {
                return .ambiguous("the answer (HTTP \(response.status)) lacks what was expected: \(GraphError.excerpt(response.body))", nil)
            }
            return .success(value, response)
        }
    }

    /// A 5xx is certain only when it carries a code that the table knows as a refusal.
    private func refusal<Value: Sendable>(_ response: GraphResponse) -> GraphOutcome<Value> {
        let error = GraphError(status: response.status, body: response.body)
        let isUnclear = response.status >= 500 || response.status == 408 || response.status < 200
        let verdict = ErrorRules.standard.verdict(on: error, scope: .send)
        if isUnclear, error.code == nil || !verdict.isKnown || verdict.errorClass == .reconcile {
            return .ambiguous("HTTP \(response.status)", error)
        }
        return .refused(error, response)
    }
}
