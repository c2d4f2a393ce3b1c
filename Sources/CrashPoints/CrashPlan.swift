import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the environment asks for: `RELEVO_CRASH_AT=name[:n]` kills the process at its n-th passage of a point (from 1, the default),
/// `RELEVO_STOP_AT=name[:n]` stops it there, as SIGSTOP does.
public final class CrashPlan: Sendable {
    /// A plan that cannot be read.
    public struct Unreadable: Error, CustomStringConvertible {
        public let name: String
        public let found: String
        public var expected: String {
            "a crash point, \(CrashPoint.allCases.map(\.rawValue).joined(separator: ", ")), and if wanted :n for its n-th passage"
        }
        public var description: String { "\(name): found \(found.debugDescription); expected \(expected)" }
    }

    struct Order: Sendable {
        let point: CrashPoint
        let passage: Int
        let signal: Int32
    }

    private let orders: [Order]
    private let passages = Mutex<[CrashPoint: Int]>([:])

    /// The plan of this process; a plan that cannot be read is empty here, `check` tells of it.
    public static let current = CrashPlan((try? orders()) ?? [])

    init(_ orders: [Order]) { self.orders = orders }

    /// Throws `Unreadable` when a plan names no crash point. Does nothing in release builds.
    public static func check() throws(Unreadable) { _ = try orders() }

    private static func orders() throws(Unreadable) -> [Order] {
        #if CRASH_POINTS
            var orders: [Order] = []
            for (name, signal) in [("RELEVO_CRASH_AT", SIGKILL), ("RELEVO_STOP_AT", SIGSTOP)] {
                guard let value = getenv(name) else { continue }
                orders.append(try read(String(cString: value), name, signal))
            }
            return orders
        #else
            return []
        #endif
    }

    static func read(_ text: String, _ name: String, _ signal: Int32) throws(Unreadable) -> Order {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let point = parts.first.flatMap({ CrashPoint(rawValue: String($0)) }) else { throw Unreadable(name: name, found: text) }
        guard parts.count == 2 else { return Order(point: point, passage: 1, signal: signal) }
        guard let passage = Int(parts[1]), passage >= 1 else { throw Unreadable(name: name, found: text) }
        return Order(point: point, passage: passage, signal: signal)
    }

    /// Whether a point is waited for: some are only there when they are.
    public func awaits(_ point: CrashPoint) -> Bool { orders.contains { $0.point == point } }

    @usableFromInline
    func strike(_ point: CrashPoint) {
        guard awaits(point) else { return }
        let passage = passages.withLock { passages in
            passages[point, default: 0] += 1
            return passages[point, default: 0]
        }
        // To this thread, which then stands still at once: sent to the process, another thread may have to wake up first to take it, and this
        // one goes on meanwhile, as far as a request and its first byte.
        for order in orders where order.point == point && order.passage == passage { raise(order.signal) }
    }
}
