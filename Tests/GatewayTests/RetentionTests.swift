import Foundation
import Postgres
import TestSupport
import Testing

@testable import Gateway

@Suite struct RetentionTests {
    /// As if it had been handed in so many days ago, which is told by its id, and nothing had happened to it since.
    private func age(_ id: UUID, days: Double, changed: Double? = nil, in rig: Rig) async throws -> UUID {
        let hex = String(UInt64((Date().timeIntervalSince1970 - days * 86400) * 1000), radix: 16)
        let digits = String(repeating: "0", count: 12 - hex.count) + hex
        let old = try #require(UUID(uuidString: "\(digits.prefix(8))-\(digits.suffix(4))\(id.uuidString.dropFirst(13))"))
        for (table, column) in [("message", "id"), ("event", "message_id"), ("wamid", "message_id")] {
            try await rig.client.query(
                PostgresQuery(unsafeSQL: "UPDATE gateway.\(table) SET \(column) = '\(old)' WHERE \(column) = '\(id)'"))
        }
        try await rig.client.query(
            "UPDATE gateway.message SET updated_at = jobs.now() - make_interval(secs => \((changed ?? days) * 86400)) WHERE id = \(old)")
        return old
    }

    private func accepted(_ count: Int, in rig: Rig) async throws -> [UUID] {
        var ids: [UUID] = []
        for index in 0..<count {
            let receipt = try await rig.submit(Rig.text(to: "+1631555000\(index)")) { $0.idempotencyKey = "\(index)" }
            try await rig.reach(receipt.id, .accepted)
            ids.append(receipt.id)
        }
        try await eventually("all has ended") { try await rig.client.query("SELECT FROM jobs.attempt").isEmpty }
        return ids
    }

    @Test func whatHasComeToAnEndIsForgottenAndNothingElse() async throws {
        var settings = GatewaySettings()
        settings.retentionDays = 60
        try await Rig.with(settings: settings) { rig in
            var ids = try await accepted(8, in: rig)
            ids[0] = try await age(ids[0], days: 59.9, in: rig)
            // Handed in long ago, or so its maker's clock said, and something has happened lately.
            ids[1] = try await age(ids[1], days: 300, changed: 1, in: rig)
            for index in 2..<8 { ids[index] = try await age(ids[index], days: 60.1, in: rig) }
            for (index, change) in [
                "state = 'queued'", "state = 'held', reason_code = 'recipient_changed'", "state = 'unknown'", "needs_person = true",
            ].enumerated() {
                try await rig.client.query(PostgresQuery(unsafeSQL: "UPDATE gateway.message SET \(change) WHERE id = '\(ids[index + 2])'"))
            }
            // Too old to go again.
            try await rig.client.query("UPDATE gateway.message SET state = 'failed', reason_code = '137000' WHERE id = \(ids[7])")
            try await rig.client.query(
                """
                WITH m AS (UPDATE gateway.message SET old_wamids = '{wamid.old}' WHERE id = \(ids[6]) RETURNING id)
                INSERT INTO gateway.wamid SELECT gateway.wamid_hash('wamid.old'), id FROM m
                """)
            #expect(try await rig.gateway.housekeeper.forget() == 2)
            #expect(try await rig.gateway.housekeeper.forget() == 0)
            for (table, column) in [("message", "id"), ("event", "message_id"), ("wamid", "message_id")] {
                let left = try await rig.client.query(PostgresQuery(unsafeSQL: "SELECT DISTINCT \(column) FROM gateway.\(table)")).decode(
                    UUID.self)
                #expect(Set(left) == Set(ids.dropLast(2)), "\(table)")
            }
        }
    }

    /// A time before 1970 is no time before which everything lies.
    @Test func keptForEverIsKept() async throws {
        var settings = GatewaySettings()
        settings.retentionDays = 36500
        try await Rig.with(settings: settings) { rig in
            _ = try await age(try await accepted(1, in: rig)[0], days: 10_000, changed: 40_000, in: rig)
            #expect(try await rig.gateway.housekeeper.forget() == 0)
        }
    }

    /// Its key may outlive a message, by whatever mistake: what it was used for is not sent once more.
    @Test func aKeyWithoutItsMessageIsRefused() async throws {
        try await Rig.with { rig in
            let ids = try await accepted(1, in: rig)
            try await rig.client.query("DELETE FROM gateway.message WHERE id = ANY (\(ids))")
            let refusal = await #expect(throws: GatewayRefusal.self) {
                try await rig.submit(Rig.text(to: "+16315550000")) { $0.idempotencyKey = "0" }
            }
            #expect(refusal?.httpStatus == 409)
            #expect(rig.meta.seen.count == 1)
        }
    }

    @Test func pairsAtRestAreDroppedAndThoseThatWereRefusedAreKeptForTenMinutes() async throws {
        try await Rig.with(sends: false) { rig in
            func put(_ address: String, seconds: Int, failures: Int = 0) async throws {
                try await rig.client.query(
                    """
                    INSERT INTO gateway.pair (sender, address, burst_at, in_burst, free_at, failures)
                    VALUES ('1', \(address), clock_timestamp(), 1, clock_timestamp() - make_interval(secs => \(Double(seconds))), \(failures)::int)
                    """)
            }
            func left() async throws -> [String] {
                try await rig.client.query("SELECT address FROM gateway.pair ORDER BY address").decode(String.self)
            }
            try await put("soon", seconds: -30)
            try await put("young", seconds: 30)
            try await put("rested", seconds: 90)
            try await put("refused", seconds: 90, failures: 1)
            try await put("refused long ago", seconds: 700, failures: 3)
            var pairs = RestingPairs()
            try await pairs.drop(rig.client)
            #expect(try await left() == ["refused", "soon", "young"])
            // What comes to rest after that is found; what turns up before it, by a later pass over everything.
            try await put("next", seconds: 60)
            try await put("behind", seconds: 90)
            try await pairs.drop(rig.client)
            #expect(try await left() == ["behind", "refused", "soon", "young"])
            pairs = RestingPairs()
            try await pairs.drop(rig.client)
            #expect(try await left() == ["refused", "soon", "young"])
        }
    }
}
