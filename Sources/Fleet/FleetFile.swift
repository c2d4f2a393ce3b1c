/// A fleet file: the rows that are good, and everything that is wrong.
public struct FleetFile: Sendable {
    /// Accepted rows, in the order of the file.
    public var rows: [FleetRow] = []
    /// Sorted by line, then by column position.
    public var problems: [FleetProblem] = []
    /// What a person should know though nothing was rejected.
    public var warnings: [String] = []
    /// Rows in the file, good and bad.
    public var rowCount = 0
    /// Rows with nothing wrong, also when they are not kept.
    public var goodCount = 0

    /// Largest file, in bytes, and most rows of one that is to be kept.
    public static let largest = 1 << 30
    public static let mostRows = 1_000_000

    static let required = ["row_ref", "client_id", "phone", "route", "dest_waba_id", "time_zone", "cutover_windows"]
    static let optional = [
        "phone_region", "source_waba_id", "source_phone_number_id", "client_name", "dest_portfolio_id", "display_name", "source_provider",
        "data_region", "otp_hours", "blackout_dates", "earliest", "deadline", "priority", "daily_messages", "peak_hours", "otp_method",
        "otp_language", "two_step_lead_days", "template_count", "depends_on", "not_same_day_as", "wave", "canary_ok", "test_recipients",
        "test_template", "rebuild_profile", "notes",
    ]

    /// The columns that have a meaning.
    public static var columns: [String] { required + optional }

    /// Reads a whole file; what is wrong is listed, never thrown.
    public static func read(_ data: [UInt8], encoding: FileEncoding = .utf8) -> FleetFile {
        var reader = FleetReader(encoding: encoding)
        reader.feed(data)
        return reader.finish()
    }

    /// Reads rows that were stored: column name to text.
    public static func read(stored: [[String: String]]) -> FleetFile {
        // They were checked as a file; what they name may have been rejected then.
        var checks = FleetChecks(keepsRows: true, knowsAll: false)
        for (index, fields) in stored.enumerated() { checks.add(CSVTable.Row(line: index + 2, fields: fields)) }
        var file = checks.finish()
        file.rowCount = stored.count
        return file
    }
}
