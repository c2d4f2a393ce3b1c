public import CloudAPI
import Foundation
public import Postgres
import Synchronization

/// Access tokens and the WABAs they serve. At most one credential names a WABA, at most one serves all others.
public final class CredentialStore: Sendable {
    /// Seals and opens; for other owners' secrets too.
    public let vault: Vault
    private let client: PostgresClient
    private let cache: Mutex<TokenCache>
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter freshness: how soon a change made by another process is seen.
    public convenience init(vault: Vault, client: PostgresClient, freshness: Duration = .seconds(2)) {
        self.init(vault: vault, client: client, freshness: freshness, capacity: 10_000, now: { ContinuousClock.now })
    }

    init(
        vault: Vault, client: PostgresClient, freshness: Duration, capacity: Int, now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.vault = vault
        self.client = client
        self.now = now
        cache = Mutex(TokenCache(capacity: capacity, freshness: freshness))
    }

    // MARK: - Change

    /// Stores a token.
    /// - Parameter wabaIDs: the WABAs it serves; empty for every WABA that no other credential names.
    /// - Throws: `CredentialError` `.badValue`, `.nameTaken`, `.wabaTaken`.
    @discardableResult
    public func add(name: String, token: Secret, wabaIDs: [String] = []) async throws -> StoredCredential {
        let (name, token, wabas) = (try CredentialInput.name(name), try CredentialInput.token(token), try CredentialInput.wabas(wabaIDs))
        let id = UUID()
        let sealed = try vault.seal(token, for: Self.place(id, version: 1))
        return try await change(name: name) { connection in
            try await connection.query(
                """
                INSERT INTO credentials.credential (id, name, every_waba, sealed, key_id)
                VALUES (\(id), \(name), \(wabas.isEmpty), \(sealed), \(vault.keyID))
                """)
            try await Self.assign(wabas, to: id, on: connection)
        }
    }

    /// Replaces the token. Other processes use the new one within seconds. Throws `.badValue`, `.notFound`.
    @discardableResult
    public func rotate(name: String, token: Secret) async throws -> StoredCredential {
        let token = try CredentialInput.token(token)
        return try await change(name: name) { connection in
            let (id, version) = try await Self.lock(name, on: connection)
            let sealed = try vault.seal(token, for: Self.place(id, version: version + 1))
            try await connection.query(
                """
                UPDATE credentials.credential
                SET sealed = \(sealed), version = \(version + 1), key_id = \(vault.keyID), rotated_at = clock_timestamp()
                WHERE id = \(id)
                """)
        }
    }

    /// Replaces the list of WABAs; empty for every WABA that no other credential names. Throws `.badValue`, `.notFound`, `.wabaTaken`.
    @discardableResult
    public func assign(name: String, wabaIDs: [String]) async throws -> StoredCredential {
        let wabas = try CredentialInput.wabas(wabaIDs)
        return try await change(name: name) { connection in
            let (id, _) = try await Self.lock(name, on: connection)
            try await connection.query("UPDATE credentials.credential SET every_waba = \(wabas.isEmpty) WHERE id = \(id)")
            try await connection.query("DELETE FROM credentials.waba WHERE credential_id = \(id) AND waba_id <> ALL (\(wabas))")
            try await Self.assign(wabas, to: id, on: connection)
        }
    }

    /// Forgets a token. Throws `.notFound`.
    public func remove(name: String) async throws {
        let removed = try await client.query("DELETE FROM credentials.credential WHERE name = \(name)").affectedRows
        cache.withLock { $0.clear() }
        guard removed > 0 else { throw Self.missing(name) }
    }

    /// Seals every token that is under an older master key again under the newest; returns how many.
    public func reseal() async throws -> Int {
        try await client.withTransaction { connection in
            let rows = try await connection.query(
                "SELECT id, version, sealed FROM credentials.credential WHERE key_id <> \(vault.keyID) ORDER BY id FOR UPDATE"
            ).decode((UUID, Int32, Data).self)
            for (id, version, sealed) in rows {
                let place = Self.place(id, version: version)
                let again = try vault.seal(vault.open(sealed, for: place), for: place)
                try await connection.query("UPDATE credentials.credential SET sealed = \(again), key_id = \(vault.keyID) WHERE id = \(id)")
            }
            return rows.count
        }
    }

    // MARK: - Read

    /// Every credential, by name. No token is opened.
    public func list() async throws -> [StoredCredential] { try await Self.read(name: nil, on: client) }

    /// The token that serves a WABA: the one that names it, else the one for every WABA. Throws `.noCredential`, `.unknownKey`, `.damaged`.
    public func token(forWABA waba: String) async throws -> Secret {
        while true {
            let asked = now()
            let (answer, revision) = cache.withLock { ($0.lookUp(waba, now: asked), $0.currentRevision) }
            switch answer {
            case .token(let token): return token
            case .compare:
                let value = try await client.query("SELECT value FROM credentials.revision").decodeFirst(UUID.self)
                guard let value else { throw CredentialError(.damaged, "credentials.revision is empty; restore its row") }
                // Asked again after a slow answer: what was read is used once rather than compared for ever.
                let finished = now()
                cache.withLock { $0.compared(value, asked: asked) }
                let stale = cache.withLock { if case .compare = $0.lookUp(waba, now: finished) { true } else { false } }
                if stale { return try await load(waba) }
            case .load:
                let token = try await load(waba)
                cache.withLock { $0.insert(token, waba: waba, revision: revision) }
                return token
            }
        }
    }

    /// The token of a credential by its name, for checks. Throws `.notFound`, `.unknownKey`, `.damaged`.
    public func token(named name: String) async throws -> Secret {
        let row = try await client.query("SELECT id, version, sealed FROM credentials.credential WHERE name = \(name)")
            .decodeFirst((UUID, Int32, Data).self)
        guard let (id, version, sealed) = row else { throw Self.missing(name) }
        return try vault.open(sealed, for: Self.place(id, version: version))
    }

    /// Drops what is held in memory, as after Meta has refused a token.
    public func forget() { cache.withLock { $0.clear() } }

    /// Opens every stored token, so that a missing master key shows at start. Throws the first `.unknownKey` or `.damaged`.
    public func check() async throws {
        let rows = try await client.query("SELECT id, version, sealed FROM credentials.credential ORDER BY name")
        for (id, version, sealed) in try rows.decode((UUID, Int32, Data).self) {
            _ = try vault.open(sealed, for: Self.place(id, version: version))
        }
    }

    // MARK: - Inside

    private func load(_ waba: String) async throws -> Secret {
        let row = try await client.query(
            """
            SELECT id, version, sealed FROM credentials.credential
            WHERE id = coalesce(
                (SELECT credential_id FROM credentials.waba WHERE waba_id = \(waba)),
                (SELECT id FROM credentials.credential WHERE every_waba))
            """
        ).decodeFirst((UUID, Int32, Data).self)
        guard let (id, version, sealed) = row else {
            throw CredentialError(.noCredential, "no credential serves WABA \(waba); add one with `relevo credential add`")
        }
        return try vault.open(sealed, for: Self.place(id, version: version))
    }

    private func change(name: String, _ body: (PostgresConnection) async throws -> Void) async throws -> StoredCredential {
        defer { cache.withLock { $0.clear() } }
        do {
            return try await client.withTransaction { connection in
                try await body(connection)
                guard let stored = try await Self.read(name: name, on: connection).first else { throw Self.missing(name) }
                return stored
            }
        } catch let error as PostgresError where error.isUniqueViolation() {
            switch error.constraint {
            case "credential_name_key":
                throw CredentialError(
                    .nameTaken, "a credential named \(name.debugDescription) exists; `relevo credential rotate` replaces its token")
            case "credential_every_waba":
                throw CredentialError(.wabaTaken, "another credential already serves every WABA; name the WABAs of this one")
            case "waba_pkey":
                throw CredentialError(.wabaTaken, "another credential already names one of these WABAs; see `relevo credential list`")
            default: throw error
            }
        }
    }

    private static func assign(_ wabas: [String], to id: UUID, on connection: PostgresConnection) async throws {
        // A WABA this credential already has stays; one that another has violates the key.
        try await connection.query(
            """
            INSERT INTO credentials.waba (waba_id, credential_id)
            SELECT n, \(id) FROM unnest(\(wabas)) AS n
            WHERE NOT EXISTS (SELECT FROM credentials.waba w WHERE w.waba_id = n AND w.credential_id = \(id))
            ORDER BY n
            """)
    }

    private static func lock(_ name: String, on connection: PostgresConnection) async throws -> (id: UUID, version: Int32) {
        let row = try await connection.query("SELECT id, version FROM credentials.credential WHERE name = \(name) FOR UPDATE")
            .decodeFirst((UUID, Int32).self)
        guard let (id, version) = row else { throw missing(name) }
        return (id, version)
    }

    private static func read(name: String?, on db: some PostgresExecutor) async throws -> [StoredCredential] {
        let names = name.map { [$0] } ?? []
        return try await db.query(
            """
            SELECT id, name, every_waba, key_id, created_at, rotated_at,
                ARRAY(SELECT waba_id FROM credentials.waba WHERE credential_id = c.id ORDER BY waba_id COLLATE "C")
            FROM credentials.credential c WHERE cardinality(\(names)) = 0 OR name = ANY (\(names)) ORDER BY name COLLATE "C"
            """
        ).decode((UUID, String, Bool, String, Date, Date?, [String]).self).map { id, name, every, key, created, rotated, wabas in
            StoredCredential(
                id: id, name: name, wabaIDs: wabas, everyWABA: every, keyID: key, createdAt: created, rotatedAt: rotated)
        }
    }

    private static func place(_ id: UUID, version: Int32) -> String { "credentials.credential \(id.uuidString) version \(version)" }

    private static func missing(_ name: String) -> CredentialError {
        CredentialError(.notFound, "there is no credential named \(name.prefix(100).debugDescription); see `relevo credential list`")
    }
}
