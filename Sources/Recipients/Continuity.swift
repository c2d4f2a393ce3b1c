public import Foundation
public import Postgres

/// What goes with a number to its new `phone_number_id` after a cut-over.
///
/// Meta does not say whether an identity hash means the same under the new id. So hashes stay behind until test recipients, observed under
/// both ids, have shown it.
public enum Continuity {
    /// Whether hashes were proved to mean the same.
    public enum Verdict: String, Sendable, Codable {
        /// At least one test recipient has the same hash under both ids, and none another.
        case matched
        /// At least one has another hash.
        case differing
        /// None has been observed under both ids yet.
        case unproven
    }

    /// The comparison of test recipients.
    public struct Probe: Sendable, Equatable, Codable {
        public var verdict: Verdict
        /// Test recipients with the same hash under both ids.
        public var matched: [String]
        public var differing: [String]
        /// Not observed under one of the two, or not trusted under the old one.
        public var missing: [String]

        init(matched: [String], differing: [String], missing: [String]) {
            self.matched = matched
            self.differing = differing
            self.missing = missing
            verdict = !differing.isEmpty ? .differing : matched.isEmpty ? .unproven : .matched
        }
    }

    /// What was carried.
    public struct Report: Sendable, Equatable, Codable {
        public var probe: Probe
        /// Recipients known under both ids now.
        public var contacts: Int
        /// Hashes copied by this call; 0 unless the probe matched.
        public var hashes: Int
        /// Recipients whose hash under the new id is another one, when the probe matched.
        public var differing: Int
    }

    /// Compares the hashes of test recipients (E.164) under the old and the new id.
    public static func probe(
        from old: String, to new: String, testRecipients: [String], on db: some PostgresExecutor
    ) async throws -> Probe {
        let before = try await RecipientDirectory.lookup(testRecipients, sender: old, on: db)
        let after = try await RecipientDirectory.lookup(testRecipients, sender: new, on: db)
        var (matched, differing, missing): ([String], [String], [String]) = ([], [], [])
        for recipient in Set(testRecipients).sorted() {
            guard let one = before[recipient]?.hashToAttach, let other = after[recipient]?.hash else {
                missing.append(recipient)
                continue
            }
            if one == other { matched.append(recipient) } else { differing.append(recipient) }
        }
        return Probe(matched: matched, differing: differing, missing: missing)
    }

    /// Makes what is known under the old id known under the new one: aliases, opt-outs and distrust always, hashes only when the probe
    /// matched. What the new id has observed itself is kept. May be repeated: at the cut-over, unproven, and again once it matched.
    /// - Parameter senderEnforces: whether a recipient with another hash under the new id becomes `changed`.
    public static func carryOver(
        from old: String, to new: String, probe: Probe, senderEnforces: Bool, at: Date, on db: some PostgresExecutor
    ) async throws -> Report {
        guard old != new, Bounds.fits(old), Bounds.fits(new) else {
            throw RecipientError(.badValue, "a carry-over needs two different phone number ids")
        }
        let rows = try await db.query(
            """
            WITH carried AS (
                SELECT * FROM recipients.carry_over(\(old), \(new), \(probe.verdict == .matched), \(senderEnforces), \(at))),
            noted AS (
                INSERT INTO recipients.continuity AS c
                    (old_phone_number_id, new_phone_number_id, verdict, matched, differing, missing, contacts, hashes, decided_at)
                SELECT \(old), \(new), \(probe.verdict.rawValue), \(probe.matched.count), \(probe.differing.count), \(probe.missing.count),
                    contacts, hashes, \(at) FROM carried
                ON CONFLICT (old_phone_number_id, new_phone_number_id) DO UPDATE SET verdict = EXCLUDED.verdict, matched = EXCLUDED.matched,
                    differing = EXCLUDED.differing, missing = EXCLUDED.missing, contacts = EXCLUDED.contacts,
                    hashes = c.hashes + EXCLUDED.hashes, decided_at = EXCLUDED.decided_at)
            SELECT contacts, hashes, differing FROM carried
            """)
        let counts = try rows.decode((Int, Int, Int).self).first ?? (0, 0, 0)
        return Report(probe: probe, contacts: counts.0, hashes: counts.1, differing: counts.2)
    }
}
