import Testing

@testable import Benchmarks

@Suite struct SlidingWindowTests {
    @Test func aWindowMayBeginAnywhere() {
        // Two in every clock second, three in the second that begins at 0.9.
        let times: [Int64] = [100_000, 900_000, 1_200_000, 1_800_000, 2_700_000]
        #expect(SlidingWindow.worst(times, width: 1_000_000) == 3)
        #expect(SlidingWindow.busiest(times, width: 1_000_000)?.start == 900_000)
    }

    @Test func aWindowIsOpenAtItsEnd() {
        #expect(SlidingWindow.worst([0, 1_000_000], width: 1_000_000) == 1)
        #expect(SlidingWindow.worst([0, 999_999], width: 1_000_000) == 2)
    }

    @Test func nothingIsNone() {
        #expect(SlidingWindow.worst([Int64](), width: 1) == 0)
    }

    @Test func itAgreesWithCountingEveryWindow() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let times = (0..<Int.random(in: 1...40, using: &generator)).map { _ in Int64.random(in: 0...60, using: &generator) }.sorted()
            let width = Int64.random(in: 1...20, using: &generator)
            let slow = times.map { start in times.count { $0 >= start && $0 < start + width } }.max() ?? 0
            #expect(SlidingWindow.worst(times, width: width) == slow, "\(times), \(width)")
        }
    }
}

@Suite struct PercentilesTests {
    @Test func ranksAreTheNearest() {
        let spread = Percentiles((1...100).map(Double.init).shuffled())
        #expect(spread.p50 == 50)
        #expect(spread.p90 == 90)
        #expect(spread.p99 == 99)
        #expect(spread.max == 100)
        #expect(spread.count == 100)
    }

    @Test func aRankBetweenTwoIsTheUpper() {
        #expect(Percentiles([1, 2, 3]).p50 == 2)
    }

    @Test func oneValueIsAllOfThem() {
        let spread = Percentiles([7])
        #expect([spread.p50, spread.p90, spread.p99, spread.max] == [7, 7, 7, 7])
    }

    @Test func noValueIsZero() {
        #expect(Percentiles([]).p99 == 0)
    }
}

@Suite struct SinkStatsTests {
    @Test func numbersAreCountedApart() {
        let records = (0..<10).map { SinkRecord(time: $0 * 100_000, number: UInt64($0 % 2 + 1), callback: UInt64($0 + 1)) }
        let stats = SinkStats(records, window: 250_000)
        #expect(stats.count == 10)
        #expect(stats.worstSecond == 5)
        #expect(stats.worstWindow == 2)
        #expect(stats.numbers.map(\.count) == [5, 5])
        #expect(stats.duplicates == 0)
    }

    @Test func repeatsAreCountedOutsideTheBoundsToo() {
        let records = [
            SinkRecord(time: 1, number: 1, callback: 5), SinkRecord(time: 2, number: 1, callback: 0),
            SinkRecord(time: 3, number: 1, callback: 0), SinkRecord(time: 4, number: 2, callback: 5),
        ]
        let stats = SinkStats(records, since: 2, until: 4)
        #expect(stats.count == 2)
        #expect(stats.withoutCallback == 2)
        #expect(stats.duplicates == 1)
    }
}
