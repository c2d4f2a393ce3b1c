import Testing

@testable import Jobs

@Suite struct LaneYieldTests {
    /// Until something is known, and after a claim that found nothing, all lanes are asked for.
    @Test func nothingKnownAsksForAll() {
        var yield = LaneYield()
        #expect(yield.lanes(for: 10, atMost: 64) == 64)
        yield.claimed(128, in: 1, asked: 64, room: 128)
        #expect(yield.lanes(for: 128, atMost: 64) == 3)
        yield.claimed(0, in: 0, asked: 3, room: 128)
        #expect(yield.lanes(for: 128, atMost: 64) == 64)
    }

    @Test func longQueuesNeedFewLanesAndShortOnesMany() {
        var yield = LaneYield()
        yield.claimed(150, in: 3, asked: 64, room: 150)
        #expect(yield.lanes(for: 150, atMost: 64) == 5)
        #expect(yield.lanes(for: 500, atMost: 64) == 12)
        yield.claimed(64, in: 64, asked: 64, room: 500)
        #expect(yield.lanes(for: 500, atMost: 64) == 64)
    }

    /// However badly it starts, a few claims see as many lanes as they need: each that is not full asks for more.
    @Test(arguments: [1, 2, 7, 64]) func aClaimThatIsNotFullAsksForMore(perLane: Int) {
        var yield = LaneYield()
        yield.claimed(1000, in: 1, asked: 1, room: 1000)
        let room = 256
        var asked: [Int] = []
        for _ in 0..<5 {
            let lanes = yield.lanes(for: room, atMost: 1000)
            asked.append(lanes)
            let found = min(room, lanes * perLane)
            yield.claimed(found, in: (found + perLane - 1) / perLane, asked: lanes, room: room)
        }
        #expect((asked.last ?? 0) * perLane >= room, "\(asked)")
    }
}
