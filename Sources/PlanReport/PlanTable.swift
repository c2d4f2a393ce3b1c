import Fleet
import Planner

extension PlanReport {
    static let columns = [
        "row_ref", "client_id", "client_name", "phone", "route", "status", "wave", "operator", "otp_start", "otp_end", "cutover_start",
        "cutover_end",
        "time_zone", "local_otp_start", "local_cutover_start", "deadline", "days_late", "reasons",
    ]

    /// A CSV of all rows, RFC 4180 with CRLF: when and by whom each is moved, or why it is not. Times are UTC, `local_…` those of the row's zone.
    ///
    /// A text that a spreadsheet would take for a formula gets an apostrophe before it; phone numbers keep their plus.
    public var table: String {
        var lines = [Self.columns.joined(separator: ",")]
        for entry in entries {
            let row = entry.row
            let main = entry.main
            let fields = [
                Self.plain(row.rowRef), Self.plain(row.clientID), Self.plain(row.fields["client_name"] ?? ""), row.e164, row.route.rawValue,
                main == nil ? "unplaced" : main?.state.rawValue ?? "", main?.wave.map(String.init) ?? "",
                Self.plain(entry.code?.operatorID ?? ""), Self.time(entry.code?.start), Self.time(entry.code?.end),
                Self.time(entry.cutover?.start), Self.time(entry.cutover?.end), row.zone.name,
                entry.code.map { Self.wall($0.start, row.zone) } ?? "", entry.cutover.map { Self.wall($0.start, row.zone) } ?? "",
                row.deadline?.description ?? "", main == nil ? "" : String(entry.daysLate),
                Self.plain(entry.reasons.map(\.message).joined(separator: " ")),
            ]
            lines.append(fields.map(Self.quoted).joined(separator: ","))
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    private static func time(_ instant: Int?) -> String { instant.map(PlanTime.text) ?? "" }

    private static func plain(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, ["=", "+", "-", "@", "\t", "\r"].contains(first) else { return text }
        return "'" + text
    }

    private static func quoted(_ text: String) -> String {
        let needsQuotes = text.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: ";"), 10, 13].contains($0) }
        return needsQuotes ? "\"\(replacing(text, ["\"": "\"\""]))\"" : text
    }
}
