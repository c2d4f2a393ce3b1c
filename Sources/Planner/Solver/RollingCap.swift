/// First cut-overs of clients, of which any 168 h may hold only so many.
///
/// Counted by slot: how many clients are new in the 168 h up to it. A start is allowed while every slot of the 168 h after it has room.
struct RollingCap {
    static let window = 168 * 3600
    let limit: Int
    private let grid: Grid
    private let width: Int
    private let isNeeded: Bool
    private var new: [UInt32]
    private var first: [Int?]

    init(limit: Int, clients: Int, grid: Grid) {
        self.limit = limit
        self.grid = grid
        width = (Self.window + grid.step - 1) / grid.step
        isNeeded = clients > limit
        new = isNeeded ? [UInt32](repeating: 0, count: grid.count) : []
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
        return new[reach.lowerBound..<end].lastIndex { $0 >= limit }
    }

    /// Whether a client may have a cut-over at `time`.
    func allows(_ client: Int, at time: Int) -> Bool { lastFull(client, at: time) == nil }

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
            if let own = first[client] { for slot in reach(own) { new[slot] -= 1 } }
            if let time { for slot in reach(time) { new[slot] += 1 } }
        }
        first[client] = time
    }
}
