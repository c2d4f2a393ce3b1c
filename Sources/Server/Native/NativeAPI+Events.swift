import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension NativeAPI {
    /// Server-sent events: `progress` with a snapshot, at once and whenever it has changed; a comment every 15 seconds keeps the connection.
    @Sendable func events(_ request: Request, _ context: RelevoContext) async throws -> Response {
        guard streams.enter() else { throw HTTPProblem.busy }
        let client = context.caller?.clientID
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                defer { streams.leave() }
                var last: Data?
                var quiet = ContinuousClock.now
                // A stream ends after an hour: the browser comes back by itself, and a forgotten one does not last.
                let end = ContinuousClock.now + .seconds(3600)
                while ContinuousClock.now < end, !Task.isShuttingDownGracefully, !Task.isCancelled {
                    if let snapshot = try? await overview.snapshot(client: client) {
                        // The clock moves always; it is not a change.
                        var still = snapshot
                        still.now = .distantPast
                        let data = try Response.encoded(still)
                        if data != last {
                            last = data
                            quiet = .now
                            try await writer.write(Self.event("progress", data: try Response.encoded(snapshot)))
                        }
                    }
                    if ContinuousClock.now - quiet > .seconds(15) {
                        quiet = .now
                        try await writer.write(ByteBuffer(string: ": still here\n\n"))
                    }
                    await cancelWhenGracefulShutdown { try? await Task.sleep(for: .seconds(1)) }
                }
                try await writer.finish(nil)
            })
    }

    private static func event(_ name: String, data: Data) -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(name)\ndata: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        return buffer
    }
}
