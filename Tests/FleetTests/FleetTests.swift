import Foundation
import Testing

@testable import Fleet

@Suite struct FleetFileTests {
    static let header =
        "row_ref,client_id,phone,phone_region,route,source_waba_id,dest_waba_id,time_zone,cutover_windows,otp_hours,blackout_dates,earliest,deadline,priority,daily_messages,peak_hours,otp_method,depends_on,not_same_day_as,wave,canary_ok,test_recipients,test_template"
    static let good: [String: String] = [
        "row_ref": "A-1", "client_id": "c1", "phone": "+5511961231445", "route": "partner", "source_waba_id": "11", "dest_waba_id": "22",
        "time_zone": "America/Sao_Paulo", "cutover_windows": "Mon-Thu 22:00-05:00;Sat 06:00-12:00",
    ]

    static func line(_ changes: [String: String] = [:]) -> String {
        let fields = good.merging(changes) { _, new in new }
        return header.split(separator: ",").map { "\"" + (fields[String($0)] ?? "").replacing("\"", with: "\"\"") + "\"" }.joined(
            separator: ",")
    }

    static func read(_ lines: [String], encoding: FileEncoding = .utf8) -> FleetFile {
        FleetFile.read(Array((lines.joined(separator: "\r\n") + "\r\n").utf8), encoding: encoding)
    }

    @Test func aGoodRowIsRead() throws {
        let file = Self.read([Self.header, Self.line()])
        #expect(file.problems.isEmpty)
        let row = try #require(file.rows.first)
        #expect(
            row.e164 == "+5511961231445" && row.priority == 3 && row.weight == 3 && row.zone.name == "America/Sao_Paulo" && row.line == 2)
    }

    @Test(
        arguments: [
            (["phone": "+34 12"], "phone", "bad_phone"), (["phone": "612345678"], "phone_region", "missing_value"),
            (["phone": "5,2E+12"], "phone", "spreadsheet_damage"), (["time_zone": "Mars/Base"], "time_zone", "bad_time_zone"),
            (["cutover_windows": "Mon-Fry 22:00-05:00"], "cutover_windows", "bad_window"),
            (["cutover_windows": ""], "cutover_windows", "missing_value"),
            (["otp_hours": "Mon 25:00-26:00"], "otp_hours", "bad_window"), (["deadline": "2026-02-30"], "deadline", "bad_date"),
            (["blackout_dates": "2026-12-26..2026-12-24"], "blackout_dates", "bad_date"),
            (["depends_on": "Z-9"], "depends_on", "unknown_ref"),
            (["depends_on": "A-1"], "depends_on", "dependency_cycle"), (["route": "teleport"], "route", "bad_value"),
            (["priority": "9"], "priority", "bad_value"), (["daily_messages": "-5"], "daily_messages", "bad_value"),
            (["otp_method": "PIGEON"], "otp_method", "bad_value"), (["test_recipients": "12345"], "test_recipients", "bad_value"),
            (["dest_waba_id": ""], "dest_waba_id", "missing_value"), (["source_waba_id": ""], "source_waba_id", "missing_value"),
            (["wave": "canary", "canary_ok": "no"], "wave", "bad_value"), (["test_template": "x"], "test_template", "bad_value"),
            (["not_same_day_as": "A-1"], "not_same_day_as", "bad_value"),
            (["phone": "612345678", "phone_region": "Mars"], "phone_region", "bad_value"),
            (["time_zone": "PST"], "time_zone", "bad_time_zone"), (["dest_waba_id": "1/2"], "dest_waba_id", "bad_value"),
            (["daily_messages": "1E+06"], "daily_messages", "spreadsheet_damage"),
            (["source_waba_id": "1.0E+14"], "source_waba_id", "spreadsheet_damage"),
            (["not_same_day_as": "Z-9"], "not_same_day_as", "unknown_ref"), (["row_ref": ""], "row_ref", "missing_value"),
            (["peak_hours": "9-10"], "peak_hours", "bad_window"), (["dest_waba_id": "1.0E+14"], "dest_waba_id", "spreadsheet_damage"),
        ] as [([String: String], String, String)])
    func everyMistakeIsPlaced(_ change: [String: String], _ column: String, _ code: String) {
        let file = Self.read([Self.header, Self.line(change)])
        #expect(file.problems.map(\.code) == [code] && file.problems[0].column == column && file.problems[0].line == 2, "\(file.problems)")
        #expect(file.rows.isEmpty)
    }

    @Test func everyRowOfADuplicatePhoneGroupIsRejectedAndAllButTheFirstOfARef() {
        let file = Self.read([
            Self.header, Self.line(), Self.line(["row_ref": "A-2", "phone": "11 96123-1445", "phone_region": "BR"]),
            Self.line(["row_ref": "A-3", "phone": "+34612391615"]), Self.line(["row_ref": "A-3", "phone": "+34612391616"]),
        ])
        #expect(file.problems.map { "\($0.line) \($0.code)" } == ["2 duplicate_phone", "3 duplicate_phone", "5 duplicate_ref"])
        #expect(file.rows.map(\.rowRef) == ["A-3"])
    }

    @Test func damagedRecordsAreFoundWithTheirLine() {
        let file = Self.read([
            Self.header, "a,b", Self.line() + ",extra", Self.line(["row_ref": "A-2"]).replacing("\"c1\"", with: "\"c1\"x"),
            Self.line(["row_ref": "multi", "client_id": "two\nlines", "phone": "+34612391615"]), "\"open",
        ])
        #expect(file.problems.map { "\($0.line) \($0.code)" } == ["2 short_row", "3 long_row", "4 bad_quote", "7 bad_quote"])
        #expect(file.rows.map(\.rowRef) == ["multi"])
    }

    /// The rows behind a stray quote keep their own lines and problems.
    @Test func aQuoteThatNothingClosesDoesNotSwallowTheRest() {
        let stray = Self.line(["row_ref": "A-1"]).replacing("\"A-1\"", with: "\"A-1")
        let file = Self.read([
            Self.header, stray, Self.line(["row_ref": "A-2", "time_zone": "Mars/Base"]),
            Self.line(["row_ref": "A-3", "phone": "+34612391615"]),
        ])
        #expect(file.problems.map { "\($0.line) \($0.code)" } == ["2 bad_quote", "3 bad_time_zone"], "\(file.problems)")
        #expect(file.rows.map(\.rowRef) == ["A-3"] && file.rowCount == 3)
    }

    @Test func aHopelessFileIsReadInBoundedTime() {
        // Every line opens a quote that no later one closes.
        let file = Self.read([Self.header] + Array(repeating: "\"a\"\"b", count: 20_000))
        #expect(file.rows.isEmpty && file.problems.count >= 1000)
    }

    @Test func aHeaderThatIsNoTextIsTold() {
        let bytes: [UInt8] = [0xFF, 0xFE] + Self.header.utf8.flatMap { [$0, 0] as [UInt8] }
        #expect(FleetFile.read(bytes).problems.contains { $0.line == 1 && $0.code == "bad_encoding" })
        #expect(FleetFile.read([]).problems.allSatisfy { $0.code == "missing_column" })
    }

    @Test func emptyRowsAreLeftOutAndTold() {
        let file = Self.read([Self.header, Self.line(), "", String(repeating: ",", count: 22)])
        #expect(file.problems.isEmpty && file.rows.count == 1 && file.warnings == ["1 empty rows were left out"])
    }

    @Test func whatIsOddButPossibleIsAWarning() {
        let file = Self.read([Self.header, Self.line(["dest_waba_id": "waba-1", "earliest": "2026-12-10", "deadline": "2026-12-01"])])
        #expect(file.problems.isEmpty && file.rows.count == 1 && file.warnings.count == 2, "\(file.problems) \(file.warnings)")
    }

    @Test func onlyWhatASpreadsheetWritesIsDamage() {
        for damaged in ["5.2E+11", "5,21555E+12", "1E+05", "-1e-07", "#REF!", "#N/A", "#####"] {
            #expect(SpreadsheetDamage.isIn(damaged), "\(damaged)")
        }
        for fine in ["", "12E4", "E+11", "5.E+11", "5.2E+", "5.2E+11x", "521555000000", "+5215550001", "#1", "c0001"] {
            #expect(!SpreadsheetDamage.isIn(fine), "\(fine)")
        }
    }

    @Test func everyRowOfACycleIsNamedAndTheRowsThatLeadIntoItAreNot() {
        let file = Self.read([
            Self.header, Self.line(["row_ref": "A", "phone": "+34612391611", "depends_on": "B"]),
            Self.line(["row_ref": "B", "phone": "+34612391612", "depends_on": "C D"]),
            Self.line(["row_ref": "C", "phone": "+34612391613", "depends_on": "A"]),
            Self.line(["row_ref": "D", "phone": "+34612391614"]), Self.line(["row_ref": "E", "phone": "+34612391615", "depends_on": "A"]),
        ])
        #expect(file.problems.map { "\($0.line) \($0.column ?? "") \($0.code)" } == (2...4).map { "\($0) depends_on dependency_cycle" })
        #expect(file.rows.map(\.rowRef) == ["D", "E"])
    }

    @Test func aProblemIsWrittenWithAllItsKeys() throws {
        let problem = FleetProblem(line: 3, column: nil, code: "short_row", value: nil, message: "m")
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(problem), as: UTF8.self)
        #expect(text == #"{"code":"short_row","column":null,"line":3,"message":"m","value":null}"#)
    }

    @Test func encodingsAndDelimitersAreRead() {
        let text = Self.header + "\n" + Self.line(["client_id": "@1"]) + "\n"
        let latin = text.utf8.map { $0 == UInt8(ascii: "@") ? 0xE9 : $0 }
        #expect(FleetFile.read(latin).problems.map(\.code) == ["bad_encoding"])
        #expect(FleetFile.read(latin, encoding: .latin1).rows.first?.clientID == "é1")
        let semicolons = ([0xEF, 0xBB, 0xBF] + Array((Self.header + "\n" + Self.line()).utf8)).map {
            $0 == UInt8(ascii: ",") ? UInt8(ascii: ";") : $0
        }
        #expect(FleetFile.read(semicolons).problems.isEmpty)
        let tabs = Array((Self.header + "\n" + Self.line()).utf8).map { $0 == UInt8(ascii: ",") ? 9 : $0 }
        #expect(FleetFile.read(tabs).rows.count == 1)
        let nul = FleetFile.read(
            Array((Self.header + "\n" + Self.line(["display_name": "a"])).utf8.map { $0 == UInt8(ascii: "P") ? 0 : $0 }))
        #expect(nul.problems.map(\.code) == ["bad_encoding"] && nul.problems[0].line == 2)
    }

    /// A provider's file with everything at once, in the order people make their columns.
    @Test func everyPlantedErrorOfABrokenFileIsFoundOnItsLine() {
        let text = """
            \u{FEFF}notes;phone;phone_region;row_ref;client_id;route;source_waba_id;dest_waba_id;time_zone;cutover_windows;earliest;depends_on
            ;+34612391615;;A-1;c1;partner;11;22;Europe/Madrid;Mon-Thu 22:00-05:00;;
            ;612 39 16 15;ES;A-2;c1;partner;11;22;Europe/Madrid;Mon-Thu 22:00-05:00;;
            ;"5,21555E+12";;A-3;c1;partner;11;22;Europe/Madrid;Mon-Thu 22:00-05:00;;
            "first line
            second line";+34612391616;;A-4;c1;signup;;22;Europe/Madrid;"Tue,Thu 23:00-03:00;Sun 08:00-20:00";2026-02-29;A-5
            ;+34612391617;;A-5;c1;signup;;22;Europe/Madrid;Daily 01:00-05:00;;A-4
            ;+34612391618;;A-6;c1;signup;;;Europe/Nowhere;Mon 25:00-26:00;;Z-1
            ;+34612391619;;A-7;c1;coexistence;;22;Europe/Madrid;Fri-Mon 22:00-24:00;2026-12-01;A-1
            short;+34612391620
            """
        let file = FleetFile.read(Array(text.replacing("\n", with: "\r\n").utf8))
        #expect(
            file.problems.map { "\($0.line) \($0.column ?? "") \($0.code)" } == [
                "2 phone duplicate_phone", "3 phone duplicate_phone", "4 phone spreadsheet_damage", "5 earliest bad_date",
                "5 depends_on dependency_cycle",
                "7 depends_on dependency_cycle", "8 dest_waba_id missing_value", "8 time_zone bad_time_zone",
                "8 cutover_windows bad_window",
                "8 depends_on unknown_ref", "10 phone_region short_row",
            ], "\(file.problems)")
        #expect(file.rows.map(\.rowRef) == ["A-7"] && file.rowCount == 8)
    }

    @Test func aMissingColumnIsTheOnlyProblemReported() {
        #expect(Self.read([Self.header.replacing("route,", with: ""), "x"]).problems.map(\.code).contains("missing_column"))
    }

    @Test func unknownColumnsAreWarnedAboutOnce() {
        let file = Self.read([
            Self.header + ",mood", Self.line() + ",good", Self.line(["row_ref": "A-2", "phone": "+34612391615"]) + ",bad",
        ])
        #expect(file.warnings.count == 1 && file.rows.count == 2 && file.rows[0].fields["mood"] == "good")
    }

    @Test func anyTextSurvivesWritingAndReading() {
        var random = SystemRandomNumberGenerator()
        let alphabet: [Character] = ["a", "b", "\"", ",", ";", "\t", "\r\n", "\n", " ", "é"]
        func field() -> String {
            var text = ""
            for _ in 0..<Int.random(in: 1...6, using: &random) { text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)]) }
            return text
        }
        func quoted(_ text: String) -> String { "\"" + text.replacing("\"", with: "\"\"") + "\"" }
        for _ in 0..<300 {
            let fields = [field(), field(), field(), field()]
            let text = "h1,h2,h3,h4\r\n" + fields.map(quoted).joined(separator: ",") + "\r\n"
            var reader = CSVReader(encoding: .utf8)
            reader.feed(text.utf8)
            reader.finish()
            _ = reader.next()
            #expect(reader.next()?.fields == fields)
            #expect(reader.next() == nil && reader.isOver)
        }
    }

    /// Records as text, with what is wrong in them.
    private func records(of bytes: [UInt8], pieces: () -> Int) -> [String] {
        var reader = CSVReader(encoding: .utf8)
        var found: [String] = []
        func take() { while let record = reader.next() { found.append("\(record)") } }
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = pieces()
            reader.feed(rest.prefix(size))
            rest = rest.dropFirst(size)
            take()
        }
        reader.finish()
        take()
        return found
    }

    @Test func aFileInAnyPiecesIsTheSameFile() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("ab\",,;\t\r\n\n é\"".utf8) + [0, 0xFF]
        for round in 0..<2000 {
            let mark: [UInt8] = round % 3 == 0 ? [0xEF, 0xBB, 0xBF] : []
            let bytes =
                mark
                + (0..<Int.random(in: 0...60, using: &random)).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            let whole = records(of: bytes) { bytes.count }
            #expect(records(of: bytes) { 1 } == whole, "\(bytes)")
            #expect(records(of: bytes) { Int.random(in: 1...9, using: &random) } == whole, "\(bytes)")
        }
    }

    @Test func aRecordWithoutAnEndIsBoundedAndTheNextOneIsRead() {
        let long = Self.header + "\n" + String(repeating: "x", count: 3 << 20) + "\n" + Self.line() + "\n"
        for size in [1000, 100_000, 8 << 20] {
            var reader = FleetReader()
            var rest = Array(long.utf8)[...]
            while !rest.isEmpty {
                reader.feed(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            let file = reader.finish()
            #expect(file.problems.map { "\($0.line) \($0.code)" } == ["2 long_row"] && file.rows.map(\.line) == [3], "\(size)")
        }
    }

    @Test func aLongRecordIsLongHoweverItComes() {
        for (length, isGood) in [((1 << 20) - 300, true), ((1 << 20) + 1, false), (1_500_000, false)] {
            let bytes = Array((Self.header + ",mood\n" + Self.line() + "," + String(repeating: "x", count: length) + "\n").utf8)
            for size in [1000, 16_384, 70_000, 1 << 20, bytes.count] {
                var reader = FleetReader()
                for start in stride(from: 0, to: bytes.count, by: size) { reader.feed(bytes[start..<min(bytes.count, start + size)]) }
                let file = reader.finish()
                #expect(file.problems.map(\.code) == (isGood ? [] : ["long_row"]), "\(length) bytes in pieces of \(size)")
            }
        }
    }

    @Test func aHopelessFileIsNotReadToItsEnd() {
        var reader = FleetReader(keepsRows: false)
        reader.feed(Array((Self.header + "\n").utf8))
        let rubbish = Array(String(repeating: "x\n", count: 600_000).utf8)
        for _ in 0..<4 { reader.feed(rubbish) }
        let file = reader.finish()
        #expect(
            file.problems.first?.value?.contains("rows with problems") == true && file.problems.count == 100_001
                && file.rowCount < 2_400_000)
    }

    @Test func aCycleThatOnlyASecondRowOfANameWouldMakeIsNone() {
        let file = Self.read([
            Self.header, Self.line(["row_ref": "A", "phone": "+34612391611"]),
            Self.line(["row_ref": "B", "phone": "+34612391612", "depends_on": "A"]),
            Self.line(["row_ref": "A", "phone": "+34612391613", "depends_on": "B"]),
        ])
        #expect(file.problems.map { "\($0.line) \($0.code)" } == ["4 duplicate_ref"] && file.rows.map(\.rowRef) == ["A", "B"])
    }

    @Test func rowsThatAreNotKeptAreCheckedAllTheSame() {
        let lines = [
            Self.header, Self.line(), Self.line(["row_ref": "A-2"]), Self.line(["row_ref": "A-3", "phone": "+34612391615"]),
            Self.line(["row_ref": "A-4", "phone": "+34612391616", "depends_on": "Z"]), "short",
        ]
        let kept = Self.read(lines)
        var reader = FleetReader(keepsRows: false)
        reader.feed((lines.joined(separator: "\r\n") + "\r\n").utf8.map { $0 })
        let counted = reader.finish()
        #expect(counted.problems == kept.problems && counted.rows.isEmpty && counted.rowCount == 5)
        #expect(counted.goodCount == 1 && kept.goodCount == 1 && kept.rows.count == 1)
    }
}
