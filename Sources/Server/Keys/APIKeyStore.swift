public import CloudAPI
import Credentials
public import Foundation
public import Postgres
import Synchronization

/// API keys: made, listed, revoked, and checked on every request.
public final class APIKeyStore: Sendable {
    /// What every key begins with, so that a scanner can find a leaked one.
    public static let prefix = "rlv_"

    private let client: PostgresClient
    /// How long a change made by another process may go unseen.
    private let freshness: Duration
    private let cache = Mutex(KeyCache(capacity: 10_000))

    public init(client: PostgresClient, freshness: Duration = .seconds(2)) {
        self.client = client
        self.freshness = freshness
    }

    /// Makes a key. It is returned here and never again. One bound to a client sees that client's senders only, and nothing of the fleet.
    ///
    /// Throws `ServerError` `.badValue` for an empty name or no scope, `.nameTaken` when a valid key has the name.
    public func create(name: String, scopes: Set<APIScope>, clientID: String? = nil, by: String) async throws -> (
        key: Secret, stored: APIKey
    ) {
        let name = name.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !name.isEmpty, name.count <= 100, !name.utf8.contains(where: { $0 < 32 }) else {
            throw ServerError(.badValue, "a key needs a name of 1 to 100 characters")
        }
        guard !scopes.isEmpty else { throw ServerError(.badValue, "a key needs at least one scope: send, read, plan, admin") }
        let key = RandomToken.make(prefix: Self.prefix)
        let (id, hash, hint) = (UUID(), SecretHash(of: key), String(key.reveal().prefix(8)))
        let names = APIScope.allCases.filter(scopes.contains).map(\.rawValue)
        do {
            try await client.withTransaction { db in
                try await db.query(
                    """
                    INSERT INTO server.api_key (id, name, key_hash, hint, scopes, client_id, created_by)
                    VALUES (\(id), \(name), \(hash.bytes), \(hint), \(names), \(clientID), \(by))
                    """)
                try await Audit.record("key created", subject: name, detail: names.joined(separator: " "), by: by, on: db)
            }
        } catch let error as PostgresError where error.isUniqueViolation(of: "api_key_name") {
            throw ServerError(.nameTaken, "a key named \(name.debugDescription) exists; revoke it first or choose another name")
        }
        guard let stored = try await read(id: id) else { throw ServerError(.notFound, "the new key cannot be read back") }
        return (key, stored)
    }

    /// Every key, valid ones first.
    public func list() async throws -> [APIKey] {
        try await client.query(
            "SELECT \(unescaped: Self.columns) FROM server.api_key ORDER BY revoked_at IS NOT NULL, name, created_at LIMIT 10000"
        ).map(Self.read)
    }

    /// Revokes a valid key by name or id, and ends its sessions. Other processes follow within seconds. Throws `.notFound`.
    @discardableResult
    public func revoke(_ nameOrID: String, by: String) async throws -> APIKey {
        defer { cache.withLock { $0.clear() } }
        return try await client.withTransaction { db in
            let row = try await db.query(
                """
                UPDATE server.api_key SET revoked_by = \(by), revoked_at = clock_timestamp()
                WHERE revoked_at IS NULL AND (name = \(nameOrID) OR id::text = \(nameOrID.lowercased()))
                RETURNING \(unescaped: Self.columns)
                """
            ).first
            guard let row else {
                throw ServerError(.notFound, "no valid key is named \(nameOrID.prefix(100).debugDescription); relevo key list shows them")
            }
            let key = try Self.read(row)
            try await db.query("DELETE FROM server.session WHERE key_id = \(key.id)")
            try await Audit.record("key revoked", subject: key.name, by: by, on: db)
            return key
        }
    }

    /// The valid key a caller showed; nil for any other text.
    public func authenticate(_ shown: Secret) async throws -> APIKey? {
        guard RandomToken.isPlausible(shown.reveal(), prefix: Self.prefix) else { return nil }
        let hash = SecretHash(of: shown)
        let now = ContinuousClock.now
        if let known = cache.withLock({ $0.look(hash.bytes, now: now) }) { return known.key }
        let row = try await client.query(
            """
            SELECT \(unescaped: Self.columns), key_hash FROM server.api_key WHERE key_hash = \(hash.bytes) AND revoked_at IS NULL
            """
        ).first
        // The index has found it by its hash; the comparison here does not depend on where two hashes differ.
        let key = try row.flatMap { row in
            SecretHash(bytes: try row.decode(column: "key_hash", as: Data.self)) == hash ? try Self.read(row) : nil
        }
        cache.withLock { $0.keep(hash.bytes, key, until: now + freshness) }
        return key
    }

    private func read(id: UUID) async throws -> APIKey? {
        try await client.query("SELECT \(unescaped: Self.columns) FROM server.api_key WHERE id = \(id)").first.map(Self.read)
    }

    static let columns = "id, name, hint, scopes, client_id, created_by, created_at, revoked_by, revoked_at"

    static func read(_ row: PostgresRow) throws -> APIKey {
        APIKey(
            id: try row.decode(column: "id"), name: try row.decode(column: "name"), hint: try row.decode(column: "hint"),
            scopes: try row.decode(column: "scopes", as: [String].self).compactMap(APIScope.init),
            clientID: try row.decode(column: "client_id"),
            createdBy: try row.decode(column: "created_by"), createdAt: try row.decode(column: "created_at"),
            revokedBy: try row.decode(column: "revoked_by"), revokedAt: try row.decode(column: "revoked_at"))
    }
}

/// Answers of the last seconds, by the hash of what was shown; wrong keys too, so that one cannot be used to ask the database at will.
private struct KeyCache {
    let capacity: Int
    private var entries: [Data: (key: APIKey?, until: ContinuousClock.Instant)] = [:]

    init(capacity: Int) { self.capacity = capacity }

    func look(_ hash: Data, now: ContinuousClock.Instant) -> (key: APIKey?, until: ContinuousClock.Instant)? {
        entries[hash].flatMap { $0.until > now ? $0 : nil }
    }

    mutating func keep(_ hash: Data, _ key: APIKey?, until: ContinuousClock.Instant) {
        if entries.count >= capacity { entries.removeAll(keepingCapacity: true) }
        entries[hash] = (key, until)
    }

    mutating func clear() { entries.removeAll() }
}
