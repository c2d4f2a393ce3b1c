import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Bodies of callers who need no key: webhooks, before their signature is known, and forms. They are read before their request takes one
/// of the places of those that are answered, and what is large of them shares a bounded room: neither slow nor large ones keep others out.
final class Strangers: Sendable {
    /// So much of a body takes no room: the usual ones come through when large ones fill it.
    private static let small = 16 << 10
    private let room: Int
    private let held = Atomic<Int>(0)

    /// What one body takes of the room.
    private final class Share: Sendable {
        let bytes = Atomic<Int>(0)
    }

    init(room: Int) { self.room = room }

    /// How large a body may be that is sent to this path without a key; nil when it needs one. As for the router, empty parts do not count.
    static func limit(_ request: Request) -> Int? {
        guard request.method == .post else { return nil }
        let parts = request.uri.path.split(separator: "/")
        if parts == ["webhooks", "whatsapp"] { return WebhookRoutes.limit }
        return parts.first == "code" || parts == ["login"] || parts == ["logout"] ? 16 << 10 : nil
    }

    /// Reads the body, and gives the request with it to `answer`. Throws `busy` when there is no room.
    func gather(
        _ request: Request, upTo limit: Int, within time: Duration, _ answer: (Request) async throws -> Response
    ) async throws -> Response {
        let share = Share()
        defer { held.subtract(share.bytes.load(ordering: .relaxed), ordering: .relaxed) }
        let buffer = try await request.reduce(into: ByteBuffer(), upTo: limit, within: time) { [self] whole, part in
            let before = max(0, whole.readableBytes - Self.small)
            var part = part
            whole.writeBuffer(&part)
            let more = max(0, whole.readableBytes - Self.small) - before
            share.bytes.add(more, ordering: .relaxed)
            guard held.add(more, ordering: .relaxed).newValue <= room else { throw HTTPProblem.busy }
        }
        var request = request
        request.body = RequestBody(buffer: buffer)
        return try await answer(request)
    }
}
