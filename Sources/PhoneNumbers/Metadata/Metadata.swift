/// The number plans of all regions: one automaton over digits and the small tables beside it, made by `generate.py`.
///
/// Patterns, prefixes and leading digits of every region are roots in the same pool of nodes, so matching is one table look-up a digit and
/// needs no memory of its own. 390 kB in all, decoded once and never freed.
struct Metadata: Sendable {
    /// Index of a node; 0 is where no road leads on.
    typealias Node = UInt16

    struct Region: Sendable {
        /// ISO 3166-1 alpha-2 in ASCII; zeros for a country code of no region.
        let first: UInt8, second: UInt8
        let countryCode: UInt16
        /// Prefix automata: dialled before a country code, and before a national number.
        let internationalPrefix: Node, nationalPrefix: Node
        /// Automata over whole numbers: the general pattern, and short codes such as 112.
        let general: Node, shortCode: Node
        /// Bit n: n digits are possible; from outside the region, or inside it only.
        let lengths: UInt32, localLengths: UInt32

        /// ISO 3166-1 alpha-2; nil for a country code of no region.
        var name: String? {
            guard first != 0 else { return nil }
            return String(unsafeUninitializedCapacity: 2) { buffer in
                buffer[0] = first
                buffer[1] = second
                return 2
            }
        }
    }

    struct Code: Sendable {
        let countryCode: UInt16
        /// The main region; those that share the code follow it.
        let firstRegion: UInt16, regionCount: UInt16
        /// Labels are region and type of valid national numbers.
        let validity: Node
        /// Labels are 1 + the place among the regions of the code, told by leading digits; 0 where there is one region.
        let leadingDigits: Node
    }

    struct Label: Sendable {
        let region: UInt16
        let type: PhoneNumberType
    }

    /// What to do with a national prefix: the digits `keep` of the `length` that matched stay, behind `literal`.
    struct PrefixAction: Sendable {
        let length: Int
        /// At most four digits, written after a 1.
        let literal: UInt16
        let keep: Range<Int>
    }

    static let shared = Metadata(metadataTables)
    static let noRegion: UInt16 = 0xFFFF
    private static let fieldsOfNode = 11

    // Tables and not arrays: counting references to an array from two processors at once costs more than reading a number. With arrays two
    // threads together read 0.85 times what one did.
    let regions: Table<Region>
    let codes: Table<Code>
    private let nodes: Table<UInt16>
    private let labels: Table<Label>
    /// Indices of actions, 0 for none: where digits follow, and where none do.
    private let matches: Table<(here: UInt16, atEnd: UInt16)>
    private let actions: Table<PrefixAction>
    /// By country code; 0xFF for none.
    private let codeIndex: Table<UInt8>
    /// By the two letters of a region.
    private let regionIndex: Table<UInt16>

    init(_ base64: StaticString) {
        var reader = WordReader(base64)
        let counts = (0..<6).map { _ in Int(reader.next()) }
        nodes = Table((0..<counts[0] * Self.fieldsOfNode).map { _ in reader.next() })
        regions = Table(
            (0..<counts[1]).map { _ in
                let name = reader.next()
                return Region(
                    first: UInt8(name & 0xFF), second: UInt8(name >> 8), countryCode: reader.next(), internationalPrefix: reader.next(),
                    nationalPrefix: reader.next(), general: reader.next(), shortCode: reader.next(), lengths: reader.nextLong(),
                    localLengths: reader.nextLong())
            })
        codes = Table(
            (0..<counts[2]).map { _ in
                Code(
                    countryCode: reader.next(), firstRegion: reader.next(), regionCount: reader.next(), validity: reader.next(),
                    leadingDigits: reader.next())
            })
        labels = Table((0..<counts[3]).map { _ in Label(region: reader.next(), type: PhoneNumberType(index: reader.next())) })
        matches = Table((0..<counts[4]).map { _ in (reader.next(), reader.next()) })
        actions = Table(
            (0..<counts[5]).map { _ in
                let length = Int(reader.next())
                let literal = reader.next()
                let begin = Int(reader.next())
                return PrefixAction(length: length, literal: literal, keep: begin..<Int(reader.next()))
            })
        var codeIndex = [UInt8](repeating: 0xFF, count: 1000)
        for index in 0..<codes.count { codeIndex[Int(codes[index].countryCode)] = UInt8(index) }
        var regionIndex = [UInt16](repeating: Self.noRegion, count: 26 * 26)
        for index in 0..<regions.count where regions[index].first != 0 {
            regionIndex[Int(regions[index].first - 65) * 26 + Int(regions[index].second - 65)] = UInt16(index)
        }
        self.codeIndex = Table(codeIndex)
        self.regionIndex = Table(regionIndex)
    }

    /// Index of a region, in any case of its two letters; nil for one without numbers of its own.
    func region(_ name: String) -> Int? {
        let letters = name.utf8
        guard letters.count == 2, let first = letters.first, let second = letters.last else { return nil }
        let place = (Int(first & 0xDF) - 65, Int(second & 0xDF) - 65)
        // Only letters survive both: `& 0xDF` also moves some other characters among the capitals.
        guard (0..<26).contains(place.0), (0..<26).contains(place.1), first & 0x40 != 0, second & 0x40 != 0 else { return nil }
        let index = regionIndex[place.0 * 26 + place.1]
        return index == Self.noRegion ? nil : Int(index)
    }

    /// Index of a country code, such as 55; nil for none.
    @inline(__always)
    func code(_ countryCode: Int) -> Int? {
        guard (0..<1000).contains(countryCode) else { return nil }
        let index = codeIndex[countryCode]
        return index == 0xFF ? nil : Int(index)
    }

    /// The country code that digits begin with, and how many digits it has.
    @inline(__always)
    func countryCode(of digits: borrowing Digits) -> (code: Int, length: Int)? {
        var value = 0
        for length in 1...3 where digits.count >= length {
            value = value * 10 + Int(digits[length - 1])
            // No country code begins with a zero.
            if value == 0 { return nil }
            if let code = code(value) { return (code, length) }
        }
        return nil
    }

    /// The label of all digits; 0 for none.
    @inline(__always)
    private func label(_ root: Node, _ digits: borrowing Digits) -> UInt16 {
        var node = root
        for index in 0..<digits.count {
            node = nodes[Int(node) * Self.fieldsOfNode + Int(digits[index])]
            if node == 0 { return 0 }
        }
        return nodes[Int(node) * Self.fieldsOfNode + 10]
    }

    /// Whether all digits match.
    @inline(__always)
    func matches(_ root: Node, _ digits: borrowing Digits) -> Bool { root != 0 && label(root, digits) != 0 }

    /// How many digits an automaton over beginnings takes; 0 for none.
    @inline(__always)
    func prefixLength(_ root: Node, _ digits: borrowing Digits) -> Int {
        guard root != 0 else { return 0 }
        var (node, found) = (root, 0)
        for index in 0..<digits.count {
            node = nodes[Int(node) * Self.fieldsOfNode + Int(digits[index])]
            if node == 0 { break }
            if nodes[Int(node) * Self.fieldsOfNode + 10] != 0 { found = index + 1 }
        }
        return found
    }

    /// The types of the valid numbers that the digits begin with, the shortest first.
    func types(onTheWay code: Code, _ national: borrowing Digits) -> [PhoneNumberType] {
        var (node, types) = (code.validity, [PhoneNumberType]())
        for index in 0..<national.count {
            node = nodes[Int(node) * Self.fieldsOfNode + Int(national[index])]
            if node == 0 { break }
            let label = nodes[Int(node) * Self.fieldsOfNode + 10]
            if label != 0 { types.append(labels[Int(label)].type) }
        }
        return types
    }

    /// Digits on a random road to a label; nil where there is no road.
    func sample(_ root: Node, _ random: inout some RandomNumberGenerator) -> Digits? {
        guard root != 0 else { return nil }
        var node = root
        var digits = Digits()
        while true {
            let base = Int(node) * Self.fieldsOfNode
            let roads = (0..<10).filter { nodes[base + $0] != 0 }
            // Every road leads to a label, since what leads to none is not in the pool.
            guard let digit = roads.randomElement(using: &random), nodes[base + 10] == 0 || Bool.random(using: &random) else {
                return digits
            }
            _ = digits.append(UInt8(digit))
            node = nodes[base + digit]
        }
    }

    /// What a region's national prefix asks for; nil where there is none, or it takes nothing.
    @inline(__always)
    func prefixAction(_ root: Node, _ digits: borrowing Digits) -> PrefixAction? {
        guard root != 0 else { return nil }
        var (node, found) = (root, 0)
        for index in 0..<digits.count {
            node = nodes[Int(node) * Self.fieldsOfNode + Int(digits[index])]
            if node == 0 { break }
            let label = nodes[Int(node) * Self.fieldsOfNode + 10]
            guard label != 0 else { continue }
            let match = matches[Int(label)]
            let action = index + 1 == digits.count ? match.atEnd : match.here
            if action != 0 { found = Int(action) }
        }
        return found == 0 ? nil : actions[found]
    }

    /// Region and type of a national number, region `noRegion` and type `unknown` where it has none.
    ///
    /// A number that is not valid still has a region where its code has only one, or where its leading digits tell.
    @inline(__always)
    func classify(_ code: Code, _ national: borrowing Digits) -> Label {
        let label = label(code.validity, national)
        if label != 0 { return labels[Int(label)] }
        if code.regionCount == 1 { return Label(region: code.firstRegion, type: .unknown) }
        var (node, found) = (code.leadingDigits, UInt16(0))
        for index in 0..<national.count {
            node = nodes[Int(node) * Self.fieldsOfNode + Int(national[index])]
            if node == 0 { break }
            let place = nodes[Int(node) * Self.fieldsOfNode + 10]
            if place != 0 { found = place }
        }
        return Label(region: found == 0 ? Self.noRegion : code.firstRegion + found - 1, type: .unknown)
    }
}

/// Values that live as long as the process, and cost nothing to pass on.
struct Table<Element: Sendable>: @unchecked Sendable {
    // Immutable once made, and never freed: made for `Metadata.shared` alone.
    private let base: UnsafePointer<Element>
    let count: Int

    init(_ values: [Element]) {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, values.count))
        memory.initialize(from: values, count: values.count)
        base = UnsafePointer(memory)
        count = values.count
    }

    @inline(__always)
    subscript(index: Int) -> Element {
        assert(index >= 0 && index < count)
        return base[index]
    }
}

/// Reads little-endian words of 16 bits from base64.
private struct WordReader {
    private var text: UnsafeBufferPointer<UInt8>.Iterator
    private var bits: UInt32 = 0
    private var held = 0

    init(_ base64: StaticString) {
        text = UnsafeBufferPointer(start: base64.utf8Start, count: base64.utf8CodeUnitCount).makeIterator()
    }

    private mutating func byte() -> UInt16 {
        while held < 8 {
            let value: UInt8
            switch text.next() {
            case .some(let c) where (65...90).contains(c): value = c - 65
            case .some(let c) where (97...122).contains(c): value = c - 71
            case .some(let c) where (48...57).contains(c): value = c + 4
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: preconditionFailure("the number plans are cut short; run make phone-metadata")
            }
            bits = bits << 6 | UInt32(value)
            held += 6
        }
        held -= 8
        return UInt16(bits >> UInt32(held) & 0xFF)
    }

    mutating func next() -> UInt16 {
        let low = byte()
        return byte() << 8 | low
    }

    mutating func nextLong() -> UInt32 {
        let low = UInt32(next())
        return UInt32(next()) << 16 | low
    }
}
