/// The part of regular expressions that number metadata uses, over decimal digits only.
///
/// Digits, `\d`, `[1-35]`, `(…)`, `(?:…)`, `|`, `?`, `{n}`, `{n,m}`, `$`.
struct DigitPattern: Sendable {
    private indirect enum Node: Sendable {
        /// Bit `d` set: the digit d matches.
        case digit(UInt16)
        case sequence([Node])
        case choice([Node])
        case repeated(Node, Int, Int)
        case group(Int, Node)
        case end
    }

    /// A match from the start of the digits.
    struct Match: Equatable {
        var end: Int
        /// Ranges of groups 1, 2, …; nil for a group that took no part.
        var groups: [Range<Int>?]
    }

    private let root: Node
    private let groupCount: Int

    /// Nil when the text is empty or uses something else.
    init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        var parser = Parser(text: Array(text.utf8))
        guard let node = parser.choice(), parser.position == parser.text.count else { return nil }
        root = node
        groupCount = parser.groups
    }

    /// Whether the pattern matches all of the digits.
    func matchesWhole(_ digits: ArraySlice<UInt8>) -> Bool {
        run(root, digits, digits.startIndex, []) { end, _ in end == digits.endIndex }
    }

    /// The first match that starts at the start, as a backtracking engine finds it.
    func matchPrefix(_ digits: ArraySlice<UInt8>) -> Match? {
        var found: Match?
        let empty = [Range<Int>?](repeating: nil, count: groupCount)
        _ = run(root, digits, digits.startIndex, empty) { end, groups in
            found = Match(end: end, groups: groups)
            return true
        }
        return found
    }

    private func run(
        _ node: Node, _ digits: ArraySlice<UInt8>, _ at: Int, _ groups: [Range<Int>?], _ next: (Int, [Range<Int>?]) -> Bool
    ) -> Bool {
        switch node {
        case .digit(let set):
            return at < digits.endIndex && set & (1 << UInt16(digits[at])) != 0 && next(at + 1, groups)
        case .sequence(let nodes):
            return runSequence(nodes[...], digits, at, groups, next)
        case .choice(let nodes):
            return nodes.contains { run($0, digits, at, groups, next) }
        case .repeated(let inner, let low, let high):
            if high > 0 {
                let rest = Node.repeated(inner, max(0, low - 1), high - 1)
                if run(inner, digits, at, groups, { end, groups in run(rest, digits, end, groups, next) }) { return true }
            }
            return low == 0 && next(at, groups)
        case .group(let number, let inner):
            return run(inner, digits, at, groups) { end, groups in
                var groups = groups
                if number <= groups.count { groups[number - 1] = at..<end }
                return next(end, groups)
            }
        case .end:
            return at == digits.endIndex && next(at, groups)
        }
    }

    private func runSequence(
        _ nodes: ArraySlice<Node>, _ digits: ArraySlice<UInt8>, _ at: Int, _ groups: [Range<Int>?], _ next: (Int, [Range<Int>?]) -> Bool
    ) -> Bool {
        guard let first = nodes.first else { return next(at, groups) }
        return run(first, digits, at, groups) { end, groups in runSequence(nodes.dropFirst(), digits, end, groups, next) }
    }

    private struct Parser {
        let text: [UInt8]
        var position = 0
        var groups = 0

        private var next: UInt8? { position < text.count ? text[position] : nil }

        private mutating func take(_ character: Character) -> Bool {
            guard let next, next == character.asciiValue else { return false }
            position += 1
            return true
        }

        mutating func choice() -> Node? {
            var nodes: [Node] = []
            repeat {
                guard let node = sequence() else { return nil }
                nodes.append(node)
            } while take("|")
            return nodes.count == 1 ? nodes[0] : .choice(nodes)
        }

        private mutating func sequence() -> Node? {
            var nodes: [Node] = []
            while let next, next != UInt8(ascii: "|"), next != UInt8(ascii: ")") {
                guard let node = atom(), let repeated = repetition(of: node) else { return nil }
                nodes.append(repeated)
            }
            return .sequence(nodes)
        }

        private mutating func atom() -> Node? {
            if take("(") {
                let number: Int?
                if take("?") {
                    guard take(":") else { return nil }
                    number = nil
                } else {
                    groups += 1
                    number = groups
                }
                guard let inner = choice(), take(")") else { return nil }
                return number.map { .group($0, inner) } ?? inner
            }
            if take("$") { return .end }
            if take("\\") { return take("d") ? .digit(0b11_1111_1111) : nil }
            if take("[") { return set() }
            guard let digit = digit() else { return nil }
            return .digit(1 << UInt16(digit))
        }

        private mutating func set() -> Node? {
            var bits: UInt16 = 0
            while !take("]") {
                if take("\\") {
                    guard take("d") else { return nil }
                    bits = 0b11_1111_1111
                    continue
                }
                guard let low = digit() else { return nil }
                var high = low
                if take("-") {
                    guard let end = digit() else { return nil }
                    high = end
                }
                for value in low...max(low, high) { bits |= 1 << UInt16(value) }
            }
            return .digit(bits)
        }

        private mutating func repetition(of node: Node) -> Node? {
            if take("?") { return .repeated(node, 0, 1) }
            guard take("{") else { return node }
            guard let low = number() else { return nil }
            var high = low
            if take(",") {
                guard let end = number() else { return nil }
                high = end
            }
            return take("}") ? .repeated(node, low, high) : nil
        }

        private mutating func digit() -> Int? {
            guard let next, (48...57).contains(next) else { return nil }
            position += 1
            return Int(next) - 48
        }

        private mutating func number() -> Int? {
            var value: Int?
            while let digit = digit() { value = (value ?? 0) * 10 + digit }
            return value
        }
    }
}
