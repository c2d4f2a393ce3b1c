package import AsyncHTTPClient
package import CloudAPI
package import Foundation
import NIOCore
import NIOHTTP1

/// The sandbox's own controls under `/_sandbox`.
package struct SandboxControls: Sendable {
    /// The sandbox gave no answer that can be used.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
        /// HTTP status; nil when nothing was answered.
        package var status: Int?
    }

    package let baseURL: String
    private let http: HTTPClient

    package init(baseURL: String) {
        self.baseURL = baseURL
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: GraphClient.httpConfiguration(connections: 8))
    }

    package func shutdown() async throws { try await http.shutdown() }

    package func clock() async throws -> (now: Date, speed: Double) {
        let json = try await get("clock")
        guard let text = json["now"]?.text, let now = RFC3339.date(text), let speed = json["speed"]?.double else {
            throw Failure(description: "the sandbox's clock has no time")
        }
        return (now, speed)
    }

    /// Moves business time forward to `date`; everything due until then happens in its order.
    package func setClock(_ date: Date) async throws {
        _ = try await post("clock", ["now": .string(RFC3339.text(date))])
    }

    /// The code that was sent to a number; nil when there is none.
    package func code(for phone: String) async throws -> String? {
        do {
            return try await get("codes/\(phone.filter { $0.isNumber })")["code"]?.text
        } catch let failure as Failure where failure.status == 404 {
            return nil
        }
    }

    /// Does what a client does at a person's wish: connects the number in its destination.
    package func connect(_ phone: String) async throws { _ = try await post("connect", ["phone": .string(phone)]) }

    package func state() async throws -> JSONValue { try await get("state") }

    // MARK: - Inside

    private func get(_ path: String) async throws -> JSONValue { try await call(HTTPClientRequest(url: "\(baseURL)/_sandbox/\(path)")) }

    private func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
        var request = HTTPClientRequest(url: "\(baseURL)/_sandbox/\(path)")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body.encoded()))
        return try await call(request)
    }

    private func call(_ request: HTTPClientRequest) async throws -> JSONValue {
        let path = request.url.dropFirst(baseURL.count)
        let response: HTTPClientResponse
        let body: ByteBuffer
        do {
            response = try await http.execute(request, timeout: .seconds(60))
            body = try await response.body.collect(upTo: 16 << 20)
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw Failure(description: "the sandbox at \(baseURL) does not answer \(path): \(error)")
        }
        guard let json = try? JSONValue(parsing: body.readableBytesView) else {
            throw Failure(
                description: "the sandbox answers \(path) with HTTP \(response.status.code) and no JSON", status: Int(response.status.code))
        }
        guard (200..<300).contains(response.status.code) else {
            let text = json["error"]?["message"]?.text ?? json["error"]?.text ?? ""
            throw Failure(
                description: "the sandbox answers \(path) with HTTP \(response.status.code): \(text)", status: Int(response.status.code))
        }
        return json
    }
}

/// Times as they stand in JSON, with or without fractions of a second.
enum RFC3339 {
    static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: .iso8601)) ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }

    static func text(_ date: Date) -> String { date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}
