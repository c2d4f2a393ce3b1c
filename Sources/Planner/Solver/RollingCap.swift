/// First cut-overs of clients, of which any 168 h may hold only so many.
struct RollingCap {
    let limit: Int
    static let window = 168 * 3600
    /// Sorted; one entry a client.
    private var times: [Int] = []
    private var first: [Int: Int] = [:]

    init(limit: Int) { self.limit = limit }

    func opened(_ client: Int) -> Bool { first[client] != nil }

    private func position(_ time: Int) -> Int {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Whether a client may have a cut-over at `time`.
    func allows(_ client: Int, at time: Int) -> Bool {
        let own = first[client]
        if let own, own <= time { return true }
        // The others around `time`; the client's own later first goes away.
        var near = Array(times[position(time - Self.window + 1)..<position(time + Self.window)])
        if let own, let at = near.firstIndex(of: own) { near.remove(at: at) }
        let place = near.firstIndex { $0 >= time } ?? near.count
        near.insert(time, at: place)
        guard near.count > limit else { return true }
        for begin in max(0, place - limit)...place where begin + limit < near.count {
            if near[begin + limit] - near[begin] < Self.window { return false }
        }
        return true
    }

    /// The first time at or after `time` that is allowed.
    func next(_ client: Int, from time: Int) -> Int {
        if allows(client, at: time) { return time }
        for other in times where other + Self.window > time && allows(client, at: other + Self.window) {
            return first[client].map { min($0, other + Self.window) } ?? other + Self.window
        }
        return (times.last ?? time) + Self.window
    }

    mutating func record(_ client: Int, at time: Int) {
        if let own = first[client] {
            if own <= time { return }
            times.remove(at: position(own))
        }
        first[client] = time
        times.insert(time, at: position(time))
    }

    /// Puts a client's first back to `time`; nil: it has none any more.
    mutating func reset(_ client: Int, to time: Int?) {
        if let own = first[client] { times.remove(at: position(own)) }
        first[client] = nil
        if let time { record(client, at: time) }
    }
}
