import Foundation
import Postgres
import TestSupport
import Testing

@testable import Gateway

@Suite struct RetentionTests {
    /// As if it had been handed in so many days ago: the time is in its id.
    private func age(_ id: UUID, days: Double, in rig: Rig) async throws -> UUID {
        let milliseconds = UInt64((Date().timeIntervalSince1970 - days * 86400) * 1000)
        let hex = String(milliseconds, radix: 16)
        let digits = String(repeating: "0", count: 12 - hex.count) + hex
        let text = "\(digits.prefix(8))-\(digits.suffix(4))\(id.uuidString.dropFirst(13))"
        let old = try #require(UUID(uuidString: text))
        for (table, column) in [("message", "id"), ("event", "message_id"), ("wamid", "message_id")] {
            try await rig.client.query(
                PostgresQuery(unsafeSQL: "UPDATE gateway.\(table) SET \(column) = '\(old)' WHERE \(column) = '\(id)'"))
        }
        return old
    }

    @Test func whatHasComeToAnEndIsForgottenAndNothingElse() async throws {
        var settings = GatewaySettings()
        settings.retentionDays = 30
        try await Rig.with(settings: settings) { rig in
            var ids: [UUID] = []
            for index in 0..<6 {
                let receipt = try await rig.submit(Rig.text(to: "+1631555000\(index)"))
                try await rig.reach(receipt.id, .accepted)
                ids.append(receipt.id)
            }
            try await eventually("all has ended") { try await rig.client.query("SELECT FROM jobs.attempt").isEmpty }
            ids[0] = try await age(ids[0], days: 29.9, in: rig)
            for index in 1..<6 { ids[index] = try await age(ids[index], days: 30.1, in: rig) }
            for (index, change) in [
                "state = 'queued'", "state = 'failed', reason_code = '137000'", "state = 'unknown'", "needs_person = true",
            ].enumerated() {
                try await rig.client.query(PostgresQuery(unsafeSQL: "UPDATE gateway.message SET \(change) WHERE id = '\(ids[index + 1])'"))
            }
            #expect(try await rig.gateway.housekeeper.round().forgotten == 1)
            #expect(try await rig.gateway.housekeeper.round().forgotten == 0)
            for (table, column) in [("message", "id"), ("event", "message_id"), ("wamid", "message_id")] {
                let left = try await rig.client.query(PostgresQuery(unsafeSQL: "SELECT DISTINCT \(column) FROM gateway.\(table)")).decode(
                    UUID.self)
                #expect(Set(left) == Set(ids.dropLast()), "\(table)")
            }
        }
    }
}
