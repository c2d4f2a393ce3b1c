import Foundation
import TestSupport
import Testing

@testable import Recipients

@Suite(.database) struct OptOutTests {
    let scene = Scene()

    private func change(_ active: Bool, at seconds: Double, scope: OptOutScope = .marketing, waID: String? = "16315551234")
        -> OptOuts.Change
    {
        .init(phoneNumberID: scene.sender, waID: waID, scope: scope, active: active, source: "user_preferences", at: Scene.time(seconds))
    }

    @Test func theNewerWordWinsWhateverTheOrder() async throws {
        #expect(try await OptOuts.record([change(true, at: 10)], on: scene.db) == 1)
        #expect(try await scene.state()?.optOut == .marketing)
        #expect(try await OptOuts.record([change(false, at: 20), change(true, at: 15)], on: scene.db) == 1)
        #expect(try await scene.state()?.optOut == nil)
        #expect(try await OptOuts.record([change(false, at: 20)], on: scene.db) == 0)
        #expect(try await scene.events() == ["opted_out", "opted_in"])
    }

    @Test func stoppingEverythingIsWiderThanStoppingMarketing() async throws {
        _ = try await OptOuts.record([change(true, at: 1), change(true, at: 1, scope: .all)], on: scene.db)
        #expect(try await scene.state()?.optOut == .all)
        _ = try await OptOuts.record([change(false, at: 2, scope: .all)], on: scene.db)
        #expect(try await scene.state()?.optOut == .marketing)
    }

    @Test func changesThatNameNobodyAreLeftOut() async throws {
        #expect(try await OptOuts.record([change(true, at: 1, waID: nil), change(true, at: 1, waID: "1\u{0}")], on: scene.db) == 0)
    }
}
