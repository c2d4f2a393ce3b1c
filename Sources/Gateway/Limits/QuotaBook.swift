/// Something that is counted in a quota for a message: the recipient, or the message itself.
struct QuotaItem: Hashable, Sendable {
    var key: String
    var item: String
}

/// How quotas stand while their rows are locked, and who of those that want a place gets one. Pure; an order of arrival is its only input.
struct QuotaBook: Sendable {
    struct Standing: Sendable, Equatable {
        /// Nil: no limit.
        var perDay: Int?
        var isInShadow: Bool
        /// Different items counted now; in shadow without those beyond the limit.
        var used: Int
        /// Others wait for a place, and are not to be overtaken.
        var isWaitedFor: Bool
    }

    enum Verdict: Equatable {
        /// With those quotas whose limit it breaks, because they are in shadow.
        case go(over: [String])
        case hold(key: String)
    }

    private(set) var standings: [String: Standing]
    /// What is counted already, as far as it was asked for.
    private var counted: Set<QuotaItem>

    init(standings: [String: Standing], counted: Set<QuotaItem>) {
        self.standings = standings
        self.counted = counted
    }

    /// Takes all places that a message needs, or none. Wants of quotas that do not exist are passed over.
    /// - Parameter reserved: quotas in which a place is kept for the message, since it has had its turn. It has waited in one line and does not
    ///   wait in another one for those who may be waiting there: two lines would send it back and forth, and it would never go.
    mutating func admit(_ wants: [QuotaItem], reserved: [String] = []) -> Verdict {
        var over: [String] = []
        let new = wants.filter { standings[$0.key] != nil && !counted.contains($0) }
        let hasTurn = wants.contains { reserved.contains($0.key) && standings[$0.key] != nil && counted.contains($0) }
        for want in new {
            guard let standing = standings[want.key], let perDay = standing.perDay else { continue }
            let isFull = standing.used >= perDay
            if standing.isInShadow {
                if isFull { over.append(want.key) }
            } else if isFull || standing.isWaitedFor && !hasTurn {
                standings[want.key]?.isWaitedFor = true
                return .hold(key: want.key)
            }
        }
        // What goes beyond a limit in shadow takes no place: the next to the same recipient would have been held back too.
        for want in new where !over.contains(want.key) {
            standings[want.key]?.used += 1
            counted.insert(want)
        }
        return .go(over: over)
    }
}
