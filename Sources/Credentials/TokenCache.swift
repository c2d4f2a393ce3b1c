import CloudAPI
import Foundation

/// Opened tokens by WABA, valid for one revision of the stored credentials. Pure: times are passed in.
struct TokenCache {
    enum Answer {
        /// Use it.
        case token(Secret)
        /// Read the revision first: nobody has for a while.
        case compare
        /// Read the token of this WABA.
        case load
    }

    /// Most tokens kept; a full cache starts afresh.
    let capacity: Int
    /// How old the last comparison may be.
    let freshness: Duration
    private var tokens: [String: Secret] = [:]
    private var revision: UUID?
    private var comparedAt: ContinuousClock.Instant?
    private var comparingSince: ContinuousClock.Instant?

    init(capacity: Int, freshness: Duration) {
        self.capacity = capacity
        self.freshness = freshness
    }

    var count: Int { tokens.count }

    /// Looks a WABA up. One caller is told to compare; meanwhile the others go on with what is there, for at most one more period.
    mutating func lookUp(_ waba: String, now: ContinuousClock.Instant) -> Answer {
        guard let comparedAt, now - comparedAt <= freshness * 2 else { return .compare }
        if now - comparedAt > freshness {
            guard let comparingSince, now - comparingSince <= freshness else {
                self.comparingSince = now
                return .compare
            }
        }
        return tokens[waba].map(Answer.token) ?? .load
    }

    /// Takes a revision that was read from `asked` on; another one than before empties the cache.
    mutating func compared(_ value: UUID, asked: ContinuousClock.Instant) {
        if let comparedAt, comparedAt > asked { return }
        if value != revision { tokens.removeAll() }
        revision = value
        comparedAt = asked
        comparingSince = nil
    }

    /// Keeps a token that was read after `revision` was.
    mutating func insert(_ token: Secret, waba: String, revision: UUID?) {
        guard revision == self.revision, revision != nil else { return }
        if tokens.count >= capacity { tokens.removeAll() }
        tokens[waba] = token
    }

    var currentRevision: UUID? { revision }

    /// Forgets everything, so that the next look-up reads the database.
    mutating func clear() {
        tokens.removeAll()
        comparedAt = nil
        comparingSince = nil
        revision = nil
    }
}
