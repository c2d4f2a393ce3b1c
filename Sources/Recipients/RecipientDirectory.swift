public import Foundation
public import Postgres

/// Finds recipients by number or user id, and learns what Meta calls them.
public enum RecipientDirectory {
    /// What is known of recipients, in one statement. Those of whom nothing is known are absent: trusted, without a hash.
    ///
    /// A number finds the `wa_id` Meta gave for it, else its own digits, else the other form of a Brazilian, Mexican or Argentinian
    /// account. Where several rows match, one that is `changed` or opted out decides.
    public static func lookup(_ recipients: [RecipientKey], on db: some PostgresExecutor) async throws -> [RecipientKey: RecipientState] {
        guard let lookup = RecipientLookup(recipients) else { return [:] }
        return try lookup.states(try await db.query(lookup.query))
    }

    /// What is known of recipients of one sender, by address.
    public static func lookup(
        _ addresses: [String], sender phoneNumberID: String, on db: some PostgresExecutor
    ) async throws -> [String: RecipientState] {
        let states = try await lookup(addresses.map { RecipientKey(phoneNumberID: phoneNumberID, address: $0) }, on: db)
        return Dictionary(states.map { ($0.key.address, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// Which of these digits are the `wa_id` of somebody this sender knows; for reading numbers that came without a plus.
    public static func knownWaIDs(
        _ digits: [String], sender phoneNumberID: String, on db: some PostgresExecutor
    ) async throws -> Set<String> {
        let usable = digits.filter(Bounds.fits)
        guard !usable.isEmpty else { return [] }
        return try await Set(
            db.query("SELECT wa_id FROM recipients.contact WHERE wa_id = ANY (\(usable)) AND phone_number_id = \(phoneNumberID)")
                .decode(String.self))
    }

    /// What Meta answered to a send.
    public struct Answer: Sendable {
        public var phoneNumberID: String
        /// The number the message went to, E.164.
        public var number: String
        /// `contacts[].wa_id` of the answer, or `recipient_id` of a status.
        public var waID: String
        public var userID: String?
        public var at: Date

        public init(phoneNumberID: String, number: String, waID: String, userID: String? = nil, at: Date) {
            self.phoneNumberID = phoneNumberID
            self.number = number
            self.waID = waID
            self.userID = userID
            self.at = at
        }
    }

    /// Learns the `wa_id`s of numbers. Answers that are known already cost one read and no lock; those that cannot be stored are left out.
    public static func learn(_ answers: [Answer], on db: some PostgresExecutor) async throws {
        let good = answers.filter {
            [$0.phoneNumberID, $0.number, $0.waID].allSatisfy(Bounds.fits) && ($0.userID.map(Bounds.fits) ?? true)
        }
        guard !good.isEmpty else { return }
        try await db.query(
            """
            SELECT recipients.learn(\(good.map(\.phoneNumberID)), \(good.map(\.number)), \(good.map(\.waID)), \(good.map(\.userID)),
                \(good.map(\.at)))
            """)
    }
}

extension RecipientState {
    /// The better match, with the worse of the two trusts and the wider of the two opt-outs.
    func joined(with other: RecipientState) -> RecipientState {
        var joined = self
        if trust == .trusted, other.trust == .changed {
            (joined.trust, joined.cause, joined.changedAt) = (other.trust, other.cause, other.changedAt)
        }
        if other.optOut == .all || optOut == nil { joined.optOut = other.optOut }
        return joined
    }
}
