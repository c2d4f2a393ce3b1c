package import Fleet
import Foundation

/// A fleet row as it is stored: its columns as they were written, read again by the rules of the file.
package enum StoredRow {
    /// The text that is stored for a row.
    package static func text(_ fields: [String: String]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(fields), as: UTF8.self)
    }

    package static func fields(_ text: String) throws -> [String: String] {
        try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }

    /// Reads one row on its own. Rows it names are not looked for; nil when the row is no longer good.
    package static func row(_ fields: [String: String]) -> FleetRow? {
        var alone = fields
        alone["depends_on"] = nil
        alone["not_same_day_as"] = nil
        guard var row = FleetFile.read(stored: [alone]).rows.first else { return nil }
        row.fields = fields
        row.dependsOn = (fields["depends_on"] ?? "").split(separator: " ").map(String.init)
        row.notSameDayAs = (fields["not_same_day_as"] ?? "").split(separator: " ").map(String.init)
        return row
    }
}
