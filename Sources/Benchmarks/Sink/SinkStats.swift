/// What the sink saw, computed from its log.
package struct SinkStats: Codable, Sendable, Equatable {
    package struct Number: Codable, Sendable, Equatable {
        package var phoneNumberID: String
        package var count: Int
        package var firstMicros: Int64
        package var lastMicros: Int64
        /// Most in any second that begins anywhere.
        package var worstSecond: Int
        /// Most in any window of the width asked for.
        package var worstWindow: Int

        private enum CodingKeys: String, CodingKey {
            case phoneNumberID = "phoneNumberId"
            case count, firstMicros, lastMicros, worstSecond, worstWindow
        }
    }

    /// Tells our sink from another receiver.
    package var sink = "relevo"
    package var count: Int
    /// Requests that came after the log was full: the figures below do not know them.
    package var overflow: Int
    package var firstMicros: Int64?
    package var lastMicros: Int64?
    package var windowMicros: Int64
    /// Most of any one number in any second.
    package var worstSecond: Int
    package var worstWindow: Int
    /// Requests whose `biz_opaque_callback_data` had come before.
    package var duplicates: Int
    package var withoutCallback: Int
    package var numberCount: Int
    /// The numbers with the worst seconds first, at most as many as asked for.
    package var numbers: [Number]

    /// - Parameters:
    ///   - since: only requests at or after this time, in microseconds; the bounds do not apply to `duplicates`.
    ///   - until: only requests before this time.
    ///   - top: most entries in `numbers`.
    package init(
        _ records: [SinkRecord], overflow: Int = 0, window: Int64 = 1_000_000, since: Int64 = .min, until: Int64 = .max, top: Int = 100
    ) {
        let chosen = records.filter { $0.time >= since && $0.time < until }
        count = chosen.count
        self.overflow = overflow
        firstMicros = chosen.map(\.time).min()
        lastMicros = chosen.map(\.time).max()
        windowMicros = window
        withoutCallback = chosen.count { $0.callback == 0 }
        duplicates = Self.duplicates(records)
        let all = Dictionary(grouping: chosen, by: \.number).map { number, records in
            let times = records.map(\.time).sorted()
            return Number(
                phoneNumberID: String(number), count: times.count, firstMicros: times.first ?? 0, lastMicros: times.last ?? 0,
                worstSecond: SlidingWindow.worst(times, width: 1_000_000), worstWindow: SlidingWindow.worst(times, width: window))
        }
        worstSecond = all.map(\.worstSecond).max() ?? 0
        worstWindow = all.map(\.worstWindow).max() ?? 0
        numberCount = all.count
        let worstFirst = all.sorted { ($0.worstSecond, $0.count, $0.phoneNumberID) > ($1.worstSecond, $1.count, $1.phoneNumberID) }
        numbers = Array(worstFirst.prefix(top))
    }

    private static func duplicates(_ records: [SinkRecord]) -> Int {
        let names = records.map(\.callback).filter { $0 != 0 }.sorted()
        return zip(names, names.dropFirst()).count { $0.0 == $0.1 }
    }
}
