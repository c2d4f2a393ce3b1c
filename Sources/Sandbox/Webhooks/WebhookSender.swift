import AsyncHTTPClient
import Crypto
import Foundation
import Logging
import NIOCore
import NIOHTTP1

/// Hands updates to the receiver, signed, again and again until it has taken them with a 200.
///
/// A few POSTs are under way at a time, so that order is not guaranteed: neither does Meta.
struct WebhookSender: Sendable {
    static let parallel = 4

    let cloud: Cloud
    let http: HTTPClient
    let secret: String
    let logger: Logger

    /// Works until cancelled.
    func run() async {
        let signal = await cloud.updateSignal
        await withTaskGroup(of: Void.self) { group in
            var underWay = 0
            for await _ in signal {
                while !Task.isCancelled, let post = await cloud.nextPost() {
                    if underWay == Self.parallel {
                        await group.next()
                        underWay -= 1
                    }
                    underWay += 1
                    group.addTask { await deliver(post) }
                }
            }
            group.cancelAll()
        }
    }

    private func deliver(_ post: Outbox.Post) async {
        let body = post.body.bytes
        let signature =
            "sha256="
            + HMAC<SHA256>.authenticationCode(for: Data(body), using: SymmetricKey(data: Data(secret.utf8))).map { Seeded.hex($0) }.joined()
        var pause = Duration.milliseconds(100)
        var attempts = 0
        while !Task.isCancelled {
            attempts += 1
            if await attempt(post.url, body, signature) { return await cloud.posted(post, attempts: attempts) }
            if attempts == 1 { logger.debug("A webhook was not taken; it is tried again", metadata: ["updates": "\(post.count)"]) }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(2))
        }
    }

    private func attempt(_ url: String, _ body: [UInt8], _ signature: String) async -> Bool {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "facebookexternalua")
        request.headers.add(name: "X-Hub-Signature-256", value: signature)
        request.body = .bytes(body)
        do {
            let response = try await http.execute(request, timeout: .seconds(15))
            _ = try await response.body.collect(upTo: 1 << 20)
            return response.status == .ok
        } catch {
            return false
        }
    }
}
