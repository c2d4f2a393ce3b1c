import TestProcesses
import TestSupport
import Testing

@testable import Jobs

@Suite struct LaneWindowTests {
    private static let start = ContinuousClock.now
    private static let interval: Duration = .microseconds(1010)

    /// When things leave, in microseconds, where the senders' sockets stand still now and then while their slots go on being looked at. Slots
    /// go to the senders in chunks, as a claim takes them.
    /// - Parameters:
    ///   - delay: what the way to the socket always takes, in microseconds.
    ///   - together: all senders stand still at the same times, as on a machine that has too little CPU.
    private static func leaving(senders: Int, delay: Int64 = 0, seed: UInt64, together: Bool = false, isGuarded: Bool = true) -> [Int64] {
        var random = SeededRandom(seed: seed)
        let owners = (0..<990).map { _ in Int.random(in: 0..<senders, using: &random) }
        var left: [Int64] = []
        for sender in 0..<senders {
            if together { random = SeededRandom(seed: seed) }
            let window = LaneWindow()
            // Of 20 s: every five to seven seconds 12 to 60 ms.
            var stalls: [Range<Int64>] = []
            while (stalls.last?.upperBound ?? 0) < 18_000_000 {
                let at = (stalls.last?.upperBound ?? 0) + Int64.random(in: 5_000_000...7_000_000, using: &random)
                stalls.append(at..<at + Int64.random(in: 12_000...60_000, using: &random))
            }
            var underWay: [(number: Int, time: Int64)] = []
            func leave(until now: Int64) {
                for (number, time) in underWay.filter({ $0.time <= now }).sorted(by: { $0.time < $1.time }) {
                    window.tookEffect(Int64(number), slot(number, window), now: start + .microseconds(time))
                    left.append(time)
                }
                underWay.removeAll { $0.time <= now }
            }
            for number in 0..<19_800 where owners[number / 20] == sender {
                let look = Int64(number) * 1010 + Int64.random(in: 0...500, using: &random)
                leave(until: look)
                guard !isGuarded || window.begin(Int64(number), slot(number, window), now: start + .microseconds(look)) else { continue }
                let written = look + delay + Int64.random(in: 200...3000, using: &random)
                underWay.append((number, stalls.first { $0.contains(written) }?.upperBound ?? written))
            }
            leave(until: .max)
        }
        return left.sorted()
    }

    private static func slot(_ number: Int, _ window: LaneWindow) -> Slot {
        Slot(at: start + interval * number, interval: interval, place: .among, window: window)
    }

    private static func worst(_ times: [Int64]) -> Int {
        var (worst, first) = (0, 0)
        for (place, time) in times.enumerated() {
            while time - times[first] >= 1_000_000 { first += 1 }
            worst = max(worst, place - first + 1)
        }
        return worst
    }

    /// A limit of 1,000 a second, of which 990 are dealt out; 980 have to be used.
    @Test(arguments: [1, 2, 4], 0..<3 as Range<UInt64>) func aStallPutsNoMoreIntoASecondThanIsAllowed(senders: Int, seed: UInt64)
        async throws
    {
        for together in [true, false] {
            let (times, unguarded) = try await onAThread {
                (
                    Self.leaving(senders: senders, seed: seed, together: together),
                    Self.leaving(senders: senders, seed: seed, together: together, isGuarded: false)
                )
            }
            #expect(Self.worst(times) <= 1010)
            #expect(times.count >= 19_600)
            #expect(Self.worst(unguarded) > 1010, "the stalls are ones that would do harm")
        }
    }

    /// What is late always and by the same time bunches nothing. It takes some seconds to be known.
    @Test func aDelayThatIsAlwaysThereCostsNoSlots() async throws {
        let (times, undelayed) = try await onAThread {
            (Self.leaving(senders: 2, delay: 10_000, seed: 1), Self.leaving(senders: 2, seed: 1))
        }
        #expect(Self.worst(times) <= 1010)
        func known(_ times: [Int64]) -> Int { times.count { $0 > 8_000_000 } }
        #expect(known(times) >= known(undelayed) - 10)
    }

    /// What ends without an effect leaves its place to another, what hangs does so in time, and nothing is counted for ever.
    @Test func whatEndsWithoutAnEffectLeavesItsPlace() {
        let window = LaneWindow()
        func slot(_ number: Int64) -> Slot {
            Slot(at: Self.start + .milliseconds(number), interval: .milliseconds(1), place: .among, window: window)
        }
        func begin(_ number: Int64) -> Bool { window.begin(number, slot(number), now: Self.start + .milliseconds(number)) }
        func takeEffect(_ number: Int64, at time: Int) { window.tookEffect(number, slot(number), now: Self.start + .milliseconds(time)) }
        #expect(begin(0) && begin(1) && begin(2))
        for number in 0..<3 as Range<Int64> { takeEffect(number, at: 900) }
        #expect(!begin(1030), "of this second only its own slot has come up, and three have gone")
        #expect(begin(1950), "they went in another second")
        #expect(begin(1951) && begin(1952) && window.underWay == 3)
        window.ended(1951)
        window.ended(1951)
        takeEffect(1951, at: 1953)
        #expect(window.underWay == 2, "what has ended has no effect any more")
        // Two hang: their time is over, and they keep nobody from going.
        #expect(begin(3000) && begin(3001))
        // One that is late goes while the whole lane has room for it.
        #expect(window.beginLate(2999, slot(2000), now: Self.start + .milliseconds(3002)))
        for number in 4000..<5000 as Range<Int64> { #expect(window.beginLate(number, slot(2000), now: Self.start + .milliseconds(4100))) }
        #expect(!window.beginLate(5000, slot(2000), now: Self.start + .milliseconds(4100)))
    }

    /// A lone message of a slow database: its slot lies far back, and it goes all the same; but not several of them at once.
    @Test func whatCameUpLongAgoGoesWhereNothingElseHasGone() {
        let window = LaneWindow()
        func begin(_ attempt: Int64, after seconds: Int) -> Bool {
            let slot = Slot(at: Self.start, interval: .milliseconds(50), place: .alone, window: window)
            return window.begin(attempt, slot, now: Self.start + .seconds(seconds))
        }
        #expect(begin(1, after: 5))
        #expect(!begin(2, after: 5))
        #expect(begin(2, after: 7))
    }

    /// However far apart a slow database lets the misses lie; but one of long ago says nothing.
    @Test func aLaneThatMissesAgainAndAgainIsStarving() {
        let state = EngineState()
        func misses(at second: Int) -> Bool { state.isStarving(1, after: .seconds(1), now: Self.start + .seconds(second)) }
        #expect(!misses(at: 0))
        #expect(misses(at: 5) && misses(at: 40))
        #expect(!misses(at: 200) && misses(at: 202))
        state.isServed(1)
        #expect(!misses(at: 203))
    }

    /// The longest time of intents is left for the next ones and fades, but not to less than is usual.
    @Test func theTimeForIntentsFadesToWhatIsUsual() {
        let state = EngineState()
        let range: ClosedRange<Duration> = .milliseconds(15) ... .milliseconds(400)
        func lead(at second: Int) -> Double { state.intentLead(within: range, now: Self.start + .seconds(second)) / .milliseconds(1) }
        func took(_ time: Duration, isPaced: Bool = true, at second: Int) {
            state.intentTook(time, isPaced: isPaced, now: Self.start + .seconds(second))
        }
        took(.milliseconds(200), at: 0)
        #expect(lead(at: 0) == 300 && abs(lead(at: 20) - 150) < 1 && abs(lead(at: 40) - 75) < 1)
        #expect(abs(lead(at: 600) - 18.75) < 0.1, "of one in sixteen")
        // What no slot waits for says what is usual, not what is the longest.
        took(.milliseconds(160), isPaced: false, at: 600)
        #expect(abs(lead(at: 600) - 32.6) < 0.1)
        for _ in 0..<200 { took(.milliseconds(80), isPaced: false, at: 601) }
        #expect(abs(lead(at: 3600) - 120) < 1)
        took(.seconds(5), at: 3600)
        #expect(lead(at: 3600) == 400)
    }

    @Test func windowsThatAreNoLongerNeededAreForgotten() {
        let windows = LaneWindows()
        let first = windows.deal(0, now: Self.start)
        #expect(first === windows.deal(0, now: Self.start))
        #expect(first.begin(1, Self.slot(0, first), now: Self.start))
        for lane in 1..<256 { _ = windows.deal(Int64(lane), now: Self.start) }
        let later = Self.start + .seconds(61)
        _ = windows.deal(1, now: later)
        _ = windows.deal(1000, now: later)
        #expect(windows.count == 3, "what is under way, what was dealt lately, and the new one")
        #expect(first === windows.deal(0, now: later))
    }
}
