import App
import AsyncHTTPClient
import CloudAPI
import Foundation
import NIOCore
import NIOHTTP1
import Server

/// Calls the Cloud-API-compatible endpoint as a client's system does.
struct CallClient: Sendable {
    let url: String
    let key: Secret

    struct Answer: Sendable {
        var messageID: UUID
        /// Just before the request's first byte, and when the answer was complete.
        var asked: Int64
        var answered: Int64
    }

    /// Throws `BenchmarkError` when the message was not taken.
    func send(_ index: Int, from sender: String) async throws -> Answer {
        var request = HTTPClientRequest(url: "\(url)/v25.0/\(sender)/messages")
        request.method = .POST
        request.headers.add(name: "Authorization", value: "Bearer \(key.reveal())")
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: JSONValue.object(ScratchWorld.body(index)).encoded()))
        let asked = MonotonicTime.micros
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 1 << 20)
        let answered = MonotonicTime.micros
        guard response.status == .ok, let id = response.headers.first(name: "Relevo-Message-Id").flatMap(UUID.init) else {
            throw BenchmarkError("a message was not taken: HTTP \(response.status.code) \(String(buffer: body).prefix(500))")
        }
        return Answer(messageID: id, asked: asked, answered: answered)
    }

    /// Waits until the server is ready. Throws `BenchmarkError` when it does not become so.
    func ready(within limit: Duration = .seconds(30)) async throws {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            let answer = try? await HTTPClient.shared.execute(HTTPClientRequest(url: "\(url)/health/ready"), timeout: .seconds(2))
            if answer?.status == .ok { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw BenchmarkError("\(url) did not become ready within \(limit)")
    }

    /// A port that was free a moment ago.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchmarkError("no socket can be had") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw BenchmarkError("no port can be had") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
