public import Foundation
public import Postgres

/// The identity hashes of recipients, and whether they are trusted. Every function is one statement and joins its caller's transaction.
///
/// Times are business time, the clock of Meta's webhooks. The newest observation wins whatever the order of arrival; the history keeps the
/// newest 200 events of each recipient, and every verification.
public enum IdentityLedger {
    /// Stores observations; returns what each did, in the order given. Repeats and late ones are harmless.
    public static func observe(_ observations: [IdentityObservation], on db: some PostgresExecutor) async throws -> [ObservationVerdict] {
        var verdicts = [ObservationVerdict](repeating: .refused, count: observations.count)
        let places = observations.indices.filter { observations[$0].isStorable }
        guard !places.isEmpty else { return verdicts }
        let good = places.map { observations[$0] }
        let rows = try await db.query(
            """
            SELECT place, verdict FROM recipients.observe(\(good.map(\.phoneNumberID)), \(good.map(\.waID)), \(good.map(\.userID)),
                \(good.map(\.hash)), \(good.map(\.source.rawValue)), \(good.map(\.at)), \(good.map(\.senderEnforces)))
            """)
        for (place, verdict) in try rows.decode((Int, String).self) {
            verdicts[places[place - 1]] = ObservationVerdict(rawValue: verdict) ?? .refused
        }
        return verdicts
    }

    /// Locks people who are known, until the caller's transaction ends, in the order in which `observe` locks: for transactions that observe more
    /// than once.
    public static func lock(_ people: [(phoneNumberID: String, waID: String?)], on db: PostgresConnection) async throws {
        let named = people.filter { Bounds.fits($0.phoneNumberID) && $0.waID.map(Bounds.fits) ?? false }
        guard !named.isEmpty else { return }
        try await db.query("SELECT recipients.lock_people(\(named.map(\.phoneNumberID)), \(named.map { $0.waID ?? "" }))")
    }

    /// What a 137000 meant.
    public enum MismatchVerdict: String, Sendable, Codable {
        /// The recipient is `changed` from now on.
        case changed
        /// They already were.
        case already
        /// A person has verified them since the message went out: nothing changes.
        case stale
    }

    /// Records that Meta refused a hash (137000).
    /// - Parameters:
    ///   - recipient: as the message was addressed.
    ///   - waID: `recipient_id` of the status, when there is one.
    ///   - hash: the hash that was attached, when known.
    ///   - at: the time of the failed status.
    public static func markChanged(
        _ recipient: RecipientKey, waID: String? = nil, hash: String? = nil, detail: String? = nil, at: Date, on db: some PostgresExecutor
    ) async throws -> MismatchVerdict {
        let address = try Address.checked(recipient.address)
        let waID = waID.flatMap { Bounds.fits($0) ? $0 : nil }
        let waIDs = (waID.map { [$0] } ?? []) + address.waIDs
        let hash = hash.flatMap { Bounds.fits($0) ? $0 : nil }
        let detail = detail.map { String($0.replacing("\u{0}", with: "").prefix(500)) }
        let rows = try await db.query(
            """
            SELECT recipients.mismatch(\(recipient.phoneNumberID), \(address.text), \(waIDs), \(waIDs.first),
                \(address.isNumber ? nil : address.text), \(hash), \(detail), \(at))
            """)
        return try rows.decodeFirst(String.self).flatMap(MismatchVerdict.init) ?? .changed
    }

    /// One sender's view of a recipient that was vouched for.
    public struct Verified: Sendable, Equatable, Codable {
        public var phoneNumberID: String
        public var waID: String?
        public var userID: String?
        /// Whether messages to them had been held.
        public var wasChanged: Bool

        private enum CodingKeys: String, CodingKey {
            case phoneNumberID = "phone_number_id"
            case waID = "wa_id"
            case userID = "user_id"
            case wasChanged = "was_changed"
        }
    }

    /// Records that a person has made sure, outside WhatsApp, who the recipient is. Those who were `changed` are trusted again; their next
    /// messages go without a hash, and the next observed hash is learned.
    /// - Parameters:
    ///   - address: a number in E.164, or a user id.
    ///   - senders: the `phone_number_id`s to verify for; nil for every sender that knows the recipient.
    ///   - how: what was done (`called back on the number in the contract`), 1 to 500 characters.
    ///   - by: who did it.
    ///   - at: business time.
    /// - Returns: one for each sender that knows the recipient; empty when none does.
    public static func verify(
        _ address: String, senders: [String]? = nil, how: String, by: String, at: Date, on db: some PostgresExecutor
    ) async throws -> [Verified] {
        let address = try Address.checked(address)
        let (how, by) = (try text(how, "how the recipient was verified"), try text(by, "who verified the recipient"))
        return try await db.query(
            """
            SELECT sender, wa_id, user_id, was_changed
            FROM recipients.verify(\(senders), \(address.text), \(address.waIDs), \(by), \(how), \(at))
            """
        ).decode((String, String?, String?, Bool).self).map {
            Verified(phoneNumberID: $0, waID: $1, userID: $2, wasChanged: $3)
        }
    }

    /// Records Meta's word that a person has changed their number (`user_changed_number`) or only their user id (`user_changed_user_id`):
    /// what they left becomes `changed`, and their opt-outs follow them.
    public static func numberChanged(
        phoneNumberID: String, oldWaID: String?, oldUserID: String?, newWaID: String?, newUserID: String?, at: Date,
        on db: some PostgresExecutor
    ) async throws {
        let names = [oldWaID, oldUserID, newWaID, newUserID].map { $0.flatMap { Bounds.fits($0) ? $0 : nil } }
        guard names[0] != nil || names[1] != nil else { return }
        try await db.query(
            "SELECT recipients.number_changed(\(phoneNumberID), \(names[0]), \(names[1]), \(names[2]), \(names[3]), \(at))")
    }

    private static func text(_ value: String, _ what: String) throws -> String {
        let trimmed = value.trimmingCharacters(in: .whitespacesAndNewlines)
        guard (1...500).contains(trimmed.count), !trimmed.utf8.contains(0) else {
            throw RecipientError(.badValue, "\(what) takes 1 to 500 characters")
        }
        return trimmed
    }
}
