import PhoneNumbers

/// Reads one row and notes everything wrong with it.
struct RowReader {
    let row: CSVTable.Row
    var problems: [FleetProblem] = []
    var warnings: [String] = []
    private var damaged: Set<String> = []
    var e164: String?
    var dependsOn: [String] = []
    var notSameDayAs: [String] = []

    init(row: CSVTable.Row) { self.row = row }

    /// Columns of free text, in which anything may stand.
    private static let free: Set<String> = ["client_name", "display_name", "source_provider", "notes"]

    private mutating func add(_ column: String, _ code: String, _ message: String) {
        problems.append(FleetProblem(line: row.line, column: column, code: code, value: row.fields[column], message: message))
    }

    /// The field, nil when empty.
    private func value(_ column: String) -> String? {
        guard let text = row.fields[column], !text.isEmpty, !damaged.contains(column) else { return nil }
        return text
    }

    private mutating func required(_ column: String) -> String? {
        if damaged.contains(column) { return nil }
        guard let text = value(column) else {
            add(column, "missing_value", "\(column) is required")
            return nil
        }
        guard text.utf8.count <= 4096 else {
            add(column, "bad_value", "longer than 4096 bytes")
            return nil
        }
        return text
    }

    private mutating func integer(_ column: String, _ range: ClosedRange<Int>, default standard: Int) -> Int {
        guard let text = value(column) else { return standard }
        guard let number = Int(text), range.contains(number) else {
            add(column, "bad_value", "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
            return standard
        }
        return number
    }

    private mutating func parsed<T>(_ column: String, _ code: String, _ read: (String) throws(BadText) -> T) -> T? {
        guard let text = value(column) else { return nil }
        do {
            return try read(text)
        } catch {
            add(column, code, "\"\(error.part)\": expected \(error.expected)")
            return nil
        }
    }

    private mutating func date(_ column: String) -> LocalDate? {
        guard let text = value(column) else { return nil }
        if let date = LocalDate(text) { return date }
        add(column, "bad_date", "expected a date that exists, such as 2026-12-24")
        return nil
    }

    private mutating func findDamage() {
        for column in FleetFile.required + FleetFile.optional where !Self.free.contains(column) {
            guard let text = row.fields[column], SpreadsheetDamage.isIn(text) else { continue }
            add(column, "spreadsheet_damage", "a spreadsheet has replaced the value; format the column as text and export again")
            damaged.insert(column)
        }
    }

    /// Ids are digits at Meta; others pass with a warning as long as they can stand in a path and in a task's name.
    private mutating func id(_ column: String) {
        guard let text = value(column), !problems.contains(where: { $0.column == column }) else { return }
        if text.utf8.allSatisfy({ (48...57).contains($0) }) { return }
        guard text.utf8.count <= 64, text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }) else {
            return add(column, "bad_value", "expected the digits of an id")
        }
        warnings.append("line \(row.line): \(column) \(text) is not the digits of a Meta id")
    }

    private mutating func phone() {
        guard let text = required("phone") else { return }
        let region = value("phone_region")
        if let region, !PhoneNumberReader.knows(region: region) {
            return add("phone_region", "bad_value", "expected ISO 3166-1 alpha-2, such as MX")
        }
        let hasPlus = text.contains("+") || text.contains("\u{FF0B}")
        if !hasPlus && region == nil {
            add("phone_region", "missing_value", "phone has no +, so phone_region is required (ISO 3166-1 alpha-2, such as MX)")
            return
        }
        let reading = PhoneNumberReader.read(text, region: hasPlus ? nil : region)
        switch reading.status {
        case .ok: e164 = reading.e164
        case .ambiguous: add("phone", "ambiguous_phone", "\(reading.reason ?? ""): \(reading.candidates.joined(separator: " or "))")
        case .invalid:
            let meant = reading.candidates.isEmpty ? "" : " (it may have been \(reading.candidates.joined(separator: " or ")))"
            add(
                "phone", reading.refusal == .spreadsheetDamage ? "spreadsheet_damage" : "bad_phone",
                (reading.reason ?? "not a phone number") + meant)
        }
    }

    private mutating func recipients() -> [String] {
        (value("test_recipients") ?? "").split(separator: " ").compactMap { part in
            let reading = PhoneNumberReader.read(String(part))
            if part.hasPrefix("+"), let e164 = reading.e164 { return e164 }
            add("test_recipients", "bad_value", "\(part): expected numbers in E.164 such as +16505550101, separated by spaces")
            return nil
        }
    }

    private mutating func wave(canaryOK: Bool) -> WavePin? {
        guard let text = value("wave") else { return nil }
        if text == "canary" || text == "0" {
            if !canaryOK { add("wave", "bad_value", "pinned to the canary wave, but canary_ok is no") }
            return .canary
        }
        guard let number = Int(text), (1...10_000).contains(number) else {
            add("wave", "bad_value", "expected canary or a wave number from 0")
            return nil
        }
        return .wave(number)
    }

    private mutating func choice(_ column: String, _ allowed: [String], default standard: String) -> String {
        guard let text = value(column) else { return standard }
        if allowed.contains(text) { return text }
        add(column, "bad_value", "expected \(allowed.joined(separator: " or "))")
        return standard
    }

    /// Two or three letters, and after `_` or `-` two to four letters or digits.
    private static func isLanguage(_ text: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
        let parts = text.utf8.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
        guard (2...3).contains(parts[0].count), parts[0].allSatisfy(isLetter) else { return false }
        return parts.count == 1 || (2...4).contains(parts[1].count) && parts[1].allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
    }

    /// The row, nil when something required is missing or wrong.
    mutating func read(_ memory: inout RowMemory) -> FleetRow? {
        findDamage()
        let ref = required("row_ref")
        if let ref, ref.contains(where: \.isWhitespace) {
            add("row_ref", "bad_value", "row_ref holds a space; other rows could not name it")
        }
        let client = required("client_id")
        phone()
        let route = required("route").flatMap { Route(rawValue: $0) }
        if value("route") != nil && route == nil { add("route", "bad_value", "expected partner, signup, coexistence or on_prem") }
        let dest = required("dest_waba_id")
        if route == .partner && value("source_waba_id") == nil && !damaged.contains("source_waba_id") {
            add("source_waba_id", "missing_value", "route partner needs source_waba_id")
        }
        for column in ["dest_waba_id", "source_waba_id", "source_phone_number_id"] { id(column) }
        var zone: ZoneRules?
        if let name = required("time_zone") {
            zone = ZoneRules.named(name)
            if zone == nil { add("time_zone", "bad_time_zone", "not an IANA time zone, such as America/Sao_Paulo") }
        }
        _ = required("cutover_windows")
        let windows = parsed("cutover_windows", "bad_window") { text throws(BadText) in try memory.windows(text) }
        let hours = parsed("otp_hours", "bad_window") { text throws(BadText) in try memory.windows(text) }
        let blackout = parsed("blackout_dates", "bad_date") { text throws(BadText) in try LocalDateRange.list(text) } ?? []
        let earliest = date("earliest")
        let deadline = date("deadline")
        if let earliest, let deadline, deadline < earliest {
            warnings.append("line \(row.line): the deadline \(deadline) is before earliest \(earliest), so the row can only be late")
        }
        let peak = parsed("peak_hours", "bad_window") { text throws(BadText) in try DailyHours(text) }
        let priority = integer("priority", 1...5, default: 3)
        let daily = integer("daily_messages", 0...1_000_000_000, default: 0)
        let lead = integer("two_step_lead_days", 0...365, default: 0)
        let templates = integer("template_count", 0...100_000, default: 0)
        let method = choice("otp_method", ["SMS", "VOICE"], default: "SMS")
        let language = value("otp_language")
        if let language, !Self.isLanguage(language) {
            add("otp_language", "bad_value", "expected a language such as en_US")
        }
        let canaryOK = choice("canary_ok", ["yes", "no"], default: "yes") == "yes"
        let pin = wave(canaryOK: canaryOK)
        dependsOn = (value("depends_on") ?? "").split(separator: " ").map(String.init)
        notSameDayAs = (value("not_same_day_as") ?? "").split(separator: " ").map(String.init)
        let recipients = recipients()
        var template: (name: String, language: String)?
        if let text = value("test_template") {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            if parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty {
                template = (String(parts[0]), String(parts[1]))
            } else {
                add("test_template", "bad_value", "expected name:language, such as order_update:en_US")
            }
        }
        guard problems.isEmpty, let ref, let client, let e164, let route, let dest, let zone, let windows else { return nil }
        return FleetRow(
            line: row.line, fields: row.fields.filter { !$0.value.isEmpty }, rowRef: ref, clientID: client, e164: e164, route: route,
            sourceWABA: value("source_waba_id"), sourcePhoneNumberID: value("source_phone_number_id"), destWABA: dest,
            sourceProvider: value("source_provider") ?? "", displayName: value("display_name"), zone: zone, cutoverWindows: windows,
            otpHours: hours, blackoutDates: blackout, earliest: earliest, deadline: deadline, priority: priority, dailyMessages: daily,
            peakHours: peak, otpMethod: method, otpLanguage: language, twoStepLeadDays: lead, templateCount: templates,
            dependsOn: dependsOn,
            notSameDayAs: notSameDayAs, wave: pin, canaryOK: canaryOK, testRecipients: recipients, testTemplate: template,
            rebuildProfile: value("rebuild_profile"))
    }
}

/// What was read before: the rows of a fleet share their windows, and reading them is most of the work of a row.
struct RowMemory {
    private var known: [String: WeeklyWindows] = [:]
    /// A file that never repeats itself begins anew.
    private static let most = 10_000

    /// Throws the part that is wrong.
    mutating func windows(_ text: String) throws(BadText) -> WeeklyWindows {
        if let windows = known[text] { return windows }
        let windows = try WeeklyWindows(text)
        if known.count >= Self.most { known.removeAll(keepingCapacity: true) }
        known[text] = windows
        return windows
    }
}
