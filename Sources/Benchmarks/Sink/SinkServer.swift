import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A receiver that stands in for Meta in measurements: it answers every POST with a send answer and remembers when each came.
///
/// It is the judge of limits and duplicates, so it uses nothing of Relevo's.
package final class SinkServer: Sendable {
    package let log: SinkLog
    /// The port listened on.
    package let port: Int
    /// How late the sink itself is, once it judges.
    let lag = SinkLag()
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    /// Begins to listen on a thread of its own. Throws the system's error when the address cannot be had.
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - delay: time before each answer.
    ///   - capacity: most requests remembered.
    ///   - asksKernel: whether the times are those of arrival in the kernel, as far as that tells, for a judge of limits: what comes while the
    ///     sink stands still must not count as come at once.
    package init(
        host: String = "127.0.0.1", port: Int = 0, delay: Duration = .zero, capacity: Int = 5_000_000, asksKernel: Bool = false
    ) async throws {
        let log = SinkLog(capacity: capacity)
        let ids = SinkIDs()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let bootstrap = ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 4096)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.maxMessagesPerRead, value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            SinkHandler(log: log, delay: delay, ids: ids, asksKernel: asksKernel))
                    }
                }
            let channel = try await bootstrap.bind(host: host, port: port).get()
            self.log = log
            self.group = group
            self.channel = channel
            self.port = channel.localAddress?.port ?? port
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// A judge is late as seldom as it can be: its thread goes before those of the workers where that is allowed, and how late it was all the
    /// same is noted.
    func judge() {
        let loop = group.next()
        loop.execute { _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, -15) }
        let pause = SinkLag.pause
        lag.begin()
        loop.scheduleRepeatedTask(initialDelay: .microseconds(pause), delay: .microseconds(pause)) { [lag] _ in lag.look() }
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// Stops listening and drops its connections.
    package func close() async {
        try? await channel.close().get()
        try? await group.shutdownGracefully()
    }
}

/// How much later than wanted a thread came to look, at worst.
final class SinkLag: Sendable {
    /// Between two looks, in microseconds.
    static let pause: Int64 = 5000

    private struct State {
        var last: Int64 = 0
        var worst: Int64 = 0
    }

    private let state = Mutex(State())

    /// Microseconds.
    var worst: Int64 { state.withLock { $0.worst } }

    /// Forgets what was.
    func begin() { state.withLock { $0 = State(last: MonotonicTime.micros) } }

    func look() {
        let now = MonotonicTime.micros
        state.withLock { state in
            state.worst = max(state.worst, now - state.last - Self.pause)
            state.last = now
        }
    }
}

/// Ids for answers: unlike any other of this run, and of other runs.
final class SinkIDs: Sendable {
    private let prefix = "wamid.SINK" + String(UInt64.random(in: .min ... .max), radix: 36).uppercased() + "."
    private let count = Atomic<Int>(0)

    func next() -> String { prefix + String(count.add(1, ordering: .relaxed).newValue) }
}

enum SinkJSON {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
