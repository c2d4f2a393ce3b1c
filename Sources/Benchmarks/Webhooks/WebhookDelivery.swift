import AsyncHTTPClient
import CloudAPI
import NIOCore
import NIOHTTP1
import Synchronization

/// Plays Meta's part: hands signed POSTs over, each at its time whatever became of those before, and again until it is answered with 200.
final class WebhookDelivery: Sendable {
    /// One POST, by the clock of all measurements.
    struct Record: Sendable {
        var updates: Int
        var due: Int64
        /// When its first attempt began, and its last.
        var begun: Int64
        var lastBegun: Int64
        /// When it was answered with 200; nil: never.
        var answered: Int64?
        var attempts: Int
    }

    private let url: String
    private let secret: Secret
    private let body: StatusBody
    private let http: HTTPClient
    /// First attempts at a time. What is due while all are taken goes late, which counts.
    private let inFlight: Int
    private let records = Mutex<[Record]>([])
    private let failed = Mutex<[String: Int]>([:])

    /// Microseconds: a body is written and signed before it is due.
    private static let lead: Int64 = 20_000
    private static let timeout = TimeAmount.seconds(10)

    private init(url: String, secret: Secret, body: StatusBody, http: HTTPClient, inFlight: Int) {
        self.url = url
        self.secret = secret
        self.body = body
        self.http = http
        self.inFlight = inFlight
    }

    /// Lends one with connections of its own, which stay open between POSTs.
    static func with<T: Sendable>(
        url: String, secret: Secret, body: StatusBody, inFlight: Int, _ use: @Sendable (WebhookDelivery) async throws -> T
    ) async throws -> T {
        var configuration = GraphClient.httpConfiguration(connections: inFlight)
        // Nobody there: that is an answer, and not to be waited for.
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let value = try await use(WebhookDelivery(url: url, secret: secret, body: body, http: http, inFlight: inFlight))
            try await http.shutdown()
            return value
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    /// Attempts that were not answered with 200, by what was heard instead.
    var failures: [String: Int] { failed.withLock { $0 } }

    /// Hands all of them over; returns when each is answered with 200, or has been tried for too long.
    /// - Parameters:
    ///   - start: when those with `due` 0 are due.
    ///   - patience: how long after the last is due an unanswered one is given up.
    func deliver(_ posts: [StatusPost], from start: Int64, patience: Duration) async throws -> [Record] {
        guard let last = posts.last else { return [] }
        let end = start + last.due + Int64(patience / .microseconds(1))
        let (places, place) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<max(1, inFlight) { place.yield() }
        try await withThrowingDiscardingTaskGroup { group in
            var next = 0
            for await _ in places {
                let post = posts[next]
                let due = start + post.due
                try await Self.sleep(until: due - Self.lead)
                group.addTask { try await self.deliver(post, due: due, until: end) { place.yield() } }
                next += 1
                if next == posts.count { break }
            }
        }
        try Task.checkCancellation()
        return records.withLock { $0 }
    }

    /// - Parameter leave: called when its first attempt has ended: one that waits to go again takes no place from those that are due.
    private func deliver(_ post: StatusPost, due: Int64, until end: Int64, leave: @Sendable () -> Void) async throws {
        let bytes = body.bytes(post.events)
        let (content, signature) = (ByteBuffer(bytes: bytes), Signature.sign(bytes, secret: secret))
        try await Self.sleep(until: due)
        let begun = MonotonicTime.micros
        var record = Record(updates: post.events.count, due: due, begun: begun, lastBegun: begun, answered: nil, attempts: 0)
        // At once at first, then less and less often, as Meta does; never so seldom that the benchmark waits for it.
        var pause: Int64 = 100_000
        while true {
            record.lastBegun = MonotonicTime.micros
            record.attempts += 1
            let failure = await attempt(content, signature)
            let now = MonotonicTime.micros
            if record.attempts == 1 { leave() }
            try Task.checkCancellation()
            guard let failure else {
                record.answered = now
                break
            }
            failed.withLock { $0[failure, default: 0] += 1 }
            guard now + pause < end else { break }
            try await Self.sleep(until: now + pause)
            pause = min(pause * 2, 3_000_000)
        }
        let done = record
        records.withLock { $0.append(done) }
    }

    /// Nil for a 200.
    private func attempt(_ content: ByteBuffer, _ signature: String) async -> String? {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "facebookexternalua")
        request.headers.add(name: Signature.headerName, value: signature)
        request.body = .bytes(content)
        do {
            let response = try await http.execute(request, timeout: Self.timeout)
            _ = try await response.body.collect(upTo: 1 << 20)
            return response.status == .ok ? nil : "HTTP \(response.status.code)"
        } catch let error as HTTPClientError {
            return "\(error)"
        } catch {
            return "no connection"
        }
    }

    static func sleep(until time: Int64) async throws {
        let left = time - MonotonicTime.micros
        if left > 0 { try await Task.sleep(for: .microseconds(left)) }
    }
}
