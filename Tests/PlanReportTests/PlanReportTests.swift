import Fleet
import Foundation
import PlanReport
import Planner
import Testing

/// The forms of a plan for people tell what the plan tells, whatever is in the names.
@Suite struct PlanReportTests {
    private static let head =
        "row_ref,client_id,client_name,phone,route,source_waba_id,dest_waba_id,time_zone,cutover_windows,otp_hours,deadline,otp_language,blackout_dates"
    private static let lines = [
        #"A-1,c1,"Müller, Söhne; ""GmbH""",+16505550101,partner,11,22,America/New_York,Daily 22:00-05:00,Mon-Fri 09:00-18:00,,en_US,"#,
        #"A-2,c1,"Müller, Söhne; ""GmbH""",+16505550102,coexistence,,22,America/New_York,Daily 22:00-05:00,Mon-Fri 09:00-18:00,,en_US,"#,
        #"A-3,=cmd(),<script>alert(1)</script>,+16505550103,signup,,22,Asia/Kolkata,Daily 01:00-05:00,,2026-12-01,,"#,
        #"A-4,c2,Long name with ünïcödé that goes on and on and on until it has to be folded somewhere,+16505550104,partner,13,22,UTC,Daily 00:00-24:00,,,es_ES,"#,
        #"A-5,c3,Nowhere,+16505550105,signup,,22,UTC,Daily 00:00-24:00,,,,2026-11-01..2027-03-01"#,
    ]

    private func report(_ lines: [String] = Self.lines) throws -> (report: PlanReport, fleet: FleetFile, plan: Plan) {
        let fleet = FleetFile.read(Array(([Self.head] + lines).joined(separator: "\n").utf8))
        try #require(fleet.problems.isEmpty, "\(fleet.problems)")
        let operators = Operators.read(
            Array("operator_id,time_zone,shifts,languages\nana;x,UTC,Daily 00:00-24:00,\n".utf8))
        let settings = try PlanningSettings(
            json: Array(#"{"horizon_from":"2026-12-01T00:00:00Z","horizon_to":"2026-12-31T00:00:00Z","soak_hours":1}"#.utf8))
        let plan = Planner.plan(
            fleet: fleet, operators: operators, settings: settings, now: settings.horizonFrom, tries: 3, effort: 2000)
        return (PlanReport(plan: plan, rows: fleet.rows), fleet, plan)
    }

    @Test func theTableHasEveryRowWithItsTimes() throws {
        let (report, fleet, plan) = try report()
        let table = CSVTable(Array(report.table.utf8), encoding: .utf8, required: ["row_ref"])
        #expect(table.problems.isEmpty && table.rows.count == fleet.rows.count)
        for (row, fields) in zip(fleet.rows, table.rows.map(\.fields)) {
            #expect(fields["row_ref"] == row.rowRef && fields["phone"] == row.e164)
            let tasks = plan.tasks.filter { $0.rowRef == row.rowRef }
            for (kind, name) in [(PlanTask.Kind.otp, "otp"), (.cutover, "cutover")] {
                let task = tasks.first { $0.kind == kind }
                #expect(fields["\(name)_start"] == task.map { PlanTime.text($0.start) } ?? "")
                #expect(fields["\(name)_end"] == task.map { PlanTime.text($0.end) } ?? "")
            }
            let isTold = tasks.isEmpty || plan.late.contains { $0.rowRef == row.rowRef }
            #expect((fields["status"] == "unplaced") == tasks.isEmpty && (fields["reasons"]?.isEmpty == false) == isTold)
        }
        // New York is five hours behind, Kolkata five and a half ahead.
        let first = try #require(table.rows.first?.fields)
        let begin: String? = first["cutover_start"]
        let start = try #require(begin.flatMap(PlanTime.instant))
        let local = PlanTime.text(start - 5 * 3600).prefix(16).replacing("T", with: " ")
        #expect(first["local_cutover_start"] == String(local))
        #expect(table.rows[2].fields["client_id"] == "'=cmd()" && table.rows[2].fields["days_late"] != "0")
        #expect(table.rows[0].fields["client_name"] == #"Müller, Söhne; "GmbH""#)
    }

    @Test func calendarsHoldTheTasksOfAClientAndOfAnOperator() throws {
        let (report, _, plan) = try report()
        #expect(report.clients == ["c1", "=cmd()", "c2"] && report.operators == ["ana;x"])
        let client = try #require(report.calendar(client: "c1"))
        let events = try Self.events(client)
        let mine = plan.tasks.filter { ["A-1", "A-2"].contains($0.rowRef ?? "") }
        #expect(Set(events.compactMap { $0["UID"] }) == Set(mine.map { "\($0.id)@relevo" }))
        for task in mine {
            let event = try #require(events.first { $0["UID"] == "\(task.id)@relevo" })
            #expect(event["DTSTART"] == PlanTime.text(task.start).filter { !"-:".contains($0) })
            #expect(event["DTEND"] == PlanTime.text(task.end).filter { !"-:".contains($0) })
        }
        #expect(client.contains(#"X-WR-CALNAME:Müller\, Söhne\; "GmbH""#))
        let person = try Self.events(try #require(report.calendar(operator: "ana;x")))
        #expect(person.count == plan.tasks.count { $0.kind == .otp })
        #expect(person.contains { $0["SUMMARY"]?.contains("ünïcödé that goes on and on and on until it has to be folded") == true })
        #expect(report.calendar(client: "c3") == nil && report.calendar(operator: "bob") == nil)
    }

    /// Unfolds an iCalendar: the properties of each event. Throws where a line is too long or does not end as it has to.
    private static func events(_ text: String) throws -> [[String: String]] {
        let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false).dropLast()
        for line in lines { try #require(line.count <= 76 && line.last == 13) }
        try #require(text.hasPrefix("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && text.hasSuffix("END:VCALENDAR\r\n"))
        var events: [[String: String]] = []
        for line in text.replacing("\r\n ", with: "").split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if line == "BEGIN:VEVENT" {
                events.append([:])
            } else if !events.isEmpty, parts.count == 2 {
                events[events.count - 1][String(parts[0])] = String(parts[1])
            }
        }
        return events
    }

    @Test func thePageNeedsNothingElseAndRunsNothing() throws {
        let page = try report().report.page
        #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"))
        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("src="))
        for text in ["A-1", "A-5", "blackout_dates", "canary", "ana;x", "Late", "proven bound", "Müller, Söhne; &quot;GmbH&quot;"] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(page.count { $0 == "<" } == page.count { $0 == ">" })
        let empty = try report([]).report.page
        #expect(empty.contains("<b>0</b><span>numbers</span>") && !empty.contains("<h2>Waves"))
    }

    /// Marks that join the character before or after them, and line ends inside a name, change nothing.
    @Test func marksAndLineEndsHideNothing() throws {
        let name = "\u{600}<img src=x onerror=alert(1) \u{600}>,\n=cmd()\"\u{301}"
        let quoted = "\"\(name.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined())\""
        let (report, _, _) = try report(["B-1,c9,\(quoted),+16505550101,signup,,22,UTC,Daily 00:00-24:00,,,,"])
        #expect(!report.page.utf8.contains(Array("<img".utf8)) && report.page.utf8.contains(Array("&lt;img".utf8)))
        let table = CSVTable(Array(report.table.utf8), encoding: .utf8, required: ["row_ref"])
        #expect(table.problems.isEmpty && table.rows.count == 1)
        #expect(table.rows.first?.fields["client_name"].map { Array($0.utf8) } == Array(name.utf8))
        let calendar = try #require(report.calendar(client: "c9"))
        #expect(try Self.events(calendar).count == 1)
    }

    @Test func theSamePlanGivesTheSameForms() throws {
        let (first, again) = (try report().report, try report().report)
        #expect(first.page == again.page && first.table == again.table)
        #expect(first.calendar(client: "c1") == again.calendar(client: "c1"))
    }

    @Test func fileNamesAreSafeAndNeverShared() {
        #expect(PlanReport.fileName("c1-a_b.c") == "c1-a_b.c")
        #expect(PlanReport.fileName("\u{c}2") != PlanReport.fileName("\u{c2}"))
        #expect(PlanReport.fileName("../etc") == "~2e.~2fetc" && PlanReport.fileName("a/b") != PlanReport.fileName("a~2fb"))
        let long = String(repeating: "x", count: 300)
        #expect(PlanReport.fileName(long).utf8.count < 255 && PlanReport.fileName(long) != PlanReport.fileName(long + "y"))
    }
}

extension String.UTF8View {
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        let all = Array(self)
        return all.indices.dropLast(part.count - 1).contains { all[$0..<$0 + part.count].elementsEqual(part) }
    }
}
