import Foundation
import Testing

@testable import CloudAPI

/// Meta's objects with fields missing, spelled otherwise or of another type.
@Suite struct NodeTests {
    private func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text.utf8) }

    @Test func aNumberIsReadInOneSpelling() throws {
        let node = try #require(
            PhoneNumberNode(
                try json(
                    #"""
                    {"id":106,"status":"connected","platform_type":"cloud_api","throughput":{"level":"high"},"quality_rating":"green",
                     "is_on_biz_app":"true","messaging_limit_tier":"TIER_1K","health_status":{"can_send_message":"blocked","entities":[
                     {"entity_type":"WABA","id":"9","can_send_message":"BLOCKED","errors":[{"error_code":141006,"error_description":"pay",
                      "possible_solution":"do"}]},{}]}}
                    """#)))
        #expect(node.id == "106" && node.status == "CONNECTED" && node.platformType == "CLOUD_API" && node.throughputLevel == "HIGH")
        #expect(
            node.qualityRating == "GREEN" && node.isOnBusinessApp == true && node.isPinEnabled == nil && node.messagingLimit == "TIER_1K")
        #expect(node.health?.canSend == "BLOCKED" && node.health?.entities.count == 2)
        #expect(node.health?.entities[0].errors.first?.code == 141006 && node.health?.entities[0].errors.first?.details == "do")
        #expect(PhoneNumberNode(["status": "CONNECTED"]) == nil)
    }

    @Test func aTemplatesLanguageIsReadInBothForms() throws {
        let plain = try #require(TemplateNode(try json(#"{"name":"n","language":"en-US","status":"approved","quality_score":"GREEN"}"#)))
        #expect(plain.language == "en_US" && plain.status == "APPROVED" && plain.quality == "GREEN" && plain.components == [])
        let object = try #require(
            TemplateNode(try json(#"{"name":"n","language":{"code":"pt_BR"},"quality_score":{"score":"RED"},"id":7}"#)))
        #expect(object.language == "pt_BR" && object.quality == "RED" && object.status == "UNKNOWN" && object.id == "7")
        #expect(TemplateNode(["name": "n"]) == nil && TemplateNode(["language": "en"]) == nil)
    }

    @Test func aTokensRights() async throws {
        let body =
            #"{"data":{"app_id":1,"is_valid":true,"expires_at":0,"scopes":["a",1],"granular_scopes":[{"scope":"a","target_ids":["7"]},{"scope":"b"},{}]}}"#
        let server = SocketServer { _ in .answer(200, body) }
        try await ClientRig.with(server) { client in
            let info = await client.debugToken(Secret("a b&c"), token: ClientRig.token).value
            #expect(info?.isValid == true && info?.expiresAt == nil && info?.appID == "1" && info?.scopes == ["a", "1"])
            #expect(info?.targets == ["a": ["7"], "b": []])
        }
        #expect(server.seen.requests.map(\.line) == ["GET /v25.0/debug_token?input_token=a%20b%26c HTTP/1.1"])
    }
}
