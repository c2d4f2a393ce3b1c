/// The spread of a set of measurements, by the nearest rank.
package struct Percentiles: Codable, Sendable, Equatable {
    package var count: Int
    package var p50: Double
    package var p90: Double
    package var p99: Double
    package var max: Double

    /// Of no values all are 0.
    package init(_ values: [Double]) {
        let sorted = values.sorted()
        count = sorted.count
        p50 = Self.rank(0.50, sorted)
        p90 = Self.rank(0.90, sorted)
        p99 = Self.rank(0.99, sorted)
        max = sorted.last ?? 0
    }

    /// The smallest value that at least this share of all values do not exceed.
    private static func rank(_ share: Double, _ sorted: [Double]) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let place = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[Swift.min(Swift.max(place, 1), sorted.count) - 1]
    }
}
