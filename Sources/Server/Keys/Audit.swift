public import Foundation
public import Postgres

/// What people did through the API, the pages or a command.
public enum Audit {
    public struct Entry: Encodable, Sendable, Equatable {
        public var at: Date
        public var actor: String
        public var action: String
        public var subject: String?
        public var detail: String?
    }

    /// Writes down an action. Give no secret.
    public static func record(
        _ action: String, subject: String? = nil, detail: String? = nil, by actor: String, on db: some PostgresExecutor
    ) async throws {
        // Text from a request may hold U+0000, which PostgreSQL does not take.
        func clean(_ text: String?) -> String? { text.map { String($0.replacing("\0", with: "\u{FFFD}").prefix(500)) } }
        try await db.query(
            """
            INSERT INTO server.audit (actor, action, subject, detail)
            VALUES (\(clean(actor) ?? ""), \(clean(action) ?? ""), \(clean(subject)), \(clean(detail)))
            """)
    }

    /// Newest first.
    public static func list(limit: Int = 100, on db: some PostgresExecutor) async throws -> [Entry] {
        try await db.query("SELECT at, actor, action, subject, detail FROM server.audit ORDER BY id DESC LIMIT \(max(1, min(limit, 1000)))")
            .decode((Date, String, String, String?, String?).self)
            .map { Entry(at: $0.0, actor: $0.1, action: $0.2, subject: $0.3, detail: $0.4) }
    }
}
