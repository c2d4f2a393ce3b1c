import Crypto
public import Foundation

/// One `sql/NNNN_owner.sql` file. Forward only; a file that has shipped is never edited.
package struct SchemaFile: Sendable, Equatable {
    /// The name of the file, which also orders it.
    package let name: String
    package let sql: String

    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    /// SHA-256 of the exact text.
    var checksum: Data { Data(SHA256.hash(data: Data(sql.utf8))) }
}

/// The SQL this program was built with.
public enum EmbeddedSchema {
    /// In the order they are applied.
    package static let files = embeddedMigrations.map { SchemaFile(name: $0.file, sql: $0.sql) }.sorted { $0.name < $1.name }

    /// Differs between two programs whenever any name or text of their files does: 64 hexadecimal digits.
    public static let fingerprint: String = {
        var hash = SHA256()
        for file in files {
            hash.update(data: Data("\(file.name):\(file.sql.utf8.count):".utf8))
            hash.update(data: Data(file.sql.utf8))
        }
        return hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }()
}

/// Where one file stands in a database.
public struct MigrationStatus: Sendable, Equatable {
    /// The name of the file.
    public let file: String
    /// When it was applied; nil when it was not.
    public let applied: Date?
    /// Whether the text applied is the text of this program; true for a file not applied yet.
    public let checksumOK: Bool
    /// Whether this program has the file. False means that a newer program has been here.
    public let isKnown: Bool
}
