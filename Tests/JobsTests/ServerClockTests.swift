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
        #expect(clock.error > .seconds(60))
        hear(1_000_000, asked: 0, heard: 100)
        #expect(clock.error == .milliseconds(50))
        hear(1_191_000, asked: 200, heard: 202)
        #expect(clock.error == .milliseconds(1))
        #expect(clock.instant(1_000_000) == start + .milliseconds(10))
        hear(1_300_000, asked: 300, heard: 500)
        #expect(clock.error == .milliseconds(1))
        // A little more than it may be: drift. Much more: the clock was set, and what was known of it before is worth nothing.
        hear(1_392_000, asked: 400, heard: 401)
        #expect(clock.error < .milliseconds(1) && abs((clock.instant(1_000_000) - start) / .milliseconds(1) - 9) < 1)
        hear(61_500_000, asked: 600, heard: 640)
        #expect(clock.error == .milliseconds(20))
        #expect(clock.instant(61_500_000) == start + .milliseconds(620))
    }

    /// Else what a process does first of a lane lies beside what others do of it.
    @Test func theClockIsReadBeforeTheFirstSlot() async throws {
        try await TestDatabase.with { client in
            var slots = SlotReader(windows: LaneWindows())
            #expect(slots.needsClock)
            try await JobStore(client: client).readClock(&slots)
            #expect(!slots.needsClock && slots.clock.error < .seconds(60))
        }
    }
}
