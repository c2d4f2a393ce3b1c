import Foundation
import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct ControlTests {
    @Test func theRequestLogTellsEverythingButSecrets() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "sandbox-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: file) }
        try await Rig.with(logFile: file.path, kept: 2) { (rig) async throws in
            _ = try await rig.text(["biz_opaque_callback_data": "relevo:a", "recipient_identity_key_hash": "x="])
            _ = try await rig.call(.GET, "/v25.0/debug_token?input_token=t-secret-2&access_token=t-secret-1")
            _ = try await rig.post("/555001/register", ["messaging_product": "whatsapp", "pin": "918273"])
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 3)
            let first = try JSON(parsing: Array(lines[0].utf8))
            #expect(first["seq"] == 1)
            #expect(first["kind"] == "message")
            #expect(first["callback_data"] == "relevo:a")
            #expect(first["to"] == "+573001234567")
            #expect(first["hash"] == true)
            #expect(first["identity_hash"] == "x=")
            #expect(first["status"] == 200)
            #expect(first["phone_number_id"] == "555001")
            #expect((first["at_us"]?.integer ?? 0) > 0)
            #expect(!lines.contains { $0.contains("t-secret") || $0.contains("918273") })
            let kept = try await rig.control("/requests")
            #expect(kept["dropped"] == 1)
            #expect(kept["requests"]?.elements?.compactMap { $0["seq"]?.integer } == [2, 3])
            let later = try await rig.control("/requests?since=2")
            #expect(later["requests"]?.elements?.count == 1)
            #expect(later["next"] == 3)
            #expect(try await rig.control("/requests?since=3")["requests"] == [])
        }
    }

    @Test func theClockCanBeReadSetAndSpedUp() async throws {
        try await Rig.with { (rig) async throws in
            #expect(try await rig.control("/clock")["now"] == "2027-01-15T08:00:00.000Z")
            #expect(try await rig.control("/clock", ["now": "2027-01-16T00:00:00Z"])["now"] == "2027-01-16T00:00:00.000Z")
            #expect(try await rig.control("/clock", ["advance_seconds": 90])["now"] == "2027-01-16T00:01:30.000Z")
            #expect(try await rig.control("/clock", ["now": "yesterday"])["error"]?["code"] == 100)
            let fast = try await rig.control("/clock", ["speed": 100_000])
            #expect(fast["speed"]?.number == 100_000)
            var now = fast["now"]
            for _ in 0..<1_000 where now == fast["now"] { now = try await rig.control("/clock")["now"] }
            #expect(now != fast["now"])
        }
    }

    @Test func templatesAreChangedAndToldOf() async throws {
        let receiver = Receiver()
        try await Receiver.with(receiver) { (url) async throws in
            try await Rig.with { (rig) async throws in
                _ = try await rig.control("/webhook", ["url": .string(url)])
                _ = try await rig.control("/templates/2002", ["status": "REJECTED", "reason": "SCAM", "quality": "YELLOW"])
                let updates = await receiver.wait(for: 2)
                #expect(updates[0]["value"]?["new_quality_score"] == "YELLOW")
                #expect(updates[1]["value"]?["event"] == "REJECTED")
                #expect(updates[1]["value"]?["reason"] == "SCAM")
                #expect(try await rig.template("plain").code == 132001)
                #expect(try await rig.call(.POST, "/_sandbox/templates/1", [:], token: nil).status == 404)
            }
        }
    }

    @Test func theStateCountsByAccount() async throws {
        try await Rig.with { (rig) async throws in
            _ = try await rig.text()
            try await rig.advance(3_600)
            let state = try await rig.control("/state")
            #expect(state["messages"]?["accepted"] == 1)
            #expect(state["messages"]?["delivered"] == 1)
            #expect(state["messages"]?["read"] == 1)
            #expect(state["numbers_by_waba"]?["102"]?["connected"] == 1)
            #expect(state["templates_by_waba"]?["102"]?["PAUSED"] == 1)
            #expect(state["numbers"]?.elements?.first?["phone"] == "+16505550001")
            #expect(state["limits_exceeded"]?["total"] == 0)
            #expect(state["webhooks"]?["without_url"] == 3)
            #expect(state["clock"]?["now"] != nil)
        }
    }

    @Test func aPortfolioWritesToSoManyPeopleADay() async throws {
        var scenario = Rig.simple
        scenario.portfolioLimits = [scenario.wabas[0].business: 2]
        try await Rig.with(scenario) { (rig) async throws in
            for index in 0..<3 { _ = try await rig.template("plain", to: "+57300000000\(index)") }
            _ = try await rig.template("plain", to: "+573000000000")
            try await rig.advance(60)
            var state = try await rig.control("/state")
            #expect(state["messages"]?["failed_by_code"] == ["131048": 1])
            try await rig.advance(86_400)
            _ = try await rig.template("plain", to: "+573000000002")
            try await rig.advance(60)
            state = try await rig.control("/state")
            #expect(state["messages"]?["failed"] == 1)
        }
    }

    @Test func scenariosAreReadFromJSONWithDefaults() throws {
        let text = #"""
            {"wabas":[{"id":"1","funding":null,"name":"A"}],"numbers":[{"waba":"1","phone":"+16505550001","pin":"123456"}],"unknown":1,
             "templates":[{"waba":"1","name":"x","components":[{"type":"BODY","text":"Hi"}],"quality_steps":[{"after":5,"quality":"RED"}]}],
             "people":[{"phone":"+573001234567","fails_with":131026}],"rules":{"green_after":7}}
            """#
        let scenario = try JSONDecoder().decode(SandboxScenario.self, from: Data(text.utf8))
        #expect(scenario.wabas[0].funding == nil)
        #expect(scenario.wabas[0].review == "APPROVED")
        #expect(scenario.numbers[0].pin == "123456")
        #expect(scenario.templates[0].components == [["type": "BODY", "text": "Hi"]])
        #expect(scenario.rules.greenAfter == 7)
        #expect(scenario.rules.codeMinutes == 10)
        let again = try JSONDecoder().decode(SandboxScenario.self, from: try JSONEncoder().encode(scenario))
        #expect(again.templates[0].qualitySteps[0].quality == "RED")
        #expect(throws: SandboxError.self) {
            try Cloud(SandboxSettings(scenario: SandboxScenario(numbers: [NumberSeed(waba: "9", phone: "+16505550001")]))) { _ in nil }
        }
    }

    @Test func aFleetIsTheSameForTheSameSeed() throws {
        let rows = (0..<300).map { index in
            FleetSeed(
                phone: "+1650555\(1_000 + index)",
                route: ["partner", "signup", "coexistence", "on_prem"][index % 10 < 7 ? 0 : index % 10 - 6],
                sourceWABA: "S\(index / 10)", destinationWABA: "D\(index / 10)", templateCount: 20,
                testTemplate: ("relevo_test", "en_US"), testRecipients: ["+5730012345\(10 + index % 50)"])
        }
        let scenario = SandboxScenario.fleet(rows: rows, seed: 3)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(try encoder.encode(scenario) == encoder.encode(SandboxScenario.fleet(rows: rows, seed: 3)))
        #expect(scenario.wabas.count == 60)
        #expect(scenario.numbers.count == 300)
        #expect(scenario.templates.count == 600)
        #expect(scenario.people.count == 50)
        #expect(scenario.connections.count == 90)
        for index in 0..<30 {
            let pair = scenario.wabas.filter { ["S\(index)", "D\(index)"].contains($0.id) }
            #expect(Set(pair.map(\.business)).count == 1)
        }
        #expect(scenario.templates.filter { $0.name == "relevo_test" }.allSatisfy { $0.status == "APPROVED" && $0.quality == "GREEN" })
        #expect(scenario.templates.contains { $0.status != "APPROVED" || $0.quality == "RED" })
    }

    @Test func jsonIsReadAndWrittenWithoutLoss() throws {
        let text = #"{"a":[1,-2.5,"é\n\u0000\ud83d\ude00",true,null],"b":{}}"#
        let json = try JSON(parsing: Array(text.utf8))
        #expect(json["a"]?.elements?[2] == "é\n\u{0}😀")
        #expect(try JSON(parsing: json.bytes) == json)
        #expect(json.bytes.allSatisfy { $0 < 0x7F })
        for bad in ["", "{", "[1,]", "{\"a\" 1}", "tru", "\"a", "1 2", String(repeating: "[", count: 100)] {
            #expect(throws: JSONProblem.self) { try JSON(parsing: Array(bad.utf8)) }
        }
    }
}
