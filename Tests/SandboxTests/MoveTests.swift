import Foundation
import Testing

@testable import Sandbox

@Suite struct MoveTests {
    static let row = FleetSeed(
        phone: "+16505550101", route: "partner", sourceWABA: "S1", sourcePhoneNumberID: "700", destinationWABA: "D1", portfolio: "B1",
        templateCount: 30, testTemplate: ("relevo_test", "en_US"), testRecipients: ["+573001234567"])

    static let add: JSON = ["cc": "1", "phone_number": "6505550101", "migrate_phone_number": true]

    private func begin(_ rig: Rig) async throws -> String {
        _ = try await rig.post("/D1/subscribed_apps")
        return try #require(try await rig.post("/D1/phone_numbers", Self.add).json["id"]?.text)
    }

    private func verify(_ rig: Rig, _ id: String) async throws {
        _ = try await rig.post("/\(id)/request_code", ["code_method": "SMS", "language": "en_US"])
        let code = try await rig.control("/codes/+16505550101")["code"]?.string ?? ""
        #expect(try await rig.post("/\(id)/verify_code", ["code": .string(code)]).json["success"] == true)
    }

    @Test func aNumberMovesFromItsSourceToItsDestination() async throws {
        try await Rig.with(.fleet(rows: [Self.row])) { (rig) async throws in
            let id = try await begin(rig)
            #expect(try await rig.get("/\(id)?fields=status,code_verification_status,platform_type").json["status"] == "PENDING")
            #expect(try await rig.post("/D1/phone_numbers", Self.add).subcode == 2_388_012)
            let pin: JSON = ["messaging_product": "whatsapp", "pin": "123456"]
            #expect(try await rig.post("/\(id)/register", pin).code == 133006)
            try await verify(rig, id)
            #expect(try await rig.post("/\(id)/request_code", ["code_method": "SMS", "language": "en_US"]).code == 136024)
            #expect(try await rig.get("/700?fields=status").json["status"] == "CONNECTED")
            #expect(try await rig.post("/\(id)/register", pin).json["success"] == true)
            #expect(try await rig.get("/\(id)?fields=status").json["status"] == "CONNECTED")
            #expect(try await rig.get("/700?fields=status").json["status"] == "MIGRATED")
            #expect(try await rig.text(from: "700").code == 33)
            #expect(try await rig.text(from: id).status == 200)
            #expect(try await rig.post("/\(id)/register", ["messaging_product": "whatsapp", "pin": "654321"]).code == 133005)
            #expect(try await rig.control("/state")["duplicates"]?["registrations"] == 0)
            #expect(try await rig.post("/\(id)/register", pin).status == 200)
            #expect(try await rig.control("/state")["duplicates"]?["registrations"] == 1)
        }
    }

    @Test func codesAreWrongLateOrRight() async throws {
        try await Rig.with(.fleet(rows: [Self.row])) { (rig) async throws in
            let id = try await begin(rig)
            #expect(try await rig.post("/\(id)/verify_code", ["code": "111111"]).subcode == 2_388_093)
            _ = try await rig.post("/\(id)/request_code", ["code_method": "VOICE", "language": "es"])
            let first = try await rig.control("/codes/16505550101")["code"]?.string ?? ""
            #expect(first.count == 6)
            let wrong = first == "000000" ? "000001" : "000000"
            #expect(try await rig.post("/\(id)/verify_code", ["code": .string(wrong)]).code == 136025)
            try await rig.advance(11 * 60)
            #expect(try await rig.post("/\(id)/verify_code", ["code": .string(first)]).code == 136025)
            try await verify(rig, id)
            try await rig.advance(15 * 86_400)
            #expect(try await rig.get("/\(id)?fields=code_verification_status").json["code_verification_status"] == "EXPIRED")
        }
    }

    @Test func theEleventhRegisterIn72HoursBlocksTheNumberFor72Hours() async throws {
        try await Rig.with(.fleet(rows: [Self.row])) { (rig) async throws in
            let id = try await begin(rig)
            let pin: JSON = ["messaging_product": "whatsapp", "pin": "123456"]
            for _ in 0..<10 { #expect(try await rig.post("/\(id)/register", pin).code == 133006) }
            #expect(try await rig.post("/\(id)/register", pin).code == 133016)
            try await rig.advance(71 * 3_600)
            #expect(try await rig.post("/\(id)/register", pin).code == 133016)
            try await rig.advance(2 * 3_600)
            #expect(try await rig.post("/\(id)/register", pin).code == 133006)
            #expect(try await rig.control("/state")["limits_exceeded"]?["register"]?["refusals"] == 2)
        }
    }

    @Test func aMoveIsRefusedWithItsCause() async throws {
        try await Rig.with(.fleet(rows: [Self.row])) { (rig) async throws in
            func cause() async throws -> String {
                let answer = try await rig.post("/D1/phone_numbers", Self.add)
                #expect(answer.code == 100 && answer.subcode == 2_388_103)
                return answer.json["error"]?["error_user_title"]?.string ?? ""
            }
            #expect(try await cause() == "Cannot migrate phone number")
            _ = try await rig.post("/D1/subscribed_apps")
            _ = try await rig.control("/numbers/700", ["pin": "111111"])
            #expect(try await cause().hasPrefix("Two-step"))
            _ = try await rig.control("/numbers/700", ["pin": "", "name_status": "PENDING_REVIEW"])
            #expect(try await cause().hasPrefix("Registered name"))
            _ = try await rig.control("/numbers/700", ["name_status": "APPROVED"])
            _ = try await rig.control("/wabas/D1", ["funding": ""])
            #expect(try await cause().contains("payment account"))
            _ = try await rig.control("/wabas/D1", ["funding": "1", "business": "other"])
            #expect(try await cause().contains("different Business Manager"))
            _ = try await rig.control("/wabas/D1", ["business": "B1"])
            #expect(try await rig.post("/D1/phone_numbers", Self.add).status == 200)
        }
    }

    @Test func templatesAreCopiedPageByPageAndRefusalsAreNamed() async throws {
        var scenario = SandboxScenario.fleet(rows: [Self.row])
        let refused = try #require(
            scenario.templates.firstIndex { $0.status == "APPROVED" && $0.quality == "GREEN" && $0.name != "relevo_test" })
        scenario.templates[refused].copyFailure = "Incorrect category"
        let eligible = scenario.templates.count { $0.status == "APPROVED" && ["GREEN", "UNKNOWN"].contains($0.quality) }
        #expect(eligible < scenario.templates.count)
        try await Rig.with(scenario) { (rig) async throws in
            var migrated = 0
            var failed: [String: JSON] = [:]
            for page in 0..<3 {
                let answer = try await rig.post(
                    "/D1/migrate_message_templates", ["source_waba_id": "S1", "page_number": .int(page), "count": 10]
                ).json
                migrated += answer["migrated_templates"]?.elements?.count ?? 0
                failed.merge(answer["failed_templates"]?.members ?? [:]) { a, _ in a }
            }
            #expect(migrated == eligible - 1)
            #expect(Array(failed.values) == ["Incorrect category"])
            let copies = try await rig.get("/D1/message_templates?fields=name,status,quality_score&limit=100").json["data"]?.elements ?? []
            #expect(copies.count == migrated)
            #expect(copies.allSatisfy { $0["quality_score"]?["score"] == "UNKNOWN" })
            try await rig.advance(3_600)
            let reviewed = try await rig.get("/D1/message_templates?fields=status&limit=100").json["data"]?.elements ?? []
            #expect(reviewed.allSatisfy { $0["status"] == "APPROVED" })
            let again = try await rig.post("/D1/migrate_message_templates", ["source_waba_id": "S1"]).json
            #expect(again["migrated_templates"] == [])
            #expect(again["failed_templates"]?.members?.count == eligible)
        }
    }

    @Test func whatAClientConnectsIsLiveAtTheDestination() async throws {
        let rows = [("+16505550102", "coexistence"), ("+16505550103", "signup"), ("+16505550104", "on_prem")].map {
            FleetSeed(phone: $0.0, route: $0.1, sourceWABA: "S1", destinationWABA: "D1")
        }
        try await Rig.with(.fleet(rows: rows)) { (rig) async throws in
            for row in rows {
                let id = try await rig.control("/connect", ["phone": .string(row.phone)])["phone_number_id"]?.string ?? ""
                let number = try await rig.get("/\(id)?fields=status,platform_type,is_on_biz_app").json
                #expect(number["status"] == "CONNECTED")
                #expect(number["platform_type"] == "CLOUD_API")
                #expect(number["is_on_biz_app"]?.bool == (row.route == "coexistence"))
                #expect(try await rig.control("/connect", ["phone": .string(row.phone)])["phone_number_id"]?.string == id)
            }
            #expect(try await rig.control("/state")["numbers_by_waba"]?["D1"]?["connected"] == 3)
        }
    }

    @Test func newTemplatesAreReviewed() async throws {
        try await Rig.with { (rig) async throws in
            let body: JSON = ["name": "news", "category": "MARKETING", "language": "es", "components": [["type": "BODY", "text": "Hola"]]]
            #expect(try await rig.post("/102/message_templates", body).json["status"] == "PENDING")
            #expect(try await rig.post("/102/message_templates", body).subcode == 2_388_024)
            #expect(
                try await rig.post("/102/message_templates", ["name": "No!", "category": "UTILITY", "language": "es", "components": []])
                    .subcode == 2_388_046)
            try await rig.advance(3_600)
            #expect(
                try await rig.get("/102/message_templates?name=news&fields=status").json["data"]?.elements?.first?["status"] == "APPROVED")
        }
    }
}
