import AsyncHTTPClient
import CrashPoints
import NIOCore
import Synchronization

/// Remembers whether the HTTP client has asked for the body of a request.
///
/// The client asks for it only once it has a connection and has written the head. A `POST` whose body was never asked for cannot have been
/// carried out, whatever went wrong; after that nothing is certain.
final class WriteMark: Sendable {
    private let state = Atomic<Bool>(false)

    var isSet: Bool { state.load(ordering: .acquiring) }
    func set() { state.store(true, ordering: .releasing) }

    /// A body that sets the mark when it is asked for.
    func body(_ bytes: ByteBuffer) -> HTTPClient.Body {
        #if CRASH_POINTS
            if CrashPlan.current.awaits(.requestAfterFirstByte) { return splitBody(bytes) }
        #endif
        // In pieces of a few megabytes where it is large, one after the other: encrypted in one go it would hold up whatever else the event
        // loop carries.
        let large = bytes.readableBytes > 1 << 20 ? HTTPClient.Body.bytes(bytes.readableBytesView) : nil
        return .stream(contentLength: Int64(bytes.readableBytes)) { [self] writer in
            set()
            return large?.stream(writer) ?? writer.write(.byteBuffer(bytes))
        }
    }

    #if CRASH_POINTS
        /// A body whose first byte is handed over by itself, so that a process can be killed in the middle of its request.
        private func splitBody(_ bytes: ByteBuffer) -> HTTPClient.Body {
            .stream(contentLength: Int64(bytes.readableBytes)) { [self] writer in
                set()
                var rest = bytes
                let first = rest.readSlice(length: 1) ?? ByteBuffer()
                let written = writer.write(.byteBuffer(first))
                return written.flatMap { [rest] in
                    // The client writes and flushes what it was given; the socket has it a moment later.
                    written.eventLoop.scheduleTask(in: .milliseconds(20)) { CrashPoint.requestAfterFirstByte.passed() }
                        .futureResult.flatMap { writer.write(.byteBuffer(rest)) }
                }
            }
        }
    #endif
}
