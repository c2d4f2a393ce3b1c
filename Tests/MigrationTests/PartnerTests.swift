import Foundation
import Postgres
import Synchronization
import Templates
import Testing

@testable import Migration

@Suite struct PartnerTests {
    @Test func aNumberMovesFromArmedToDone() async throws {
        try await Scenario.with { s in
            try await s.drive(80)
            let number = try await s.number()
            #expect(number.state == .done)
            #expect(s.meta.count("register") == 1)
            #expect(s.meta.count("request_code") == 1)
            #expect(s.meta.state.withLock { $0.subscribed } == ["22"])
            #expect(s.meta.state.withLock { $0.identityCheck } == [number.phoneNumberID ?? ""])
            #expect(s.gateway.state.withLock { $0.senders.map(\.e164) } == ["+16505550101"])
            let message = try #require(s.gateway.state.withLock { $0.messages.values.first })
            #expect(message.to == "+16505550199")
            #expect(message.body.contains(#""name":"order_update""#) && message.body.contains("Ana"))
            #expect(try #require(number.registeredAt) >= s.hours(60))
            #expect(try #require(number.verifiedAt) >= s.hours(48) && number.verifiedAt! < s.hours(49))
            let exported = String(decoding: try await s.migrations.plans.export(1), as: UTF8.self)
            #expect(exported.components(separatedBy: #""state":"done""#).count == 4)
        }
    }

    @Test func theCodeAndThePINAreNeverStoredAsTheyAre() async throws {
        try await Scenario.with { s in
            try await s.drive(80)
            let pin = try #require(s.meta.state.withLock { $0.pins.values.first?.first })
            #expect(pin.count == 6 && pin.allSatisfy(\.isNumber))
            for (id, run) in s.engine.state.withLock({ $0.runs }) {
                for (name, data) in run.checkpoints {
                    let text = String(decoding: data, as: UTF8.self)
                    #expect(!text.contains(pin) && !text.contains("123830"), "checkpoint \(name) of \(id)")
                }
            }
            let row = try await s.client.query("SELECT n::text FROM migration.number n").decode(String.self)
            let story = try await s.client.query("SELECT s::text FROM migration.story s").decode(String.self)
            for text in row + story { #expect(!text.contains(pin) && !text.contains("123830") && !text.contains("123-830")) }
            let left = try await s.client.query("SELECT count(*) FROM migration.number WHERE code_sealed IS NOT NULL").decodeFirst(
                Int64.self)
            #expect(left == 0)
        }
    }

    @Test(arguments: [
        "two_step_on", "name_not_approved", "name_change_pending", "on_business_app", "on_premises", "test_number", "number_not_connected",
        "number_not_found", "source_not_approved", "source_not_verified", "destination_not_approved", "destination_not_verified",
        "destination_not_funded", "different_business",
    ])
    func aPreconditionThatDoesNotHoldBlocksTheNumberUntilItDoes(code: String) async throws {
        try await Scenario.with { s in
            s.breakPrecondition(code)
            try await s.drive(40)
            let blocked = try await s.number()
            #expect(blocked.state == .blocked && blocked.needsPerson)
            #expect(try await s.migrations.show("A-1").findings.map(\.code).contains(code))
            #expect(s.meta.count("add") == 0)
            s.mendPreconditions()
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(80)
            #expect(try await s.number().state == .done)
        }
    }

    @Test func aPreconditionThatStillDoesNotHoldWhenTheCodeIsDueStopsTheNumberWithoutTouchingIt() async throws {
        try await Scenario.with { s in
            s.breakPrecondition("two_step_on")
            try await s.drive(80)
            let number = try await s.number()
            #expect(number.state == .missed && number.reasonCode == "two_step_on")
            #expect(s.meta.count("add") == 0 && s.meta.count("register") == 0)
            #expect(try await s.migrations.freezes().isEmpty)
        }
    }

    @Test func aWrongCodeIsAskedForAgainWithoutAnotherMessage() async throws {
        try await Scenario.with { s in
            try await s.drive(48, codes: false)
            try await s.migrations.provideCode("A-1", code: "000000", by: "ana")
            try await s.drive(48, codes: false)
            let number = try await s.number()
            #expect(number.state == .awaitingCode && number.reason?.contains("did not accept") == true)
            try await s.drive(80)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("request_code") == 1)
            #expect(s.meta.count("verify_code") == 2)
        }
    }

    @Test func aCodeThatIsNotHandedOverIsAskedForAgainAndThenTheTimeIsMissed() async throws {
        try await Scenario.with { s in
            try await s.drive(80, codes: false)
            let number = try await s.number()
            #expect(number.state == .missed && number.reasonCode == "code_missing")
            #expect(s.meta.count("request_code") == 3)
            #expect(s.meta.count("register") == 0)
            try await s.migrations.retry("A-1", by: "ana")
            try await s.drive(200)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("add") == 1)
        }
    }

    @Test(arguments: ["", "12345", "1234567", "12a456", "１２３４５６"])
    func whatIsNoCodeIsRefused(code: String) async throws {
        try await Scenario.with { s in
            try await s.drive(48, codes: false)
            await #expect(throws: MigrationError.self) { try await s.migrations.provideCode("A-1", code: code, by: "ana") }
            #expect(s.meta.count("verify_code") == 0)
        }
    }

    @Test func aCodeNobodyWaitsForIsRefused() async throws {
        try await Scenario.with { s in
            let error = await #expect(throws: MigrationError.self) { try await s.migrations.provideCode("A-1", code: "123830", by: "ana") }
            #expect(error?.code == .noCodeExpected)
        }
    }

    @Test func anAlreadyVerifiedNumberNeedsNoCode() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock {
                $0.troubles["request_code"] = [GraphTrouble(.person, code: 136_024, message: "already verified")]
            }
            try await s.drive(80, codes: false)
            #expect(try await s.number().state == .done)
            #expect(s.meta.count("verify_code") == 0)
        }
    }

    @Test func aNumberThatIsInTheDestinationAlreadyIsTakenAsItIs() async throws {
        try await Scenario.with { s in
            s.meta.state.withLock {
                $0.numbers["22"] = [
                    "77": NumberFacts(id: "77", displayNumber: "+1 650-555-0101", status: "PENDING", platformType: "NOT_APPLICABLE")
                ]
            }
            try await s.drive(80)
            #expect(try await s.number().phoneNumberID == "77")
            #expect(s.meta.count("add") == 0)
        }
    }

    @Test func troubleThatPassesIsWaitedOut() async throws {
        try await Scenario.with { s in
            let away = GraphTrouble(.retry, message: "connection refused")
            let busy = GraphTrouble(.wait, code: 80_007, message: "rate limit", waitSeconds: 60)
            s.meta.state.withLock {
                for call in ["waba", "numbers", "add", "request_code", "subscribed", "settings", "templates"] {
                    $0.troubles[call] = [away, busy]
                }
            }
            try await s.drive(80)
            #expect(try await s.number().state == .done)
        }
    }
}

extension Scenario {
    func breakPrecondition(_ code: String) {
        meta.state.withLock { state in
            guard var number = state.numbers["11"]?["50"], var source = state.wabas["11"], var destination = state.wabas["22"] else {
                return
            }
            switch code {
            case "two_step_on": number.isPINEnabled = true
            case "name_not_approved": number.nameStatus = "PENDING_REVIEW"
            case "name_change_pending": number.newNameStatus = "PENDING_REVIEW"
            case "on_business_app": number.isOnBusinessApp = true
            case "on_premises": number.platformType = "ON_PREMISE"
            case "test_number": number.accountMode = "SANDBOX"
            case "number_not_connected": number.status = "BANNED"
            case "number_not_found": number.digits = "1"
            case "source_not_approved": source.accountReview = "REJECTED"
            case "source_not_verified": source.businessVerification = "not_verified"
            case "destination_not_approved": destination.accountReview = "PENDING"
            case "destination_not_verified": destination.businessVerification = "pending"
            case "destination_not_funded": destination.fundingID = nil
            case "different_business": destination.ownerBusiness = "b2"
            default: Issue.record("no such precondition: \(code)")
            }
            state.numbers["11"]?["50"] = number
            state.wabas["11"] = source
            state.wabas["22"] = destination
        }
    }

    func mendPreconditions() {
        meta.state.withLock { state in
            for waba in ["11", "22"] {
                state.wabas[waba] = WABAFacts(
                    id: waba, accountReview: "approved", businessVerification: "VERIFIED", ownerBusiness: "b1", fundingID: "f1")
            }
            state.numbers["11"]?["50"] = NumberFacts(
                id: "50", displayNumber: "16505550101", status: "CONNECTED", nameStatus: "APPROVED", platformType: "CLOUD_API")
        }
    }
}
