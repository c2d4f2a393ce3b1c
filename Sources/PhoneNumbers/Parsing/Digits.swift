/// The digits of one number, in place and without memory of their own.
struct Digits: ~Copyable {
    /// More digits than any number has with everything that may stand before it: 17 of a national number, 3 of a country code, 8 of an
    /// international prefix and twice 7 of a national one.
    static let capacity = 48
    /// Room for digits that are put first: at most four, at most twice.
    private static let headroom = 8

    private var storage = InlineArray<56, UInt8>(repeating: 0)
    private var start = Self.headroom
    private var end = Self.headroom

    init() {}

    @inline(__always)
    var count: Int { end - start }
    @inline(__always)
    var isEmpty: Bool { end == start }
    @inline(__always)
    subscript(index: Int) -> UInt8 { storage[start + index] }

    /// Adds a digit, 0 to 9. False where there is no more room.
    @inline(__always)
    mutating func append(_ digit: UInt8) -> Bool {
        guard end < Self.headroom + Self.capacity else { return false }
        storage[end] = digit
        end += 1
        return true
    }

    @inline(__always)
    mutating func dropFirst(_ length: Int) { start += min(length, count) }

    /// Takes a national prefix off, or writes it anew. At most four digits are put first.
    mutating func apply(_ action: Metadata.PrefixAction) {
        let kept = action.keep.count
        let origin = start
        start += action.length
        for offset in 0..<kept { storage[start - 1 - offset] = storage[origin + action.keep.upperBound - 1 - offset] }
        start -= kept
        var literal = action.literal
        while literal > 1 {
            start -= 1
            storage[start] = UInt8(literal % 10)
            literal /= 10
        }
    }

    /// Puts a country code in front.
    mutating func put(countryCode: UInt16) {
        var code = countryCode
        while code > 0 {
            start -= 1
            storage[start] = UInt8(code % 10)
            code /= 10
        }
    }

    func copy() -> Digits {
        var copy = Digits()
        copy.storage = storage
        copy.start = start
        copy.end = end
        return copy
    }

    /// The value as a number; the digits must be at most 19.
    var value: UInt64 {
        var value: UInt64 = 0
        for index in start..<end { value = value * 10 + UInt64(storage[index]) }
        return value
    }

    /// Readable ASCII digits.
    var text: String { String(decoding: (start..<end).map { storage[$0] + 48 }, as: UTF8.self) }
}
