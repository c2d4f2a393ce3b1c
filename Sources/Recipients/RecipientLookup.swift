import Foundation
public import Postgres

/// The statement that finds recipients, for a caller who runs it together with others.
public struct RecipientLookup: Sendable {
    private let keys: [RecipientKey]
    /// One row a recipient and account of whom something is known.
    public let query: PostgresQuery

    /// Nil when nobody is asked for who can be known.
    public init?(_ recipients: [RecipientKey]) {
        keys = Array(Set(recipients))
        var numbers: [(place: Int, sender: String, waID: String, rank: Int)] = []
        var names: [(place: Int, sender: String, text: String)] = []
        for (place, key) in keys.enumerated() {
            guard let address = Address(key.address), Bounds.fits(key.phoneNumberID) else { continue }
            names.append((place, key.phoneNumberID, address.text))
            for (rank, waID) in address.waIDs.enumerated() { numbers.append((place, key.phoneNumberID, waID, rank + 1)) }
        }
        if names.isEmpty { return nil }
        query = """
            SELECT place, wa_id, user_id, hash, trust, cause, changed_at, learning, opt_out
            FROM recipients.lookup(\(names.map(\.place)), \(names.map(\.sender)), \(names.map(\.text)),
                \(numbers.map(\.place)), \(numbers.map(\.sender)), \(numbers.map(\.waID)), \(numbers.map(\.rank)))
            """
    }

    /// Reads the answer to `query`.
    public func states(_ rows: PostgresRows) throws -> [RecipientKey: RecipientState] {
        var states: [RecipientKey: RecipientState] = [:]
        for row in try rows.decode((Int, String?, String?, String?, String, String?, Date?, Bool, String?).self) {
            let state = RecipientState(
                waID: row.1, userID: row.2, hash: row.3, trust: Trust(rawValue: row.4) ?? .changed, cause: row.5.map(TrustCause.init),
                changedAt: row.6, isLearning: row.7, optOut: row.8.flatMap(OptOutScope.init))
            states[keys[row.0]] = states[keys[row.0]]?.joined(with: state) ?? state
        }
        return states
    }
}
