package import Postgres

/// One migration at a time, across processes.
///
/// Polled, never waited for inside the server: a statement that waits holds a snapshot, and `CREATE INDEX CONCURRENTLY` in the holder
/// would wait for that snapshot: a deadlock.
package struct MigrationLock {
    private let key: Int64
    private let wait: Duration

    /// - Parameter key: the default is "relevo" in ASCII; test databases are prepared under another.
    package init(key: Int64 = 0x72_65_6C_65_76_6F, wait: Duration) {
        self.key = key
        self.wait = wait
    }

    /// Runs `body` while `connection` holds the lock. Throws `SchemaError` with `.locked` when `wait` is over.
    package func hold<T>(on connection: PostgresConnection, _ body: () async throws -> T) async throws -> T {
        let clock = ContinuousClock()
        let deadline = clock.now + wait
        while try await connection.query("SELECT pg_try_advisory_lock(\(key))").decodeFirst(Bool.self) != true {
            guard clock.now < deadline else {
                throw SchemaError(
                    .locked, files: [], "another process has been migrating the database for more than \(wait); try again when it is done")
            }
            try await Task.sleep(for: .milliseconds(Int64.random(in: 50...150)))
        }
        do {
            let value = try await body()
            try await connection.query("SELECT pg_advisory_unlock(\(key))")
            return value
        } catch {
            // The lock ends with the connection in any case; the body's error is the one to tell.
            _ = try? await connection.query("SELECT pg_advisory_unlock(\(key))")
            throw error
        }
    }
}
