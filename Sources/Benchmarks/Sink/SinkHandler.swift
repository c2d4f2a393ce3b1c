import Foundation
import NIOCore

/// Reads requests of one connection, notes them, and answers: a send answer to every POST, its own controls under `/_sink/`.
///
/// It reads HTTP by itself, without a general parser: the receiver of a benchmark must cost less than what is measured.
final class SinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: SinkLog
    private let delay: TimeAmount?
    private let ids: SinkIDs
    private let asksKernel: Bool
    private var options: (any SocketOptionProvider)?
    private var pending: ByteBuffer?
    private var isClosing = false

    /// - Parameter asksKernel: whether the times are those of the kernel.
    init(log: SinkLog, delay: Duration, ids: SinkIDs, asksKernel: Bool) {
        self.log = log
        self.asksKernel = asksKernel
        self.delay = delay > .zero ? TimeAmount(delay) : nil
        self.ids = ids
    }

    func channelActive(context: ChannelHandlerContext) {
        if asksKernel { options = context.channel as? any SocketOptionProvider }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if pending != nil {
            pending?.writeBuffer(&buffer)
        } else {
            pending = buffer
        }
        while !isClosing, let bytes = pending, bytes.readableBytes > 0 {
            do throws(SinkRequest.Failure) {
                guard let request = try Self.read(bytes) else { break }
                pending?.moveReaderIndex(forwardBy: request.length)
                take(request, context)
            } catch {
                isClosing = true
                answer("411 Length Required", #"{"error":{"message":"the sink cannot read this request","code":100}}"#, context)
            }
        }
        if pending?.readableBytes == 0 { pending = nil } else { pending?.discardReadBytes() }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.flush() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func read(_ buffer: ByteBuffer) throws(SinkRequest.Failure) -> SinkRequest? {
        let result = buffer.withUnsafeReadableBytes { bytes in
            Result { () throws(SinkRequest.Failure) in try SinkRequest(bytes) }
        }
        return try result.get()
    }

    private func take(_ request: SinkRequest, _ context: ChannelHandlerContext) {
        if request.closes { isClosing = true }
        if let target = request.target { return control(request.method, target, context) }
        // Its age first: a thread that stands still in between is late, and never early.
        let age = options.map(SinkArrival.age) ?? 0
        log.add(SinkRecord(time: MonotonicTime.micros - age, number: request.number, callback: request.callback))
        let (body, closes) = (answer(to: request, context), isClosing)
        guard let delay else { return send(body, closes: closes, context) }
        context.eventLoop.assumeIsolated().scheduleTask(in: delay) {
            self.send(body, closes: closes, context)
            context.flush()
        }
    }

    private func send(_ answer: ByteBuffer, closes: Bool, _ context: ChannelHandlerContext) {
        guard closes else { return context.write(wrapOutboundOut(answer), promise: nil) }
        let written = context.writeAndFlush(wrapOutboundOut(answer))
        written.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    /// Meta's answer: the recipient as it was given, its digits, and an id that no other answer has.
    private func answer(to request: SinkRequest, _ context: ChannelHandlerContext) -> ByteBuffer {
        let wamid = ids.next()
        let digits = request.to.filter { (0x30...0x39).contains($0) }
        let length =
            Self.start.utf8CodeUnitCount + request.to.count + Self.middle.utf8CodeUnitCount + digits.count
            + Self.last.utf8CodeUnitCount + wamid.utf8.count + Self.end.utf8CodeUnitCount
        var buffer = context.channel.allocator.buffer(capacity: length + 128)
        buffer.writeStaticString(Self.head)
        buffer.writeString(String(length))
        buffer.writeStaticString("\r\n\r\n")
        buffer.writeStaticString(Self.start)
        buffer.writeBytes(request.to)
        buffer.writeStaticString(Self.middle)
        buffer.writeBytes(digits)
        buffer.writeStaticString(Self.last)
        buffer.writeString(wamid)
        buffer.writeStaticString(Self.end)
        return buffer
    }

    private static let head: StaticString = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    private static let start: StaticString = #"{"messaging_product":"whatsapp","contacts":[{"input":""#
    private static let middle: StaticString = #"","wa_id":""#
    private static let last: StaticString = #""}],"messages":[{"id":""#
    private static let end: StaticString = #""}]}"#

    private func control(_ method: SinkRequest.Method, _ target: String, _ context: ChannelHandlerContext) {
        let address = URLComponents(string: target)
        func number(_ name: String) -> Int64? { address?.queryItems?.first { $0.name == name }?.value.flatMap { Int64($0) } }
        switch (method, address?.path) {
        case (.get, "/_sink/stats"):
            let stats = SinkStats(
                log.records(), overflow: log.overflow, window: max(1, min(number("window_ms") ?? 1000, 86_400_000)) * 1000,
                since: number("since_us") ?? .min, until: number("until_us") ?? .max, top: Int(max(0, min(number("top") ?? 100, 100_000))))
            answer("200 OK", (try? SinkJSON.text(stats)) ?? "{}", context)
        case (.post, "/_sink/reset"):
            log.reset()
            answer("200 OK", #"{"success":true}"#, context)
        default: answer("404 Not Found", #"{"error":{"message":"the sink has no such address","code":100}}"#, context)
        }
    }

    private func answer(_ status: String, _ body: String, _ context: ChannelHandlerContext) {
        let text =
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
            + (isClosing ? "Connection: close\r\n" : "") + "\r\n" + body
        send(ByteBuffer(string: text), closes: isClosing, context)
    }
}
