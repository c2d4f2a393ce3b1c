import Foundation
import Synchronization
import Testing

@testable import Migration

@Suite struct PersonTests {
    private func arrive(_ s: Scenario, _ phone: String, coexisting: Bool = false) {
        s.meta.state.withLock {
            $0.numbers["22"] = [
                "88": NumberFacts(
                    id: "88", displayNumber: phone, status: "CONNECTED", platformType: "CLOUD_API", isOnBusinessApp: coexisting)
            ]
        }
    }

    @Test(arguments: ["signup", "on_prem", "coexistence"])
    func aNumberThatAPersonMovesWaitsWithAnInstructionAndGoesOnWhenItArrives(route: String) async throws {
        let row = Scenario.Row(ref: "A-1", phone: "+16505550101", route: route, codeAt: 48, cutoverAt: 48)
        try await Scenario.with([row]) { s in
            try await s.drive(48.1)
            let waiting = try await s.number()
            #expect(waiting.state == .awaitingPerson && waiting.needsPerson)
            #expect(waiting.reason?.contains("22") == true)
            arrive(s, "+16505550101", coexisting: route == "coexistence")
            try await s.migrations.connected("A-1", by: "page")
            try await s.drive(49)
            let done = try await s.number()
            #expect(done.state == .done && done.phoneNumberID == "88")
            #expect(s.meta.count("register") == 0 && s.meta.count("request_code") == 0 && s.meta.count("add") == 0)
            #expect(s.gateway.state.withLock { $0.senders.map(\.coexistence) } == [route == "coexistence"])
        }
    }

    @Test func aCoexistenceNumberMustStillBeOnTheBusinessApp() async throws {
        let row = Scenario.Row(ref: "A-1", phone: "+16505550101", route: "coexistence", codeAt: 48, cutoverAt: 48)
        try await Scenario.with([row]) { s in
            try await s.drive(48.1)
            arrive(s, "+16505550101")
            try await s.migrations.connected("A-1", by: "page")
            try await s.drive(48.2)
            #expect(try await s.number().state == .awaitingPerson)
        }
    }

    @Test func aNumberNobodyConnectsInItsWindowIsMissed() async throws {
        let row = Scenario.Row(
            ref: "A-1", phone: "+16505550101", route: "signup", cutoverAt: 60, more: ["cutover_windows": "Daily 11:00-14:00"])
        try await Scenario.with([row]) { s in
            try await s.drive(80)
            let missed = try await s.number()
            #expect(missed.state == .missed && missed.reasonCode == "not_connected_by_person")
            arrive(s, "+16505550101")
            let again = try await s.migrations.retry("A-1", by: "ana")
            #expect(again.cutoverStart == s.hours(83))
            try await s.drive(90)
            #expect(try await s.number().state == .done)
        }
    }

    @Test func aLinkHandsTheCodeOverAndIsUselessOnceTheNumberIsVerified() async throws {
        try await Scenario.with { s in
            try await s.drive(48, codes: false)
            let link = try await s.migrations.codeLink("A-1", by: "ana")
            let token = String(link.url.split(separator: "/").last ?? "")
            #expect(token.count >= 43)
            let request = try await s.migrations.codeRequest(token: token)
            #expect(request.isAwaited && request.maskedNumber.hasSuffix("0101") && !request.maskedNumber.contains("650"))
            try await s.migrations.redeem(token: token, code: "123 830")
            try await s.drive(49, codes: false)
            #expect(try await s.number().state == .verified)
            let error = await #expect(throws: MigrationError.self) { try await s.migrations.redeem(token: token, code: "123830") }
            #expect(error?.code == .linkInvalid)
        }
    }

    @Test func anInventedAnExpiredAndAReplacedLinkAreRefused() async throws {
        try await Scenario.with { s in
            try await s.drive(48, codes: false)
            func token(_ url: String) -> String { String(url.split(separator: "/").last ?? "") }
            let first = token(try await s.migrations.codeLink("A-1", by: "ana").url)
            let second = token(try await s.migrations.codeLink("A-1", by: "ana").url)
            for bad in [first, "", "AAAA", String(second.dropLast())] {
                await #expect(throws: MigrationError.self) { try await s.migrations.codeRequest(token: bad) }
            }
            _ = try await s.migrations.codeRequest(token: second)
            try await s.engine.setClock(s.hours(48 + 24.1))
            await #expect(throws: MigrationError.self) { try await s.migrations.codeRequest(token: second) }
        }
    }

    @Test func twoCodesAtOnceAreNotBothTaken() async throws {
        try await Scenario.with { s in
            try await s.drive(48, codes: false)
            try await s.migrations.provideCode("A-1", code: "123830", by: "ana")
            let error = await #expect(throws: MigrationError.self) { try await s.migrations.provideCode("A-1", code: "111111", by: "eva") }
            #expect(error?.code == .noCodeExpected)
        }
    }
}
