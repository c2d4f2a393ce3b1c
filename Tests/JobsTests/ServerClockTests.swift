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
        #expect(error(at: 0) > .seconds(60))
        hear(1_000_000, asked: 0, heard: 100)
        #expect(error(at: 100) == .milliseconds(50))
        hear(1_191_000, asked: 200, heard: 202)
        #expect(error(at: 202) == .milliseconds(1))
        #expect(clock.instant(1_000_000) == start + .milliseconds(10))
        hear(1_300_000, asked: 300, heard: 500)
        #expect(error(at: 60_000) == .milliseconds(1))
        #expect(error(at: 60_600) > .seconds(60), "what is known becomes old")
        // A little more than it may be: drift.
        hear(1_393_000, asked: 400, heard: 401)
        #expect(error(at: 500) == .milliseconds(1) && clock.instant(1_000_000) == start + .microseconds(8500))
        // Much more: the clock was set, and what was known of it before is worth nothing.
        hear(61_500_000, asked: 600, heard: 640)
        #expect(error(at: 640) == .milliseconds(20) && clock.instant(61_500_000) == start + .milliseconds(620))
    }

    /// Else what a process does first of a lane lies beside what others do of it.
    @Test func theClockIsReadBeforeTheFirstSlot() async throws {
        try await TestDatabase.with { client in
            var slots = SlotReader(windows: LaneWindows())
            #expect(slots.needsClock())
            let before = ContinuousClock.now
            try await JobStore(client: client).readClock(&slots)
            let error = slots.clock.error(at: .now)
            #expect(error <= .now - before && !slots.needsClock())
            #expect(slots.needsClock(.now + .seconds(61)))
        }
    }
}
