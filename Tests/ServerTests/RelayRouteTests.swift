import CloudAPI
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Server

@Suite(.enabled(if: TestDatabase.isAvailable)) struct RelayRouteTests {
    @Test func aRelayIsChangedAndTheChangeIsWrittenDownWithoutItsSecret() async throws {
        try await Rig.with(engine: false) { rig in
            let secrets = ["the first secret of theirs", "the second secret of theirs"]
            let added = try await rig.ask(
                "POST", "/api/v1/relays", key: rig.admin,
                body: #"{"url":"https://crm.example/x","waba_id":"900","secret":"\#(secrets[0])","parallel":4}"#)
            #expect(added.status == 201 && added.json["parallel"]?.integer == 4, "\(added.text)")
            let id = try #require(added.json["id"]?.integer)
            func sealed() async throws -> Data? {
                try await rig.client.query("SELECT secret FROM webhooks.relay WHERE id = \(id)").decodeFirst(Data.self)
            }
            let before = try await sealed()
            let changed = try await rig.ask(
                "PATCH", "/api/v1/relays/\(id)", key: rig.admin, body: #"{"secret":"\#(secrets[1])","parallel":2}"#)
            #expect(changed.status == 200 && changed.json["parallel"]?.integer == 2, "\(changed.text)")
            #expect(try await sealed() != before)
            for body in [
                "{}", #"{"parallel":0}"#, #"{"parallel":65}"#, #"{"parallel":"many"}"#, #"{"secret":"short"}"#, #"{"secret":null}"#,
            ] {
                let answer = try await rig.ask("PATCH", "/api/v1/relays/\(id)", key: rig.admin, body: body)
                #expect(answer.status == 400, "\(body) \(answer.text)")
            }
            #expect(try await rig.ask("PATCH", "/api/v1/relays/999999", key: rig.admin, body: #"{"parallel":2}"#).status == 404)
            #expect(try await rig.ask("PATCH", "/api/v1/relays/\(id)", key: rig.key, body: #"{"parallel":2}"#).status == 403)
            let listed = try await rig.ask("GET", "/api/v1/relays", key: rig.key)
            #expect(listed.json["data"]?.elements?.first?["parallel"]?.integer == 2)
            let audit = try await rig.ask("GET", "/api/v1/audit", key: rig.admin)
            let entry = audit.json["data"]?.elements?.first { $0["action"]?.string == "relay changed" }
            #expect(entry?["subject"]?.string == "\(id)" && entry?["detail"]?.string == "secret, parallel 2", "\(audit.text)")
            for secret in secrets { #expect(![added, changed, listed, audit].contains { $0.text.contains(secret) }) }
        }
    }
}
