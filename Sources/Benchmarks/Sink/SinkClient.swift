import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Asks a receiver for what it saw, if it is a sink of ours.
struct SinkClient: Sendable {
    /// Without a trailing slash.
    let url: String

    init(_ url: String) { self.url = url.hasSuffix("/") ? String(url.dropLast()) : url }

    /// Nil when the receiver is none of ours.
    func stats(top: Int = 0) async -> SinkStats? {
        guard let body = await answer(to: "/_sink/stats?top=\(top)", .get) else { return nil }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let stats = try? decoder.decode(SinkStats.self, from: body), stats.sink == "relevo" else { return nil }
        return stats
    }

    func reset() async { _ = await answer(to: "/_sink/reset", .post) }

    private func answer(to path: String, _ method: Verb) async -> Data? {
        var request = HTTPClientRequest(url: root + path)
        request.method = method == .get ? .GET : .POST
        guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(60)), response.status == .ok,
            let body = try? await response.body.collect(upTo: 64 << 20)
        else { return nil }
        return Data(buffer: body)
    }

    private enum Verb { case get, post }

    /// Scheme, host and port: the controls are not below the path of the API.
    private var root: String {
        guard var address = URLComponents(string: url) else { return url }
        (address.path, address.query) = ("", nil)
        return address.string ?? url
    }
}
