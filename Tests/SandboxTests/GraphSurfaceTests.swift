import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct GraphSurfaceTests {
    @Test func everyRefusalIsAnEnvelope() async throws {
        try await Rig.with(tokens: ["t-secret-1"]) { (rig) async throws in
            for answer in [
                try await rig.call(.GET, "/v25.0/102", token: nil), try await rig.call(.GET, "/v25.0/102", token: "wrong"),
                try await rig.get("/nobody"), try await rig.get("/102/no_such_edge"), try await rig.call(.GET, "/"),
                try await rig.call(.PUT, "/v25.0/a/b/c/d"), try await rig.get("/102?fields=id,nonsense"),
            ] {
                #expect(answer.status >= 400)
                #expect(answer.code != nil)
                #expect(answer.json["error"]?["type"] == "OAuthException")
                #expect(answer.json["error"]?["fbtrace_id"]?.string?.isEmpty == false)
            }
            #expect(try await rig.call(.GET, "/v25.0/102", token: "wrong").code == 190)
            #expect(try await rig.call(.GET, "/v25.0/102", token: "wrong").status == 401)
            #expect(try await rig.get("/102/no_such_edge").code == 2500)
            #expect(try await rig.get("/nobody").subcode == 33)
        }
    }

    @Test func nodesGiveWhatIsAskedFor() async throws {
        try await Rig.with { (rig) async throws in
            let number = try await rig.get("/555001?fields=status,platform_type,is_pin_enabled,health_status").json
            #expect(number["id"] == "555001")
            #expect(number["status"] == "CONNECTED")
            #expect(number["is_pin_enabled"] == false)
            #expect(number["health_status"]?["can_send_message"] == "AVAILABLE")
            #expect(number["display_phone_number"] == nil)
            let account = try await rig.get("/102?fields=owner_business_info{name,id},account_review_status").json
            #expect(account["owner_business_info"]?["id"] != nil)
            #expect(account["account_review_status"] == "APPROVED")
            let answer = try await rig.get("/102/phone_numbers?fields=id&limit=1")
            #expect(answer.headers["x-app-usage"]?.contains("call_count") == true)
            #expect(answer.headers["x-business-use-case-usage"]?.contains("\"102\"") == true)
        }
    }

    @Test func listsArePaged() async throws {
        try await Rig.with { (rig) async throws in
            let first = try await rig.get("/102/message_templates?fields=name&limit=2").json
            #expect(first["data"]?.elements?.count == 2)
            #expect(first["paging"]?["next"] != nil)
            let after = first["paging"]?["cursors"]?["after"]?.text ?? ""
            let second = try await rig.get("/102/message_templates?fields=name&limit=2&after=\(after)").json
            #expect(second["data"]?.elements?.count == 1)
            #expect(second["paging"]?["next"] == nil)
            #expect(second["paging"]?["cursors"]?["after"] != nil)
        }
    }

    @Test func settingsAreAsDocumented() async throws {
        try await Rig.with { (rig) async throws in
            #expect(try await rig.post("/555001/settings", ["user_identity_change": ["enabled": true]]).code == 100)
            #expect(
                try await rig.post("/555001/settings", ["user_identity_change": ["enable_identity_key_check": true]]).json["success"]
                    == true)
            #expect(try await rig.get("/555001/settings").json["user_identity_change"]?["enable_identity_key_check"] == true)
        }
    }

    @Test func mediaGoesInAndComesOut() async throws {
        try await Rig.with { (rig) async throws in
            let form =
                "--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n"
                + "Content-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"
            let body = MultipartBody(Array(form.utf8), contentType: "multipart/form-data; boundary=b")
            #expect(body?.file?.bytes == Array("hello".utf8))
            #expect(body?.fields["messaging_product"] == "whatsapp")
            #expect(MultipartBody(Array("--b\r\n".utf8), contentType: "multipart/form-data; boundary=b") == nil)
            var shelf = MediaShelf()
            shelf.put(UploadedFile(name: nil, type: "text/plain", bytes: [1]), id: "31")
            #expect(shelf.describe("31", base: "http://x")["url"] == "http://x/_media/31")
            #expect(try await rig.post("/555001/media", ["messaging_product": "whatsapp"]).code == 131053)
            let sent = try await rig.call(.POST, "/v25.0/555001/media", bytes: Array(form.utf8), type: "multipart/form-data; boundary=b")
            let id = sent.json["id"]?.text ?? ""
            let described = try await rig.get("/\(id)").json
            #expect(described["mime_type"] == "text/plain")
            #expect(described["file_size"] == 5)
            let url = described["url"]?.string ?? ""
            #expect(url.hasPrefix(rig.base))
            #expect(try await rig.call(.GET, String(url.dropFirst(rig.base.count))).text == "hello")
            #expect(try await rig.call(.GET, String(url.dropFirst(rig.base.count)), token: nil).code == 190)
            #expect(try await rig.call(.DELETE, "/v25.0/\(id)").json == ["success": true])
            #expect(try await rig.get("/\(id)").subcode == 33)
        }
    }
}
