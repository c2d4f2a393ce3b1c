import Synchronization

/// What the sink remembers: every request, up to a bound.
package final class SinkLog: Sendable {
    private struct State {
        var records: [SinkRecord] = []
        /// Taken after the bound was reached.
        var overflow = 0
    }

    /// Most requests kept; 24 bytes each.
    package let capacity: Int
    private let state = Mutex(State())

    package init(capacity: Int = 5_000_000) { self.capacity = capacity }

    func add(_ record: SinkRecord) {
        state.withLock { state in
            if state.records.count < capacity { state.records.append(record) } else { state.overflow += 1 }
        }
    }

    package func reset() { state.withLock { $0 = State() } }

    /// Requests taken, those beyond the bound too.
    package var count: Int { state.withLock { $0.records.count + $0.overflow } }

    /// The requests from one place on, in the order of their arrival.
    package func records(from start: Int = 0) -> [SinkRecord] {
        state.withLock { start < $0.records.count ? Array($0.records[start...]) : [] }
    }

    package var overflow: Int { state.withLock { $0.overflow } }
}
