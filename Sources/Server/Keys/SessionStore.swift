import CloudAPI
import Credentials
import Foundation
import Postgres

/// Logins of operators: an API key with scope `read`, shown once, stands for a cookie.
struct SessionStore: Sendable {
    static let cookie = "relevo_session"
    let client: PostgresClient
    let keys: APIKeyStore
    let lifetime: Duration

    /// Opens a session; nil when the key is not valid or may not read.
    func open(key shown: Secret) async throws -> (token: Secret, key: APIKey)? {
        guard let key = try await keys.authenticate(shown), key.allows(.read) else { return nil }
        let token = RandomToken.make()
        let seconds = lifetime / .seconds(1)
        try await client.withTransaction { db in
            try await db.query(
                """
                WITH old AS (SELECT token_hash FROM server.session WHERE expires_at < clock_timestamp() LIMIT 100)
                DELETE FROM server.session s USING old WHERE s.token_hash = old.token_hash
                """)
            try await db.query(
                """
                INSERT INTO server.session (token_hash, key_id, expires_at)
                VALUES (\(SecretHash(of: token).bytes), \(key.id), clock_timestamp() + make_interval(secs => \(seconds)))
                """)
            try await Audit.record("logged in", by: key.actor, on: db)
        }
        return (token, key)
    }

    /// The key behind a cookie; nil when it has expired or its key was revoked.
    func key(of token: String) async throws -> APIKey? {
        guard RandomToken.isPlausible(token) else { return nil }
        let columns = APIKeyStore.columns.split(separator: ", ").map { "k.\($0)" }.joined(separator: ", ")
        return try await client.query(
            """
            SELECT \(unescaped: columns) FROM server.session s JOIN server.api_key k ON k.id = s.key_id
            WHERE s.token_hash = \(SecretHash(of: Secret(token)).bytes) AND s.expires_at > clock_timestamp() AND k.revoked_at IS NULL
            """
        ).first.map(APIKeyStore.read)
    }

    func close(_ token: String) async throws {
        guard RandomToken.isPlausible(token) else { return }
        try await client.query("DELETE FROM server.session WHERE token_hash = \(SecretHash(of: Secret(token)).bytes)")
    }
}
