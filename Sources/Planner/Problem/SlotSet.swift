/// A set of slots of the horizon, as bits.
struct SlotSet: Equatable {
    private(set) var words: [UInt64]
    let count: Int

    init(count: Int, full: Bool = false) {
        self.count = count
        words = [UInt64](repeating: full ? ~0 : 0, count: (count + 63) / 64)
        if full, count % 64 != 0, !words.isEmpty { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
    }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    func contains(_ slot: Int) -> Bool {
        slot >= 0 && slot < count && words[slot >> 6] & (1 << UInt64(slot & 63)) != 0
    }

    mutating func insert(_ slot: Int) { words[slot >> 6] |= 1 << UInt64(slot & 63) }
    mutating func remove(_ slot: Int) { words[slot >> 6] &= ~(1 << UInt64(slot & 63)) }

    /// Clamped to the horizon.
    mutating func insert(_ range: Range<Int>) { for slot in range.clamped(to: 0..<count) { insert(slot) } }
    mutating func remove(_ range: Range<Int>) { for slot in range.clamped(to: 0..<count) { remove(slot) } }

    mutating func formIntersection(_ other: SlotSet) { for index in words.indices { words[index] &= other.words[index] } }
    mutating func formUnion(_ other: SlotSet) { for index in words.indices { words[index] |= other.words[index] } }

    /// The first slot at or after `slot`.
    func first(from slot: Int) -> Int? {
        let slot = max(0, slot)
        guard slot < count else { return nil }
        var index = slot >> 6
        var word = words[index] & (~0 << UInt64(slot & 63))
        while word == 0 {
            index += 1
            if index == words.count { return nil }
            word = words[index]
        }
        return index << 6 + word.trailingZeroBitCount
    }

    /// The last slot at or before `slot`.
    func last(through slot: Int) -> Int? {
        let slot = min(slot, count - 1)
        guard slot >= 0 else { return nil }
        var index = slot >> 6
        var word = words[index] & (~0 >> UInt64(63 - slot & 63))
        while word == 0 {
            index -= 1
            if index < 0 { return nil }
            word = words[index]
        }
        return index << 6 + 63 - word.leadingZeroBitCount
    }

    /// The first slot at or after `slot` that is not in `other`.
    func first(from slot: Int, without other: SlotSet) -> Int? {
        let slot = max(0, slot)
        guard slot < count else { return nil }
        var index = slot >> 6
        var word = words[index] & ~other.words[index] & (~0 << UInt64(slot & 63))
        while word == 0 {
            index += 1
            if index == words.count { return nil }
            word = words[index] & ~other.words[index]
        }
        return index << 6 + word.trailingZeroBitCount
    }

    /// The last slot at or before `slot` that is not in `other`.
    func last(through slot: Int, without other: SlotSet) -> Int? {
        let slot = min(slot, count - 1)
        guard slot >= 0 else { return nil }
        var index = slot >> 6
        var word = words[index] & ~other.words[index] & (~0 >> UInt64(63 - slot & 63))
        while word == 0 {
            index -= 1
            if index < 0 { return nil }
            word = words[index] & ~other.words[index]
        }
        return index << 6 + 63 - word.leadingZeroBitCount
    }

    /// Every slot moved later by `distance`; what leaves the horizon is dropped.
    func shifted(by distance: Int) -> SlotSet {
        var result = SlotSet(count: count)
        var slot = first(from: 0)
        while let at = slot {
            if at + distance < count { result.insert(at + distance) }
            slot = first(from: at + 1)
        }
        return result
    }
}

/// The slots at which tasks may start.
struct Grid {
    let from: Int
    let to: Int
    let step: Int
    /// Slots that begin inside the horizon.
    let count: Int

    init(_ settings: PlanningSettings) {
        from = settings.horizonFrom
        to = settings.horizonTo
        step = settings.slotMinutes * 60
        count = (to - from + step - 1) / step
    }

    func time(_ slot: Int) -> Int { from + slot * step }
    /// The first slot at or after a time; may lie outside the horizon.
    func ceil(_ time: Int) -> Int { -((from - time) >= 0 ? (from - time) / step : -((time - from + step - 1) / step)) }
    /// The last slot at or before a time.
    func floor(_ time: Int) -> Int { time >= from ? (time - from) / step : -((from - time + step - 1) / step) }
    /// The slots that an interval touches. For an aligned start this counts exactly: two tasks overlap when they share a slot.
    func touched(_ start: Int, _ end: Int) -> Range<Int> {
        let low = min(count, max(0, floor(start)))
        return low..<max(low, min(count, ceil(end)))
    }
    func slot(of time: Int) -> Int? { time >= from && time < to && (time - from) % step == 0 ? (time - from) / step : nil }
}
