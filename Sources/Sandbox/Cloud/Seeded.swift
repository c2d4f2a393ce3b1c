/// What looks like chance, but follows from the seed and the names of things: the same run gives the same world.
enum Seeded {
    static func hash(_ seed: UInt64, _ parts: [String]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
        for part in parts {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01B3
        }
        // The finish of SplitMix64: the low bits of the hash above are poor.
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }

    /// At least 0, below 1.
    static func unit(_ seed: UInt64, _ parts: String...) -> Double { Double(hash(seed, parts) >> 11) / Double(1 << 53) }

    /// An id of 15 digits that begins with `prefix` and does not depend on the seed, so that files can name it.
    static func id(_ parts: String..., prefix: Int) -> String { String(prefix) + padded(hash(0, parts) % 100_000_000_000_000, 14) }

    static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
