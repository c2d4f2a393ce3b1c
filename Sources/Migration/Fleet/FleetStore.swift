public import Fleet
public import Foundation
public import Postgres
import Templates

/// One import of a fleet file.
public struct FleetRevision: Encodable, Sendable, Equatable {
    public var id: Int64
    public var importedAt: Date
    public var importedBy: String
    public var fileName: String
    /// Rows in force after the import.
    public var rows: Int
    public var added: Int
    public var changed: Int
    public var removed: Int
    public var rejected: Int

    private enum CodingKeys: String, CodingKey {
        case id, importedAt = "imported_at", importedBy = "imported_by", fileName = "file_name", rows, added, changed, removed, rejected
    }
}

/// What an import did.
public struct FleetImport: Sendable {
    public var revision: FleetRevision
    /// Nothing differed from the stored fleet, so no new revision was made.
    public var unchanged: Bool
    public var added: [String]
    public var changed: [String]
    public var removed: [String]
    public var problems: [FleetProblem]
}

/// The stored fleet: a list of revisions, each the whole file.
public struct FleetStore: Sendable {
    let client: PostgresClient

    public init(client: PostgresClient) { self.client = client }

    /// Stores a file as a new revision. The file is the whole fleet: a row it does not hold is no longer part of it.
    ///
    /// Throws `MigrationError.rejectedRows` when the file has problems and `acceptGoodRows` is false, and `.emptyFleet` when no row is good.
    public func importFile(_ file: FleetFile, name: String, by: String, acceptGoodRows: Bool = false) async throws -> FleetImport {
        let rejected = Set(file.problems.map(\.line)).count
        if !file.problems.isEmpty && !acceptGoodRows {
            throw MigrationError(
                .rejectedRows,
                "\(name): \(file.problems.count) problems on \(rejected) lines; nothing was imported. Correct them, or import the good rows with --accept-good-rows"
            )
        }
        if file.rows.isEmpty { throw MigrationError(.emptyFleet, "\(name) holds no good row; nothing was imported") }
        let problems = String(decoding: try JSONEncoder().encode(file.problems), as: UTF8.self)
        let rows = try file.rows.map { (row: $0, fields: try StoredRow.text($0.fields)) }
        return try await client.withTransaction { db in
            try await db.query("LOCK TABLE migration.fleet_revision IN SHARE ROW EXCLUSIVE MODE")
            let stored = Dictionary(
                uniqueKeysWithValues: try await db.query(
                    "SELECT row_ref, content_hash FROM migration.fleet_row WHERE last_revision IS NULL"
                )
                .decode((String, String).self))
            let hashes = Dictionary(rows.map { ($0.row.rowRef, TextHash.of($0.fields)) }, uniquingKeysWith: { first, _ in first })
            let added = rows.map(\.row.rowRef).filter { stored[$0] == nil }
            let changed = rows.map(\.row.rowRef).filter { ref in stored[ref].map { $0 != hashes[ref] } ?? false }
            let removed = stored.keys.filter { hashes[$0] == nil }.sorted()
            if added.isEmpty && changed.isEmpty && removed.isEmpty, let newest = try await Self.revisions(limit: 1, on: db).first {
                return FleetImport(revision: newest, unchanged: true, added: [], changed: [], removed: [], problems: file.problems)
            }
            let (id, at): (Int64, Date) =
                try await db.query(
                    """
                    INSERT INTO migration.fleet_revision (imported_by, file_name, content_hash, rows, added, changed, removed, rejected, problems)
                    VALUES (\(by), \(name), \(TextHash.of(rows.map(\.fields).joined(separator: "\n"))), \(Int32(rows.count)), \(Int32(added.count)),
                        \(Int32(changed.count)), \(Int32(removed.count)), \(Int32(rejected)), \(problems))
                    RETURNING id, imported_at
                    """
                ).decodeFirst((Int64, Date).self) ?? (0, Date())
            try await db.query(
                "UPDATE migration.fleet_row SET last_revision = \(id) WHERE last_revision IS NULL AND row_ref = ANY(\(removed + changed))")
            let new = Set(added + changed)
            let insert = rows.filter { new.contains($0.row.rowRef) }
            try await db.query(
                """
                INSERT INTO migration.fleet_row (row_ref, first_revision, line, e164, client_id, fields, content_hash)
                SELECT r.ref, \(id), r.line, r.e164, r.client, r.fields, r.hash
                FROM unnest(\(insert.map(\.row.rowRef)), \(insert.map { Int32($0.row.line) }), \(insert.map(\.row.e164)),
                    \(insert.map(\.row.clientID)), \(insert.map(\.fields)), \(insert.map { hashes[$0.row.rowRef] ?? "" }))
                    AS r (ref, line, e164, client, fields, hash)
                """)
            try await db.query(
                """
                UPDATE migration.fleet_row f SET line = r.line
                FROM unnest(\(rows.map(\.row.rowRef)), \(rows.map { Int32($0.row.line) })) AS r (ref, line)
                WHERE f.row_ref = r.ref AND f.last_revision IS NULL AND f.line <> r.line
                """)
            return FleetImport(
                revision: FleetRevision(
                    id: id, importedAt: at, importedBy: by, fileName: name, rows: rows.count, added: added.count, changed: changed.count,
                    removed: removed.count, rejected: rejected),
                unchanged: false, added: added, changed: changed, removed: removed, problems: file.problems)
        }
    }

    /// Newest first.
    public func revisions(limit: Int = 50) async throws -> [FleetRevision] { try await Self.revisions(limit: limit, on: client) }

    static func revisions(limit: Int, on db: some PostgresExecutor) async throws -> [FleetRevision] {
        let rows = try await db.query(
            """
            SELECT id, imported_at, imported_by, file_name, rows, added, changed, removed, rejected FROM migration.fleet_revision
            ORDER BY id DESC LIMIT \(limit)
            """)
        return try rows.map { row in
            let (id, at, by, name, count, added, changed, removed, rejected) = try row.decode(
                (Int64, Date, String, String, Int32, Int32, Int32, Int32, Int32).self)
            return FleetRevision(
                id: id, importedAt: at, importedBy: by, fileName: name, rows: Int(count), added: Int(added), changed: Int(changed),
                removed: Int(removed), rejected: Int(rejected))
        }
    }

    /// The fleet in force, in the order of its file, read by the rules of the file; and the newest revision. Nil before the first import.
    public func current() async throws -> (revision: FleetRevision, fleet: FleetFile, rejected: [FleetProblem])? {
        try await client.withTransaction { db -> (revision: FleetRevision, fleet: FleetFile, rejected: [FleetProblem])? in
            try await db.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            guard let revision = try await Self.revisions(limit: 1, on: db).first else { return nil }
            let texts = try await db.query("SELECT fields FROM migration.fleet_row WHERE last_revision IS NULL ORDER BY line, row_ref")
                .decode(String.self)
            let text = try await db.query("SELECT problems FROM migration.fleet_revision WHERE id = \(revision.id)").decodeFirst(
                String.self)
            let problems: [FleetProblem] = try JSONDecoder().decode([FleetProblem].self, from: Data((text ?? "[]").utf8))
            let fields: [[String: String]] = try texts.map { try StoredRow.fields($0) }
            return (revision, FleetFile.read(stored: fields), problems)
        }
    }

    /// The accepted rows of a revision, in the order of its file, read by the rules of the file.
    public func rows(revision: Int64) async throws -> [FleetRow] {
        let texts = try await client.query(
            """
            SELECT fields FROM migration.fleet_row WHERE first_revision <= \(revision) AND (last_revision IS NULL OR last_revision > \(revision))
            ORDER BY line, row_ref
            """
        ).decode(String.self)
        return FleetFile.read(stored: try texts.map { try StoredRow.fields($0) }).rows
    }
}

/// A short name of a text, the same in every process (64-bit FNV-1a).
enum TextHash {
    static func of(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
