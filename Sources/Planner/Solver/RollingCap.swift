/// First cut-overs of clients, of which any 168 h may hold only so many.
///
/// Counted by slot: how many clients are new in the 168 h up to it. A start is allowed while every slot of the 168 h after it has room.
struct RollingCap {
    static let window = 168 * 3600
    let limit: Int
    private let grid: Grid
    private let width: Int
    private let isNeeded: Bool
    private var new: [Int32]
    private var first: [Int?]

    init(limit: Int, clients: Int, grid: Grid) {
        self.limit = limit
        self.grid = grid
        width = (Self.window + grid.step - 1) / grid.step
        isNeeded = clients > limit
        new = isNeeded ? [Int32](repeating: 0, count: grid.count) : []
        first = [Int?](repeating: nil, count: clients)
    }

    func opened(_ client: Int) -> Bool { first[client] != nil }

    private func reach(_ time: Int) -> Range<Int> { grid.touched(time, time + Self.window) }

    /// The last slot after `time` without room for `client`; nil: it may have a cut-over then.
    private func lastFull(_ client: Int, at time: Int) -> Int? {
        guard isNeeded else { return nil }
        if let own = first[client], own <= time { return nil }
        let reach = reach(time)
        // From the client's own first on it is counted already.
        let end = first[client].map { min(reach.upperBound, max(reach.lowerBound, grid.floor($0))) } ?? reach.upperBound
        guard reach.lowerBound < end else { return nil }
        // Vectorised too: mostly nothing is full.
        let limit = Int32(clamping: limit)
        return new.withUnsafeBufferPointer { new in
            let slots = UnsafeBufferPointer(rebasing: new[reach.lowerBound..<end])
            guard slots.reduce(Int32(0), { max($0, $1) }) >= limit else { return nil }
            return slots.lastIndex { $0 >= limit }.map { $0 + reach.lowerBound }
        }
    }

    /// Whether a client may have a cut-over at `time`.
    func allows(_ client: Int, at time: Int) -> Bool { lastFull(client, at: time) == nil }

    /// Whether no 168 h around a client's first hold too many. When the first row of a client goes away its next one is the first: it may come to
    /// lie where there was no room.
    func isKept(_ client: Int) -> Bool {
        guard isNeeded, let own = first[client] else { return true }
        return new[reach(own)].allSatisfy { $0 <= limit }
    }

    /// The first time at or after `time` that is allowed.
    func next(_ client: Int, from time: Int) -> Int {
        var time = time
        while let full = lastFull(client, at: time) { time = grid.time(full + 1) }
        return time
    }

    mutating func record(_ client: Int, at time: Int) {
        if let own = first[client], own <= time { return }
        set(client, to: time)
    }

    /// Puts a client's first to `time`; nil: it has none any more.
    mutating func set(_ client: Int, to time: Int?) {
        if isNeeded {
            if let own = first[client] { add(-1, to: reach(own)) }
            if let time { add(1, to: reach(time)) }
        }
        first[client] = time
    }

    /// Without overflow checks, which would keep the loop from being vectorised: it is most of the work of moving a client's first.
    private mutating func add(_ change: Int32, to slots: Range<Int>) {
        new.withUnsafeMutableBufferPointer { new in
            for slot in slots { new[slot] &+= change }
        }
    }
}
