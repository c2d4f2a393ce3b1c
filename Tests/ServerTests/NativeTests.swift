import AsyncHTTPClient
import CloudAPI
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import Postgres
import TestSupport
import Testing

@testable import Server

@Suite(.enabled(if: TestDatabase.isAvailable)) struct NativeTests {
    @Test func aBadLineOfABatchIsAnsweredAndTheNextOnesGoOn() async throws {
        try await Rig.with(engine: false) { rig in
            func line(_ to: String) -> String {
                #"{"sender":"\#(Rig.phone)","message":{"messaging_product":"whatsapp","to":"\#(to)","type":"text","text":{"body":"x"}}}"#
            }
            let body = [line("+16315551234"), "{broken", "", line("5551234"), line("+16315551235")].joined(separator: "\n")
            let answer = try await rig.ask("POST", "/api/v1/messages/batch", key: rig.key, body: body)
            #expect(answer.headers["content-type"] == "application/x-ndjson")
            // Nobody waits for them: whose system webhooks go to hears of an end that Meta does not tell of.
            #expect(try await rig.client.query("SELECT bool_and(answered_early) FROM gateway.message").decodeFirst(Bool.self) == true)
            let lines = try answer.text.split(separator: "\n").map { try JSONValue(parsing: $0.utf8) }
            #expect(lines.map { $0["line"]?.integer } == [1, 2, 4, 5])
            #expect(lines.map { $0["id"] != nil } == [true, false, false, true])
            #expect(lines[1]["error"]?["code"]?.string == "bad_json")
            #expect(lines[2]["error"]?["details"]?["graph_code"]?.integer != nil)
        }
    }

    @Test func keysAreMadeListedAndRevokedAndActionsAreAudited() async throws {
        try await Rig.with(engine: false) { rig in
            let made = try await rig.ask("POST", "/api/v1/keys", key: rig.admin, body: #"{"name":"new","scopes":["read"]}"#)
            #expect(made.status == 201)
            let key = Secret(try #require(made.json["key"]?.string))
            #expect(key.reveal().hasPrefix("rlv_"))
            #expect(try await rig.ask("GET", "/api/v1/senders", key: key).status == 200)
            #expect(try await rig.ask("GET", "/api/v1/keys", key: key).status == 403)
            let again = try await rig.ask("POST", "/api/v1/keys", key: rig.admin, body: #"{"name":"new","scopes":["read"]}"#)
            #expect(again.status == 409)
            #expect(try await rig.ask("DELETE", "/api/v1/keys/new", key: rig.admin).status == 200)
            try await eventually("the key is refused") { try await rig.ask("GET", "/api/v1/senders", key: key).status == 401 }
            let audit = try await rig.ask("GET", "/api/v1/audit", key: rig.admin)
            #expect(audit.json["data"]?.elements?.contains { $0["action"]?.string == "key revoked" } == true)
            #expect(!audit.text.contains(key.reveal()))
            let stored = try await rig.client.query("SELECT string_agg(k::text, '') FROM server.api_key k").decodeFirst(String.self)
            #expect(stored?.contains(key.reveal()) == false)
        }
    }

    @Test func webhooksAreStoredWhenTheirSignatureIsRight() async throws {
        try await Rig.with(engine: false) { rig in
            func post(_ body: String, signature: String?) async throws -> Int {
                let headers = signature.map { [("X-Hub-Signature-256", $0)] } ?? []
                return try await rig.ask("POST", "/webhooks/whatsapp", headers: headers, body: body).status
            }
            #expect(try await post("{}", signature: nil) == 401)
            #expect(try await post("{}", signature: "sha256=00") == 401)
            let odd = "this is no JSON \u{0}"
            #expect(try await post(odd, signature: Signature.sign(odd.utf8, secret: Secret("shh"))) == 200)
            let large = String(repeating: "x", count: (4 << 20) + 1)
            #expect(try await post(large, signature: Signature.sign(large.utf8, secret: Secret("shh"))) == 413)
            let path = "/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=42&hub.verify_token="
            let right = try await rig.ask("GET", path + "verify%20me")
            #expect(right.text == "42")
            let wrong = try await rig.ask("GET", path + "wrong")
            #expect(wrong.status == 403)
        }
    }

    @Test func aProblemIsTriedAgainAndASpanIsReplayed() async throws {
        try await Rig.with { rig in
            let body = "{no webhook"
            let headers = [("X-Hub-Signature-256", Signature.sign(body.utf8, secret: Secret("shh")))]
            #expect(try await rig.ask("POST", "/webhooks/whatsapp", headers: headers, body: body).status == 200)
            func problem() async throws -> String? {
                let answer = try await rig.ask("GET", "/api/v1/webhooks/problems", key: rig.admin)
                return answer.json["data"]?.elements?.first?["id"].map { "\($0.integer ?? 0)" }
            }
            try await eventually("it is a problem") { try await problem() != nil }
            let id = try #require(try await problem())
            let span = #"{"from":"2020-01-01T00:00:00Z","to":"2050-01-01T00:00:00Z"}"#
            #expect(try await rig.ask("POST", "/api/v1/webhooks/problems/\(id)/retry", key: rig.admin).status == 200)
            try await eventually("it is one again") { try await problem() == id }
            #expect(try await rig.ask("POST", "/api/v1/webhooks/replay", key: rig.admin, body: span).json["queued"]?.integer == 1)
            try await eventually("and again") { try await problem() == id }
            #expect(try await rig.ask("POST", "/api/v1/webhooks/problems/\(id)/dismiss", key: rig.admin).status == 200)
            #expect(try await problem() == nil)
            #expect(try await rig.ask("POST", "/api/v1/webhooks/problems/\(id)/dismiss", key: rig.admin).status == 404)
            let turned = #"{"from":"2050-01-01T00:00:00Z","to":"2020-01-01T00:00:00Z"}"#
            #expect(try await rig.ask("POST", "/api/v1/webhooks/replay", key: rig.admin, body: turned).status == 400)
            #expect(try await rig.ask("POST", "/api/v1/webhooks/replay", key: rig.key, body: span).status == 403)
            let audit = try await rig.ask("GET", "/api/v1/audit", key: rig.admin)
            let actions = audit.json["data"]?.elements?.compactMap { $0["action"]?.string }
            #expect(actions?.prefix(3) == ["webhook dismissed", "webhooks replayed", "webhook retried"])
        }
    }

    @Test func theFirstEventIsASnapshot() async throws {
        try await Rig.with(engine: false) { rig in
            try await rig.awaitCode("A-1")
            var request = HTTPClientRequest(url: rig.base + "/api/v1/events")
            request.headers.add(name: "Authorization", value: "Bearer \(rig.key.reveal())")
            let response = try await rig.http.execute(request, timeout: .seconds(600))
            #expect(response.headers.first(name: "content-type") == "text/event-stream")
            var text = ""
            for try await part in response.body {
                text += String(buffer: part)
                if text.contains("\n\n") { break }
            }
            #expect(text.hasPrefix("event: progress\ndata: "))
            let data = try JSONValue(parsing: text.split(separator: "\n")[1].dropFirst(6).utf8)
            #expect(data["states"]?["awaiting_code"]?.integer == 1)
        }
    }

    @Test func theDocumentIsJSONAndNamesEveryRoute() async throws {
        try await Rig.with(engine: false) { rig in
            let answer = try await rig.ask("GET", "/api/v1/openapi.json")
            #expect(answer.json["openapi"]?.string == "3.1.0")
            let paths = try #require(answer.json["paths"]?.object)
            let api = rig.nativeRoutes
            for route in api {
                #expect(paths["/api/v1/" + route.path]?[route.method.rawValue.lowercased()] != nil, "\(route.method) \(route.path)")
            }
            let documented = paths.members.filter { $0.name.hasPrefix("/api/v1/") }.reduce(0) { $0 + ($1.value.object?.members.count ?? 0) }
            #expect(documented == api.count + 1, "the document names a route that does not exist")
        }
    }

    @Test func errorsOfTheNativeAPIHaveItsForm() async throws {
        try await Rig.with(engine: false) { rig in
            for (path, status, code) in [
                ("/api/v1/nothing", 404, "not_found"), ("/api/v1/messages/xyz", 404, "not_found"), ("/api/v1/plans/7", 404, "not_found"),
                ("/api/v1/messages?state=odd", 400, "bad_request"), ("/api/v1/rebuilds/1", 404, "not_found"),
            ] {
                let answer = try await rig.ask("GET", path, key: rig.key)
                #expect(answer.status == status, "\(path) \(answer.text)")
                #expect(answer.json["error"]?["code"]?.string == code, "\(path) \(answer.text)")
            }
            #expect(try await rig.ask("GET", "/api/v1/fleet").status == 401)
            let fleet = try await rig.ask("POST", "/api/v1/fleet", key: rig.admin, body: "row_ref,client_id\nA,B\n")
            #expect(fleet.status == 422)
            #expect(fleet.json["error"]?["details"]?["problems"]?.elements?.isEmpty == false)
        }
    }

    @Test func healthAndMetricsAnswer() async throws {
        try await Rig.with(engine: false) { rig in
            #expect(try await rig.ask("GET", "/health/live").status == 200)
            #expect(try await rig.ask("GET", "/health/ready").json["status"]?.string == "ready")
            let metrics = try await rig.ask("GET", "/metrics", key: rig.key)
            #expect(metrics.status == 200, "\(metrics.text)")
            #expect(metrics.text.contains("relevo_info{version=\"test\"} 1"))
            #expect(metrics.text.contains("# TYPE relevo_jobs_ready gauge"))
        }
    }

    @Test func aTakenPortIsToldInPlainWords() async throws {
        try await Rig.with(engine: false) { rig in
            let port = try #require(Int(rig.base.split(separator: ":").last ?? ""))
            let second = RelevoServer(dependencies: rig.dependencies, configuration: ServerConfiguration(port: port), logger: Rig.logger)
            let error = await #expect(throws: ServerError.self) { try await second.run() }
            #expect(error?.code == .portInUse)
            #expect(error?.message.contains("port \(port)") == true)
            await #expect(throws: ServerError.self) { _ = try await second.boundPort }
        }
    }

    @Test func moreRequestsThanThereIsRoomForAreRefusedAtOnce() async throws {
        let limiter = Limiter(1)
        try await limiter.within {
            await #expect(throws: HTTPProblem.self) { try await limiter.within {} }
        }
        try await limiter.within {}
        #expect(limiter.current == 0)
        let problem = HTTPProblem.busy
        #expect(problem.status == .serviceUnavailable && problem.graphEnvelope["error"]?["code"]?.integer == 2)
    }

    @Test func linesAreCutWhereverTheyArrive() {
        var reader = LineReader(limit: 4)
        #expect(reader.feed("ab".utf8) == [])
        #expect(reader.feed("c\r\nlonger than that\n\nx".utf8) == [.text(Array("abc".utf8)), .tooLong, .text([])])
        #expect(reader.last() == .text(Array("x".utf8)))
        #expect(reader.last() == nil)
    }
}
