import Foundation
import Testing

@testable import Sandbox

@Suite struct SendingTests {
    @Test func anAcceptedMessageIsAnsweredLikeMetas() async throws {
        try await Rig.with { (rig) async throws in
            let answer = try await rig.text(to: "+57 (300) 123-4567")
            #expect(answer.status == 200)
            #expect(answer.json["contacts"]?.elements?.first?["wa_id"] == "573001234567")
            #expect(answer.json["contacts"]?.elements?.first?["input"] == "+57 (300) 123-4567")
            #expect(answer.json["messages"]?.elements?.first?["id"]?.string?.hasPrefix("wamid.") == true)
        }
    }

    @Test(arguments: [
        ("5531987654321", "553187654321"), ("5511987654321", "5511987654321"), ("525512345678", "5215512345678"),
        ("541112345678", "5491112345678"), ("16505551234", "16505551234"),
    ])
    func waIDsFollowTheNationalQuirks(digits: String, waID: String) { #expect(WaID.of(digits) == waID) }

    @Test func badMessagesGetTheDocumentedCodes() async throws {
        try await Rig.with { (rig) async throws in
            #expect(try await rig.text(to: "12").code == 131009)
            #expect(try await rig.text(to: "+16505550001").code == 131021)
            #expect(try await rig.text(["text": ["body": .string(String(repeating: "x", count: 4_097))]]).code == 100)
            #expect(try await rig.text(["biz_opaque_callback_data": .string(String(repeating: "x", count: 513))]).code == 100)
            #expect(try await rig.text(["recipient_type": "group"]).code == 131009)
            #expect(try await rig.text(["type": "fax"]).code == 131051)
            #expect(try await rig.template("missing").code == 132001)
            #expect(try await rig.template("asleep").code == 132015)
            #expect(try await rig.template("hello").code == 132000)
            #expect(try await rig.template("hello", parameters: ["a", "b"]).code == 132000)
            #expect(try await rig.template("hello", parameters: ["Ana"]).status == 200)
            #expect(
                try await rig.post("/555001/messages", ["messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"]).json
                    == ["success": true])
            #expect(try await rig.control("/state")["messages"]?["accepted"] == 1)
        }
    }

    @Test func aSecondHoldsOnlySoManyMessages() {
        var window = SlidingWindow(limit: 20)
        let accepted = (0..<50).filter { window.take(Int64($0) * 1_000) }
        #expect(accepted.count == 20)
        #expect(window.worstExcess == 30)
        let later = [999_999, 1_000_000, 1_000_000].map { window.take($0) }
        #expect(later == [false, true, false])
    }

    @Test func theLogNeverShowsMoreThanTheLimitInAnySecond() async throws {
        var scenario = Rig.simple
        scenario.numbers[0].onBusinessApp = true
        try await Rig.with(scenario) { (rig) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<120 {
                    group.addTask {
                        let answer = try await rig.template("plain", to: "+5730000\(10_000 + index)")
                        #expect(answer.status == 200 || answer.code == 130429)
                    }
                }
                try await group.waitForAll()
            }
            let requests = try await rig.control("/requests")["requests"]?.elements ?? []
            #expect(requests.count == 120)
            let accepted = requests.filter { $0["status"] == 200 }.compactMap { $0["at_us"]?.integer }
            for (index, at) in accepted.enumerated() where index >= 20 { #expect(at - accepted[index - 20] >= 1_000_000) }
            let refused = requests.count { $0["error_code"] == 130429 }
            #expect(refused + accepted.count == 120)
            #expect(try await rig.control("/state")["limits_exceeded"]?["throughput"]?["refusals"]?.integer == refused)
        }
    }

    @Test func onePersonGetsABurstOfFortyFiveAndThenOneInSixSeconds() async throws {
        var pair = PairLimit()
        let burst = (0..<50).count { pair.take(Int64($0) * 1_000) }
        #expect(burst == 45)
        let later = [5_900_000, 6_100_000, 6_200_000].map { pair.take($0) }
        #expect(later == [false, true, false])
        try await Rig.with { (rig) async throws in
            var codes: [Int?] = []
            for _ in 0..<60 { codes.append(try await rig.text().code) }
            #expect(codes.prefix(45).allSatisfy { $0 == nil })
            #expect(codes.contains(131056))
            #expect(try await rig.text(to: "+573009999999").status == 200)
        }
    }

    @Test func acceptingTheSameCallbackDataTwiceIsSeen() async throws {
        try await Rig.with { (rig) async throws in
            for data in ["relevo:1", "relevo:2", "relevo:1"] { _ = try await rig.text(["biz_opaque_callback_data": .string(data)]) }
            let duplicates = try await rig.control("/state")["duplicates"]
            #expect(duplicates?["messages"] == 1)
            #expect(duplicates?["callback_data"] == ["relevo:1"])
        }
    }
}
