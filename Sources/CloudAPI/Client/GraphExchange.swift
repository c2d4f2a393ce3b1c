import AsyncHTTPClient
import CrashPoints
import Foundation
import Logging
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix

/// Why no answer came.
struct ExchangeFailure: Error {
    /// Whether the request may have reached the other side.
    var wasSent: Bool
    var reason: String
}

extension GraphClient {
    /// Makes one HTTP request and collects its answer.
    func exchange(_ request: GraphRequest, token: Secret?) async -> Result<GraphResponse, ExchangeFailure> {
        let mark = WriteMark()
        let address = address(of: request)
        // The HTTP client ends the program on a port that is none, and addresses of files come from answers.
        guard isWhole(request.path) ? Self.hasUsablePort(address) : isBaseUsable else {
            return .failure(ExchangeFailure(wasSent: false, reason: "the address has no usable port"))
        }
        var message = HTTPClientRequest(url: address)
        message.method = HTTPMethod(rawValue: request.method.rawValue)
        message.headers.add(name: "Accept", value: "application/json")
        message.headers.add(name: "User-Agent", value: "relevo")
        if let token { message.headers.add(name: "Authorization", value: "Bearer \(token.reveal())") }
        switch request.content {
        case .none: break
        case .json(let json): setBody(Array(json.encoded()), type: "application/json", of: &message, mark: mark)
        case .bytes(let bytes, let type): setBody(bytes, type: type, of: &message, mark: mark)
        }
        // Without a body there is no mark: only errors that come before a connection exists are certain then.
        let hasBody = message.body != nil
        do {
            return .success(try await answer(to: message, of: request, mark: mark))
        } catch {
            let wasSent = hasBody ? mark.isSet : !Self.isBeforeConnection(error)
            logger.debug(
                "Graph call ended without an answer",
                metadata: ["path": "\(request.path)", "sent": "\(wasSent)", "error": "\(Self.describe(error))"])
            return .failure(ExchangeFailure(wasSent: wasSent, reason: Self.describe(error)))
        }
    }

    private func setBody(_ bytes: [UInt8], type: String, of message: inout HTTPClientRequest, mark: WriteMark) {
        message.headers.add(name: "Content-Type", value: type)
        // Nothing would ever ask for the first byte of an empty body.
        guard !bytes.isEmpty else { return }
        message.body = .bytes(MarkedBody(bytes: bytes, mark: mark), length: .known(Int64(bytes.count)))
        #if CRASH_POINTS
            if CrashPlan.current.awaits(.requestAfterFirstByte) { message.body = SplitBody.body(bytes, mark: mark) }
        #endif
    }

    /// The answer within the time the request has. The HTTP client's own deadline ends with the head of the answer: a body that never
    /// comes to its end would hold the caller for ever.
    private func answer(to message: HTTPClientRequest, of request: GraphRequest, mark: WriteMark) async throws -> GraphResponse {
        let timeout = request.timeout ?? configuration.callTimeout
        let end = ContinuousClock.now + timeout
        let response = try await http.execute(message, timeout: TimeAmount(timeout), logger: nil)
        mark.set()
        return try await deadlines.run(until: end) { try await collect(response, request: request) }
    }

    private func collect(_ response: HTTPClientResponse, request: GraphRequest) async throws -> GraphResponse {
        let body = try await response.body.collect(upTo: request.limit)
        CrashPoint.requestAfterResponse.passed()
        return GraphResponse(
            status: Int(response.status.code), body: Data(buffer: body), contentType: response.headers.first(name: "Content-Type"),
            usage: GraphUsage(
                appUsage: response.headers.first(name: "X-App-Usage"),
                businessUsage: response.headers.first(name: "X-Business-Use-Case-Usage")))
    }

    static func hasUsablePort(_ address: String) -> Bool { URL(string: address)?.port.map((1...65_535).contains) ?? true }

    private func isWhole(_ path: String) -> Bool { path.hasPrefix("http://") || path.hasPrefix("https://") }

    private func address(of request: GraphRequest) -> String {
        var address = isWhole(request.path) ? request.path : "\(configuration.baseURL)/\(configuration.version)/\(request.path)"
        guard !request.query.isEmpty else { return address }
        address += address.contains("?") ? "&" : "?"
        address += request.query.map { "\(Self.escape($0.0))=\(Self.escape($0.1))" }.joined(separator: "&")
        return address
    }

    /// A path segment or query value in which only unreserved characters stand for themselves.
    static func escape(_ text: String) -> String {
        // Nearly always there is nothing to escape.
        if text.utf8.allSatisfy(isUnreserved) { return text }
        return text.addingPercentEncoding(withAllowedCharacters: Self.unreserved) ?? ""
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    /// Errors that can only come up before the connection stands.
    private static func isBeforeConnection(_ error: any Error) -> Bool {
        if let error = error as? HTTPClientError {
            let early: [HTTPClientError] = [
                .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout,
                .invalidURL, .emptyHost, .emptyScheme, .alreadyShutdown, .invalidProxyResponse, .proxyAuthenticationRequired,
            ]
            return early.contains(error) || error.shortDescription == unwritableHeader
        }
        return error is NIOConnectionError
    }

    /// Its full description holds the values, which may be a token.
    private static let unwritableHeader = HTTPClientError.invalidHeaderFieldValues([]).shortDescription

    /// An error without addresses or values that could be secret.
    static func describe(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError:
            switch error {
            case .deadlineExceeded, .readTimeout: return "no answer in time"
            case .connectTimeout: return "no connection in time"
            case .getConnectionFromPoolTimeout: return "all connections were busy"
            case .remoteConnectionClosed: return "the connection was closed"
            case .tlsHandshakeTimeout: return "no TLS connection in time"
            case .cancelled, .requestStreamCancelled: return "the call was cancelled"
            default: return error.shortDescription
            }
        case is NIOTooManyBytesError: return "the answer is too large"
        case let error as NIOConnectionError:
            return error.connectionErrors.isEmpty
                ? "the host name has no address"
                : "no connection: \(error.connectionErrors.map { describe($0.error) }.joined(separator: "; "))"
        case let error as IOError: return "\(error.reasonText)"
        case is CancellationError: return "the call was cancelled"
        default: return String(describing: type(of: error))
        }
    }
}

extension IOError {
    /// `connection reset (ECONNRESET)` rather than the system's own sentence with its function name.
    fileprivate var reasonText: String {
        switch errnoCode {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET, EPIPE: "the connection was reset"
        case ETIMEDOUT: "the connection timed out"
        case EHOSTUNREACH, ENETUNREACH: "the host cannot be reached"
        default: "input/output error \(errnoCode)"
        }
    }
}
