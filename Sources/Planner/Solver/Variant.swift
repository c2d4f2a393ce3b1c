/// One way of building a plan; many are tried, each a change of the best so far.
struct Variant {
    /// Share of a deadline's distance that counts as if it were time until the start.
    var deadlinePull = 0.5
    /// Seconds of head start for each point of weight.
    var weightPull = 6 * 3600.0
    /// Seconds of head start for a row that opens its client.
    var openingPull = 0.0
    /// The same for each point of weight that its client's rows have: where new clients are few each week, those with most to place go first.
    var openingWeightPull = 0.0
    /// How many clients open before any other does, for each that may open within the horizon; and how much of a client's weight may be chance when
    /// they are chosen.
    var openings = Double.infinity
    var openingNoise = 0.0
    var openingSeed: UInt64 = 0
    /// Random seconds added to a row's rank, at most, and where they come from.
    var jitter = 0
    var jitterSeed: UInt64 = 0
    /// Seconds of head start that a row has earned by being late or left out before.
    var boost: [Int: Int] = [:]
    /// Seconds after a wave's first cut-over in which it takes further rows, for waves 1, 2, …; the last one repeats.
    var spans = [Int](repeating: 7 * 86_400, count: 10)
    /// Seconds for which a wave waits for a row that must be in it.
    var patience = Int.max
    var earlyCodes = false
    /// Leave rows for the waves that a pin needs to exist.
    var reserveForPins = true
    /// Keep what the previous plan says wherever the rules allow it.
    var keep = false

    private static let openingWeightPulls = [0, 0, 7200, 43_200, 172_800.0]
    private static let openings = [0.9, 1, 1.1, 0.8, 1.25, .infinity]
    private static let choices = [0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 7, 8, 10, 14]

    func span(_ wave: Int) -> Int { spans[min(max(1, wave), spans.count) - 1] }

    /// The first tries: far apart from each other.
    /// - Parameter isCrowded: the best plan leaves out what would fit alone.
    static func opening(_ number: Int, replanning: Bool, isCrowded: Bool, generator: inout SplitMix) -> Variant {
        var variant = Variant()
        variant.keep = replanning && number % 2 == 0
        if replanning && number < 2 { return variant }
        switch number {
        case 0: break
        case 1: (variant.spans, variant.patience, variant.earlyCodes) = ([Int](repeating: 3 * 86_400, count: 10), 21 * 86_400, true)
        case 2: (variant.deadlinePull, variant.openingPull) = (1, 3 * 86_400)
        case 3 where isCrowded:
            (variant.openings, variant.openingPull, variant.spans) = (1, 30 * 86_400, [Int](repeating: 2 * 86_400, count: 10))
        case 4 where isCrowded:
            (variant.openings, variant.openingPull, variant.spans) = (1, 30 * 86_400, [Int](repeating: 4 * 86_400, count: 10))
        default:
            variant.deadlinePull = Double(generator.next(5)) * 0.4
            variant.weightPull = Double(generator.next(5)) * 6 * 3600
            variant.openingPull = Double(generator.next(4)) * 86_400
            if isCrowded {
                variant.openings = openings[generator.next(3)]
                variant.openingPull *= 10
            }
            (variant.jitter, variant.jitterSeed) = (generator.next(4) * 43_200, generator.next())
            variant.spans = [Int](repeating: Int(choices[generator.next(choices.count)] * 86_400), count: 10)
            variant.patience = [Int.max, 21 * 86_400, 14 * 86_400][generator.next(3)]
            variant.earlyCodes = generator.next(2) == 1
            variant.reserveForPins = generator.next(4) != 0
        }
        return variant
    }

    private mutating func chooseOpenings(_ generator: inout SplitMix) {
        switch generator.next(3) {
        case 0: openingWeightPull = Self.openingWeightPulls[generator.next(Self.openingWeightPulls.count)]
        case 1: openings = Self.openings[generator.next(Self.openings.count)]
        default: (openingNoise, openingSeed) = (Double(generator.next(5)) * 0.1, generator.next())
        }
    }

    /// A neighbour: the rows of `troubled` come a little earlier, and one or two of the choices are made anew.
    func changed(troubled: [Int], isCrowded: Bool, generator: inout SplitMix) -> Variant {
        var next = self
        if isCrowded, generator.next(3) == 0 { next.chooseOpenings(&generator) }
        for row in troubled where generator.next(2) == 0 { next.boost[row, default: 0] += (1 + generator.next(8)) * 43_200 }
        for _ in 0...generator.next(2) {
            switch generator.next(9) {
            case 0: next.deadlinePull = Double(generator.next(9)) * 0.25
            case 1: next.weightPull = Double(generator.next(8)) * 4 * 3600
            case 2: next.openingPull = Double(generator.next(5) - 1) * 86_400
            case 3: (next.jitter, next.jitterSeed) = (generator.next(5) * 21_600, generator.next())
            case 4: next.earlyCodes.toggle()
            case 5: next.patience = [Int.max, Int.max, 21 * 86_400, 14 * 86_400][generator.next(4)]
            default: next.spans[generator.next(next.spans.count)] = Int(Self.choices[generator.next(Self.choices.count)] * 86_400)
            }
        }
        return next
    }
}

/// SplitMix64: small, seeded, the same everywhere.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0 to `limit` − 1.
    mutating func next(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
