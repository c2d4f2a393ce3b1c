import Foundation
import PhoneNumbers
import Postgres

/// Stores the recipients of a rebuild in batches.
struct RecipientLoader {
    let rebuild: Int64
    let region: String?
    let isMarketing: Bool
    let client: PostgresClient

    private(set) var stored = 0
    private var waiting = 0
    private var lines = 0
    private var positions: [Int32] = []
    private var addresses: [String] = []
    private var reasons: [String?] = []
    static let batch = 5_000
    static let longest = 150

    init(rebuild: Int64, region: String?, isMarketing: Bool, client: PostgresClient) {
        self.rebuild = rebuild
        self.region = region
        self.isMarketing = isMarketing
        self.client = client
    }

    /// Takes one line; empty ones are passed over. Throws `RebuildError.badRecipients` past the largest list.
    mutating func add(_ line: String) async throws {
        let text = line.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else { return }
        lines += 1
        guard lines <= RebuildRequest.mostRecipients else {
            throw RebuildError(.badRecipients, "a rebuild takes at most \(RebuildRequest.mostRecipients) recipients")
        }
        let (address, reason) = read(text)
        positions.append(Int32(lines))
        addresses.append(address)
        reasons.append(reason)
        if positions.count >= Self.batch { try await flush() }
    }

    /// Stores the rest; returns how many can be written to.
    mutating func finish() async throws -> Int {
        if !positions.isEmpty { try await flush() }
        return waiting
    }

    /// One spelling for each number, so that nobody is written to twice. What has no reading here is left to the gateway, which knows the
    /// sender's stored `wa_id`s; it refuses what it cannot read.
    private func read(_ text: String) -> (address: String, reason: String?) {
        guard text.utf8.count <= Self.longest, !text.utf8.contains(0) else {
            return (String(text.replacing("\u{0}", with: "").prefix(Self.longest / 4)), "not a number or user id: too long")
        }
        // A business-scoped user id: country, dot, letters and digits.
        if text.contains(/^[A-Z]{2}\.[A-Za-z0-9.]+$/) { return (text, nil) }
        let reading = PhoneNumberReader.read(text, region: region)
        guard reading.status == .ok, let e164 = reading.e164 else { return (text, nil) }
        // Meta has delivered no marketing templates to numbers of the United States since April 2025.
        let excluded = isMarketing && reading.region == "US"
        // A number that had neither plus nor region goes on as it is: with a plus it would look surer than it is.
        return (
            reading.rule == .onlyReading ? text : e164,
            excluded ? "Meta delivers no marketing templates to numbers of the United States" : nil
        )
    }

    private mutating func flush() async throws {
        let states = try await client.query(
            """
            INSERT INTO quality.recipient (rebuild_id, position, address, state, reason)
            SELECT \(rebuild), n.position, n.address, CASE WHEN n.reason IS NULL THEN 'waiting' ELSE 'refused' END, n.reason
            FROM unnest(\(positions), \(addresses), \(reasons)) AS n (position, address, reason)
            ON CONFLICT DO NOTHING RETURNING state
            """
        ).decode(String.self)
        stored += states.count
        waiting += states.count { $0 == "waiting" }
        positions.removeAll(keepingCapacity: true)
        addresses.removeAll(keepingCapacity: true)
        reasons.removeAll(keepingCapacity: true)
    }
}
