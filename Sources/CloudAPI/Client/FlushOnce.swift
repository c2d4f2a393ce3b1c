import NIOCore

/// Hands what is written in one turn of the event loop to the socket at once.
///
/// The HTTP client flushes the head and the body of a request each by itself: two system calls and two packets, and the receiver woken twice.
/// With one flush 21,000 requests a second went where 17,400 had, on two cores shared with the receiver. A request that is made on another event
/// loop than its connection's still takes two.
///
/// The body is asked for before the head has reached the socket: on a connection that turns out to be dead at that moment, a request counts as
/// perhaps sent where it could have been known not to be.
final class FlushOnce: ChannelOutboundHandler {
    typealias OutboundIn = Any
    typealias OutboundOut = Any

    private var isScheduled = false

    func flush(context: ChannelHandlerContext) {
        guard !isScheduled else { return }
        isScheduled = true
        context.eventLoop.assumeIsolated().execute { [self] in flushNow(context) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // What was to be flushed came before.
        flushNow(context)
        context.close(mode: mode, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) { flushNow(context) }

    private func flushNow(_ context: ChannelHandlerContext) {
        guard isScheduled else { return }
        isScheduled = false
        context.flush()
    }
}
