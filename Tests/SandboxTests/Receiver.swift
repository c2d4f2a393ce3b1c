import Crypto
import Foundation
import Hummingbird
import Logging
import NIOCore

@testable import Sandbox

/// Takes webhooks, checks their signature by itself, and can be told to refuse.
actor Receiver {
    private(set) var updates: [JSON] = []
    private(set) var badSignatures = 0
    private(set) var refused = 0
    private var refusals: Int
    private var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    init(refusals: Int = 0) { self.refusals = refusals }

    func take(_ body: [UInt8], signature: String?) -> Bool {
        if refusals > 0 {
            refusals -= 1
            refused += 1
            return false
        }
        let code = HMAC<SHA256>.authenticationCode(for: Data(body), using: SymmetricKey(data: Data("app-secret".utf8)))
        let expected = "sha256=" + code.map { String(format: "%02x", $0) }.joined()
        if signature != expected { badSignatures += 1 }
        let json = (try? JSON(parsing: body)) ?? .null
        for entry in json["entry"]?.elements ?? [] {
            for change in entry["changes"]?.elements ?? [] { updates.append(change) }
        }
        let reached = waiters.filter { $0.count <= updates.count }
        waiters.removeAll { $0.count <= updates.count }
        for waiter in reached { waiter.continuation.resume() }
        return true
    }

    /// Waits until that many updates have come.
    func wait(for count: Int) async -> [JSON] {
        if updates.count < count { await withCheckedContinuation { waiters.append((count, $0)) } }
        return updates
    }

    /// The statuses, as `status:wamid`.
    static func statuses(_ updates: [JSON]) -> [JSON] { updates.flatMap { $0["value"]?["statuses"]?.elements ?? [] } }

    static func with(_ receiver: Receiver, port wanted: Int = 0, _ body: @Sendable @escaping (String) async throws -> Void) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let router = Router()
        router.post("hook") { request, _ -> HTTPResponse.Status in
            let bytes = Array(try await request.body.collect(upTo: 8 << 20).readableBytesView)
            let signature = HTTPFields.Element.Name("X-Hub-Signature-256").flatMap { request.headers[$0] }
            return await receiver.take(bytes, signature: signature) ? .ok : .internalServerError
        }
        router.get("hook") { request, _ -> String in
            request.uri.queryParameters.get("hub.verify_token") == "right" ? request.uri.queryParameters.get("hub.challenge") ?? "" : "no"
        }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: wanted)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "receiver") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            guard let number = await ports.first(where: { _ in true }) else { return }
            do {
                try await body("http://127.0.0.1:\(number)/hook")
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
    }
}
