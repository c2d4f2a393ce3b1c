/// Cuts a stream of bytes into lines, each of bounded length.
package struct LineReader {
    package enum Line: Equatable {
        case text([UInt8])
        /// Longer than the limit; its bytes were dropped.
        case tooLong
    }

    let limit: Int
    private var rest: [UInt8] = []
    private var isSkipping = false

    package init(limit: Int) { self.limit = limit }

    /// The lines that end in these bytes. Blank lines are kept, so that lines can be counted.
    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [Line] {
        var lines: [Line] = []
        for byte in bytes {
            if byte == 10 {
                lines.append(finish())
            } else if isSkipping {
                continue
            } else if rest.count >= limit {
                isSkipping = true
                rest.removeAll(keepingCapacity: true)
            } else {
                rest.append(byte)
            }
        }
        return lines
    }

    /// What stands after the last line feed; nil when nothing does.
    package mutating func last() -> Line? { rest.isEmpty && !isSkipping ? nil : finish() }

    private mutating func finish() -> Line {
        defer {
            rest.removeAll(keepingCapacity: true)
            isSkipping = false
        }
        if isSkipping { return .tooLong }
        if rest.last == 13 { rest.removeLast() }
        return .text(rest)
    }
}
