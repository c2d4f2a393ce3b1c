import Foundation
import Testing

@testable import Quality

@Suite struct RampTests {
    let settings = RebuildSettings()
    let day = Date(timeIntervalSince1970: 1_800_000_000)

    private func ramp() -> Ramp { Ramp(steps: [20, 30, 45, 65, 100]) }

    @Test func growsAndStaysAtTheLastSize() {
        var ramp = ramp()
        var sizes: [Int] = []
        for _ in 0..<7 {
            sizes.append(ramp.size)
            ramp.take(Verdict(.go, "clean", ""), moment: .after, at: day, settings)
        }
        #expect(sizes == [20, 30, 45, 65, 100, 100, 100])
    }

    @Test func aStayKeepsTheSizeAndAsksForAPersonInTheEnd() {
        var ramp = ramp()
        for _ in 0..<3 {
            #expect(!ramp.needsPerson)
            ramp.take(Verdict(.stay, "under_delivered", "x"), moment: .after, at: day, settings)
        }
        #expect(ramp.size == 20)
        #expect(ramp.needsPerson)
        ramp.take(Verdict(.go, "clean", ""), moment: .after, at: day, settings)
        #expect(!ramp.needsPerson && ramp.size == 30)
    }

    @Test func aHoldHalvesUntilTwoCleanSteps() {
        var ramp = ramp()
        ramp.level = 3
        ramp.take(Verdict(.hold, "quality_yellow", "x"), moment: .during, at: day, settings)
        #expect(ramp.state == .held && ramp.generation == 1 && ramp.size == 32)
        #expect(ramp.holdUntil == day.addingTimeInterval(86_400))
        ramp.take(Verdict(.go, "clean", ""), moment: .before, at: day.addingTimeInterval(86_400), settings)
        #expect(ramp.state == .running && ramp.size == 32)
        ramp.take(Verdict(.go, "clean", ""), moment: .after, at: day, settings)
        #expect(ramp.size == 32)
        ramp.take(Verdict(.go, "clean", ""), moment: .after, at: day, settings)
        #expect(ramp.size == 65)
    }

    @Test func aHoldThatLastsAsksForAPerson() {
        var ramp = ramp()
        for days in 0...3 {
            ramp.take(Verdict(.hold, "quality_yellow", "x"), moment: .before, at: day.addingTimeInterval(Double(days) * 86_400), settings)
            #expect(ramp.needsPerson == (days == 3))
        }
        #expect(ramp.generation == 1)
    }

    @Test func redStepsBackAndOnlyAPersonGoesOn() {
        var ramp = ramp()
        ramp.level = 4
        ramp.take(Verdict(.stop, "quality_red", "x"), moment: .during, at: day, settings)
        #expect(ramp.state == .stopped && ramp.needsPerson && ramp.level == 1)
        ramp.take(Verdict(.go, "clean", ""), moment: .before, at: day, settings)
        #expect(ramp.state == .stopped)
        let goesOn = ramp.resume()
        #expect(goesOn && ramp.state == .running && ramp.reasonCode == nil && ramp.size == 30)
    }

    @Test func whatPeopleMayDo() {
        var ramp = ramp()
        func may(_ change: (inout Ramp) -> Bool) -> Bool { change(&ramp) }
        #expect(!may { $0.resume() })
        #expect(may { $0.pause("lunch") })
        #expect(!may { $0.pause("again") } && ramp.reason == "lunch")
        ramp.take(Verdict(.hold, "quality_yellow", "x"), moment: .during, at: day, settings)
        #expect(ramp.state == .paused)
        #expect(may { $0.stop(byPerson: "enough") })
        #expect(!may { $0.stop(byPerson: "enough") })
        #expect(may { $0.resume() })
        ramp.finish()
        #expect(ramp.state == .done)
        #expect(!may { $0.resume() } && !may { $0.pause("x") } && !may { $0.stop(byPerson: "x") })
    }

    @Test func portionsCoverAStepExactly() {
        var settings = RebuildSettings()
        for (target, spread, expected) in [(1, 600.0, 1), (7, 600, 7), (50, 600, 20), (50, 0, 1), (1_000, 0, 5), (100_000, 600, 500)] {
            settings.spreadMinutes = spread
            #expect(RebuildRun.portions(target: target, settings) == expected)
        }
    }
}
