import AsyncHTTPClient
import CrashPoints
import Foundation
import Logging
import NIOCore
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
        var headers: HTTPHeaders = ["Accept": "application/json", "User-Agent": "relevo"]
        if let token { headers.add(name: "Authorization", value: "Bearer \(token.reveal())") }
        var body: HTTPClient.Body?
        switch request.content {
        case .none: break
        case .json(let json): body = self.body(ByteBuffer(bytes: json.encoded()), type: "application/json", &headers, mark)
        case .bytes(let bytes, let type): body = self.body(ByteBuffer(bytes: bytes), type: type, &headers, mark)
        }
        do {
            var message =
                request.method == .post && request.query.isEmpty
                ? try addresses.post(to: address)
                : try HTTPClient.Request(url: address, method: HTTPMethod(rawValue: request.method.rawValue))
            (message.headers, message.body) = (headers, body)
            // Whoever no longer waits may have been told that nothing was sent.
            try Task.checkCancellation()
            let end = ContinuousClock.now + (request.timeout ?? configuration.callTimeout)
            let task = http.execute(
                request: message, delegate: AnswerCollector(limit: request.limit, mark: mark, whenWritten: request.whenWritten))
            let answer = try await deadlines.answer(of: task, until: end)
            CrashPoint.requestAfterResponse.passed()
            return .success(answer)
        } catch {
            // Without a body there is no mark: only errors that come before a connection exists are certain then.
            let wasSent = body != nil ? mark.isSet : !Self.isBeforeConnection(error)
            logger.debug(
                "Graph call ended without an answer",
                metadata: ["path": "\(request.path)", "sent": "\(wasSent)", "error": "\(Self.describe(error))"])
            return .failure(ExchangeFailure(wasSent: wasSent, reason: Self.describe(error)))
        }
    }

    private func body(_ bytes: ByteBuffer, type: String, _ headers: inout HTTPHeaders, _ mark: WriteMark) -> HTTPClient.Body? {
        headers.add(name: "Content-Type", value: type)
        // Nothing would ever ask for an empty body.
        return bytes.readableBytes == 0 ? nil : mark.body(bytes)
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
        // A way to another place, wherever dots are resolved.
        if text == "." || text == ".." { return text.replacing(".", with: "%2E") }
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
        // It is thrown before a request begins and nowhere else; one that was cancelled under way fails with an error of the HTTP client.
        return error is NIOConnectionError || error is CancellationError
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
        case is AnswerCollector.TooLarge: return "the answer is too large"
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
