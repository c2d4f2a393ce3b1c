import Postgres
import TestSupport
import Testing

@testable import Jobs

@Suite struct ServerClockTests {
    /// The server reads its clock somewhere between asking and hearing: a quick answer says more than a slow one, and none is forgotten.
    @Test func theQuickestAnswerSaysWhatTimeItIs() {
        var clock = ServerClock()
        let start = ContinuousClock.now
        func hear(_ time: Int64, asked: Int, heard: Int) {
            clock.heard(time, asked: start + .milliseconds(asked), heard: start + .milliseconds(heard))
        }
        func error(at time: Int) -> Duration { clock.error(at: start + .milliseconds(time)) }
        /// Where the server's first second stands, in milliseconds.
        func first() -> Double { (clock.instant(1_000_000) - start) / .milliseconds(1) }
        #expect(error(at: 0) > .seconds(60))
        hear(1_000_000, asked: 0, heard: 100)
        #expect(error(at: 100) == .milliseconds(50))
        hear(1_191_000, asked: 200, heard: 202)
        #expect(error(at: 202) == .milliseconds(1) && first() == 10)
        hear(1_300_000, asked: 300, heard: 500)
        #expect(error(at: 500) == .milliseconds(1) && first() == 10)
        // Those of another second count with them.
        hear(4_000_000, asked: 3000, heard: 3011)
        #expect(error(at: 3011) == .milliseconds(1) && first() == 10)
        // A minute after the first answer of a second that second is too old.
        #expect(error(at: 60_100) == .milliseconds(1))
        #expect(error(at: 60_200) == .microseconds(5500) && error(at: 63_100) > .seconds(60))
        hear(60_200_000, asked: 59_100, heard: 59_300)
        hear(61_150_000, asked: 60_156, heard: 60_200)
        #expect(error(at: 60_200) == .microseconds(2500) && first() == 8.5)
    }

    /// Where one clock drifts, or was set, what was known longest is worth least.
    @Test func whatIsContradictedIsDropped() {
        let start = ContinuousClock.now
        var clock = ServerClock()
        func hear(_ time: Int64, at heard: Int) {
            clock.heard(time, asked: start + .milliseconds(heard - 2), heard: start + .milliseconds(heard))
        }
        func first() -> Double { (clock.instant(1_000_000) - start) / .milliseconds(1) }
        hear(1_001_000, at: 2)
        hear(11_000_000, at: 10_001)
        #expect(first() == 0 && clock.error(at: start + .seconds(11)) == .milliseconds(1))
        hear(20_999_000, at: 20_001)
        #expect(first() == 0.5, "all three agree")
        hear(30_997_500, at: 30_001)
        #expect(first() == 1.75 && clock.since == start + .milliseconds(20_001), "the first two do not agree")
        // Set: nothing from before counts, and it has to be read again, however lately it was.
        var slots = SlotReader(windows: LaneWindows())
        slots.lastRead = start + .seconds(31)
        slots.clock = clock
        let now = start + .seconds(32)
        #expect(!slots.needsClock(now))
        slots.clock.heard(99_000_000, asked: now - .milliseconds(40), heard: now)
        #expect(slots.clock.since == now && slots.clock.error(at: now) == .milliseconds(20) && slots.needsClock(now))
        slots.lastRead = now
        #expect(!slots.needsClock(now + .seconds(9)) && slots.needsClock(now + .seconds(11)), "not again and again")
    }

    /// Else what a process does first of a lane lies beside what others do of it.
    @Test func theClockIsReadBeforeTheFirstSlot() async throws {
        try await TestDatabase.with { client in
            var slots = SlotReader(windows: LaneWindows())
            #expect(slots.needsClock())
            try await JobStore(client: client).readClock(&slots)
            #expect(!slots.needsClock() && slots.lastRead != nil)
            // Nothing of it counts then.
            #expect(slots.needsClock(.now + .seconds(61)))
            let (before, time, after) = (
                ContinuousClock.now, try await client.query("SELECT jobs.now_us()").decodeFirst(Int64.self), ContinuousClock.now
            )
            let error = slots.clock.error(at: .now)
            let instant = slots.clock.instant(try #require(time))
            #expect((before - error...after + error).contains(instant))
        }
    }
}
