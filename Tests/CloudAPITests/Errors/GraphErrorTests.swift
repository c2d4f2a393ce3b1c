import Foundation
import Testing

@testable import CloudAPI

@Suite struct GraphErrorTests {
    private func read(_ body: String, status: Int = 400) -> GraphError { GraphError(status: status, body: Data(body.utf8)) }

    @Test func theMessagingEnvelope() {
        let error = read(
            #"""
            {"error":{"message":"(#130429) Rate limit hit","type":"OAuthException","code":130429,
            "error_data":{"messaging_product":"whatsapp","details":"Cloud API message throughput has been reached."},
            "error_subcode":2494055,"fbtrace_id":"Az8or2yhqkZfEZ-_4Qn_Bam"}}
            """#)
        #expect(error.code == 130429 && error.subcode == 2_494_055 && error.status == 400 && error.fbtraceID == "Az8or2yhqkZfEZ-_4Qn_Bam")
        #expect(error.details == "Cloud API message throughput has been reached." && error.message == "(#130429) Rate limit hit")
        #expect(error.envelope["error"]?["type"]?.string == "OAuthException")
        #expect(error.description.contains("130429/2494055") && error.description.contains("throughput"))
    }

    @Test func theManagementEnvelopeHasNoDetailsAndALocalisedText() {
        let error = read(
            #"""
            {"error":{"message":"Invalid parameter","type":"OAuthException","code":100,"error_data":{"blame_field_specs":[["name"]]},
            "error_subcode":2388046,"is_transient":false,"error_user_title":"Nome","error_user_msg":"Nome de modelo já existe"}}
            """#)
        #expect(error.code == 100 && error.subcode == 2_388_046 && error.details == nil && error.isTransient == false)
        #expect(error.title == "Nome" && error.userMessage == "Nome de modelo já existe")
        #expect(error.raw?["error_data"]?["blame_field_specs"] != nil)
    }

    @Test(
        arguments: [
            (#"{"error":{"code":"132015"}}"#, 132015, "error 132015", nil),
            (#"{"error":{"code":1,"message":"m","error_data":"{\"details\":\"inner\"}"}}"#, 1, "m", "inner"),
            (#"{"error":{"code":1,"message":"m","error_data":"plain"}}"#, 1, "m", "plain"),
            (#"{"error":{"message":"only text"}}"#, nil, "only text", nil),
            (#"{"error":{"code":137000,"title":"Identity"}}"#, 137000, "Identity", nil),
            (#"{"error":"invalid_token","error_description":"gone"}"#, nil, "gone", nil),
            (#"{"error":"invalid_token"}"#, nil, "invalid_token", nil),
        ] as [(String, Int?, String, String?)])
    func otherFormsOfTheEnvelope(body: String, code: Int?, message: String, details: String?) {
        let error = read(body)
        #expect(error.code == code && error.message == message && error.details == details)
        // Callers that speak the Cloud API always get an envelope with an error object in it.
        #expect(error.envelope["error"]?.object != nil && error.envelope["error"]?["error"] == nil)
    }

    @Test(arguments: [
        "", "<html><body>502 Bad Gateway</body></html>", "{}", "[]", "null", #"{"error":{}}"#, #"{"error":7}"#, "{\"error\":", "\u{0}\u{0}",
    ])
    func whatIsNoEnvelopeHasNoCodeAndShowsItsBeginning(body: String) {
        let error = read(body, status: 502)
        #expect(error.code == nil && error.raw == nil && error.message.contains("HTTP 502") && !error.message.contains("\u{0}"))
        #expect(error.envelope["error"]?["code"]?.integer == 1)
    }

    @Test func aLongPageIsCutAndKeptOnOneLine() {
        let error = read(String(repeating: "x y\n", count: 100_000), status: 500)
        #expect(error.message.count < 300 && !error.message.contains("\n"))
        let broken = GraphError(status: 500, body: Data(repeating: 0xFF, count: 5_000))
        #expect(broken.message.count < 300 && broken.code == nil)
    }

    @Test func anErrorInAStatusIsRead() throws {
        let json = try JSONValue(
            parsing: Array(#"{"code":131049,"title":"T","message":"T","error_data":{"details":"D"},"href":"/docs"}"#.utf8))
        let error = try #require(GraphError(errorObject: json))
        #expect(error.code == 131049 && error.status == nil && error.title == "T" && error.details == "D" && error.raw == json)
        #expect(GraphError(errorObject: []) == nil && GraphError(errorObject: [:]) == nil && GraphError(errorObject: "x") == nil)
    }

    @Test func itSurvivesBeingStored() throws {
        let error = read(#"{"error":{"code":100,"message":"m","error_data":{"n":1e400,"d":[1,null]},"error_subcode":5}}"#)
        let again = try JSONDecoder().decode(GraphError.self, from: JSONEncoder().encode(error))
        #expect(again.code == 100 && again.subcode == 5 && again.message == "m" && again.raw?["error_data"]?["d"] == [1, nil])
    }
}
