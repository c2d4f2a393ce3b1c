extension PhoneNumber {
    /// Valid numbers, of every country code in turn, from one that the seed gives, and at random in its number plan, the same for the same seed. For tests and measurements.
    package static func samples(_ count: Int, seed: UInt64) -> [PhoneNumber] {
        var random = SplitMix(state: seed)
        let metadata = Metadata.shared
        return (0..<count).compactMap { index in
            let code = metadata.codes[(index + Int(seed % UInt64(metadata.codes.count))) % metadata.codes.count]
            guard var digits = metadata.sample(code.validity, &random) else { return nil }
            digits.put(countryCode: code.countryCode)
            return try? NumberParser(metadata: metadata).exact(digits)
        }
    }
}

/// A small generator whose sequence is the same everywhere (Steele, Lea and Flood, 2014).
package struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
