import CloudAPI
import Foundation
import Hummingbird
import NIOCore

extension Request {
    /// The whole body, bounded in size and time.
    func bytes(upTo limit: Int, within time: Duration) async throws -> ByteBuffer {
        try await reduce(into: ByteBuffer(), upTo: limit, within: time) { whole, part in
            var part = part
            whole.writeBuffer(&part)
        }
    }

    /// What `body` makes of the parts of the body as they come, bounded in size and time.
    func reduce<T: Sendable>(
        into start: T, upTo limit: Int, within time: Duration, _ body: @escaping @Sendable (inout T, ByteBuffer) throws -> Void
    ) async throws -> T {
        // A caller who writes everything before it reads sees the refusal only when somebody takes the rest. The server does, unless the
        // connection is to be closed.
        let most = headers[.connection]?.lowercased() == "close" ? limit + Self.patience : limit
        if let length = headers[.contentLength], (Int(length) ?? .max) > most { throw Self.tooLarge(limit) }
        let parts = self.body
        return try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask {
                var result = start
                var size = 0
                for try await part in parts {
                    size += part.readableBytes
                    guard size <= most else { throw Self.tooLarge(limit) }
                    if size <= limit { try body(&result, part) }
                }
                guard size <= limit else { throw Self.tooLarge(limit) }
                return result
            }
            group.addTask {
                try await Task.sleep(for: time)
                throw HTTPProblem(.requestTimeout, "timeout", "the body did not arrive within \(time)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? start
        }
    }

    /// The body as a JSON object.
    func jsonObject(upTo limit: Int, within time: Duration) async throws -> JSONValue {
        let buffer = try await bytes(upTo: limit, within: time)
        guard buffer.readableBytes > 0 else {
            throw HTTPProblem.badRequest("the body is empty; a JSON object is expected", code: "bad_json")
        }
        let value = try JSONValue(parsing: buffer.readableBytesView)
        guard value.object != nil else { throw HTTPProblem.badRequest("the body is not a JSON object", code: "bad_json") }
        return value
    }

    /// The fields of a form.
    func form(upTo limit: Int = 16 << 10, within time: Duration) async throws -> [String: String] {
        let text = String(buffer: try await bytes(upTo: limit, within: time))
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&", maxSplits: 50) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            func decode(_ part: Substring) -> String { part.replacing("+", with: " ").removingPercentEncoding ?? "" }
            fields[decode(parts[0])] = parts.count > 1 ? decode(parts[1]) : ""
        }
        return fields
    }

    /// A value of the address's query.
    func query(_ name: String) -> String? { uri.queryParameters.get(name).flatMap { $0.isEmpty ? nil : $0 } }

    /// An integer of the query within bounds. Throws for anything else.
    func integer(_ name: String, in bounds: ClosedRange<Int>) throws -> Int? {
        guard let text = query(name) else { return nil }
        guard let value = Int(text), bounds.contains(value) else {
            throw HTTPProblem.badRequest(
                "\(name) is \(text.prefix(40).debugDescription); a number from \(bounds.lowerBound) to \(bounds.upperBound) is expected")
        }
        return value
    }

    /// So much of a body that is too large is read and thrown away.
    private static let patience = 64 << 20

    static func tooLarge(_ limit: Int) -> HTTPProblem {
        HTTPProblem(.contentTooLarge, "too_large", "the body is larger than \(limit) bytes")
    }
}
