import Fleet
import Planner

extension PlanReport {
    /// A page of its own, without scripts and without anything to load: what is placed, late and left out, how good the plan is, its waves, the
    /// hours of each day, and the load of operators.
    public var page: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Migration plan of \(Self.day(plan.now))</title><style>\(Self.frameStyle)\(Self.style)</style></head><body><main>
        <h1>Migration plan</h1>
        \(sections)
        </main></body></html>

        """
    }

    /// The parts of the page, each a section with an id, without style attributes: for a page that has `style` in its style sheet, with the
    /// classes of the operators' pages. A part with nothing to tell is there and hidden, so that it can take the place of one that had.
    public var sections: String {
        [
            ("summary", summary), ("quality", objective), ("waves", waves), ("hours", hours), ("operators", people), ("late", late),
            ("unplaced", unplaced), ("numbers", rows),
        ].map { id, text in text.isEmpty ? "<section id=\"plan-\(id)\" hidden></section>\n" : text }.joined()
    }

    /// Rows shown on the page; all of them are in the table.
    static let mostRows = 1000

    private static func escaped(_ text: String) -> String {
        replacing(text, ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;"])
    }

    private static func day(_ instant: Int) -> String { String(PlanTime.text(instant).prefix(10)) }
    private static func minute(_ instant: Int) -> String { String(PlanTime.text(instant).prefix(16).replacing("T", with: " ")) }

    private static func section(_ id: String, _ title: String, _ body: String, note: String = "") -> String {
        "<section id=\"plan-\(id)\"><h2>\(title)</h2>\(note.isEmpty ? "" : "<p class=\"soft\">\(note)</p>")\(body)</section>\n"
    }

    /// - Parameters:
    ///   - numbers: columns of figures.
    ///   - sentences: one for each row, over its whole width under it.
    private static func tableOf(_ head: [String], _ rows: [[String]], numbers: Set<Int> = [], sentences: [String] = []) -> String {
        func cells(_ values: [String], _ tag: String) -> String {
            values.enumerated().map { "<\(tag) class=\"\(numbers.contains($0) ? "r num" : "t")\">\($1)</\(tag)>" }.joined()
        }
        let body = rows.enumerated().map { index, row in
            guard index < sentences.count else { return "<tr>\(cells(row, "td"))</tr>" }
            return
                "<tr class=\"top\">\(cells(row, "td"))</tr><tr><td class=\"w\" colspan=\"\(head.count)\"><div>\(sentences[index])</div></td></tr>"
        }
        return "<div class=\"scroll\"><table><thead><tr>\(cells(head, "th"))</tr></thead><tbody>"
            + body.joined(separator: "\n") + "</tbody></table></div>"
    }

    // MARK: Parts

    private var summary: String {
        let placed = entries.count { $0.main != nil }
        let late = entries.count { $0.daysLate > 0 }
        let mains = entries.compactMap(\.main)
        let span = mains.isEmpty ? "–" : "\(Self.day(mains.map(\.start).min() ?? 0)) to \(Self.day(mains.map(\.end).max() ?? 0))"
        var facts = [
            ("numbers", "\(entries.count)"), ("placed", "\(placed)"), ("left out", "\(entries.count - placed)"), ("late", "\(late)"),
            ("rejected", "\(Set(plan.rejected.map(\.line)).count)"), ("waves", "\(plan.waves.count)"), ("cut-overs", span),
        ]
        let states = Dictionary(grouping: mains, by: \.state).mapValues(\.count)
        for state in [PlanTask.State.done, .running, .missed, .failed] {
            if let count = states[state] { facts.append((state.rawValue, "\(count)")) }
        }
        return Self.section(
            "summary", "Plan of \(PlanTime.text(plan.now))",
            "<div class=\"facts\">" + facts.map { "<div><b>\($0.1)</b><span>\($0.0)</span></div>" }.joined() + "</div>",
            note: "\(plan.stoppedEarly ? "The search was stopped early. " : "")All times are UTC unless said otherwise.")
    }

    private var objective: String {
        let (value, bound) = (plan.objective, plan.bound)
        let levels: [(String, Int, Int?)] = [
            ("unplaced weight", value.unplaced, bound.unplaced), ("lateness, weight × days", value.lateness, bound.lateness),
            ("disruption, messages", value.disruption, bound.disruption), ("changes, rows", value.changes, bound.changes),
            ("completion, weight × minutes", value.completion, bound.completion),
        ]
        let rows = levels.map { name, value, bound in
            [
                name, "\(value)", bound.map(String.init) ?? "–",
                bound.map { value == $0 ? "none" : $0 == 0 ? "open" : "\(Int((Double(value - $0) / Double($0) * 100).rounded())) %" }
                    ?? "–",
            ]
        }
        return Self.section(
            "quality", "How good it is", Self.tableOf(["level", "value", "proven bound", "gap"], rows, numbers: [1, 2, 3]),
            note: "No plan can be below the bound. Levels count in this order: a lower one never pays for a higher one.")
    }

    private var waves: String {
        guard let begin = plan.waves.map(\.firstStart).min(), let end = plan.waves.map(\.lastEnd).max(), end > begin else { return "" }
        let rows = plan.waves.map { wave -> String in
            // In thousandths of the whole span; the shortest can still be seen.
            let left = min(994, (wave.firstStart - begin) * 1000 / (end - begin))
            let width = min(1000 - left, max(6, (wave.lastEnd - wave.firstStart) * 1000 / (end - begin)))
            return "<div class=\"wave\"><span>\(wave.wave == 0 ? "canary" : "wave \(wave.wave)"), \(wave.rows.count)</span>"
                + "<svg viewBox=\"0 0 1000 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"f-track\" width=\"1000\" height=\"14\"/>"
                + "<rect class=\"f-bar\" x=\"\(left)\" width=\"\(width)\" height=\"14\"/></svg>"
                + "<span class=\"num\">\(Self.minute(wave.firstStart)) – \(Self.minute(wave.lastEnd))</span></div>"
        }
        return Self.section("waves", "Waves", rows.joined(separator: "\n"))
    }

    /// Days by hours: how many cut-overs begin.
    private var hours: String {
        var counts: [Int: [Int]] = [:]
        for main in entries.compactMap(\.main) {
            counts[main.start / 86_400, default: [Int](repeating: 0, count: 24)][main.start % 86_400 / 3600] += 1
        }
        guard let most = counts.values.flatMap({ $0 }).max(), most > 0 else { return "" }
        let head = ["day"] + (0..<24).map(Self.two) + ["all"]
        let rows = counts.sorted { $0.key < $1.key }.map { day, hours -> String in
            let cells = hours.map { count in
                count == 0 ? "<td></td>" : "<td class=\"h\((count * 9 + most - 1) / most)\">\(count)</td>"
            }
            return "<tr><th>\(LocalDate(dayNumber: day))</th>\(cells.joined())<td class=\"r num\">\(hours.reduce(0, +))</td></tr>"
        }
        return Self.section(
            "hours", "Cut-overs by hour",
            "<div class=\"scroll\"><table class=\"heat\"><thead><tr>\(head.map { "<th>\($0)</th>" }.joined())</tr></thead><tbody>"
                + rows.joined(separator: "\n") + "</tbody></table></div>")
    }

    private var people: String {
        var codes: [String: [PlanTask]] = [:]
        for code in entries.compactMap(\.code) { if let name = code.operatorID { codes[name, default: []].append(code) } }
        guard !codes.isEmpty else { return "" }
        let rows = codes.sorted { $0.key < $1.key }.map { name, tasks -> [String] in
            let busiest = Dictionary(grouping: tasks) { $0.start / 86_400 }.map { (-$0.value.count, $0.key) }.min { $0 < $1 }
            let minutes = tasks.reduce(0) { $0 + ($1.end - $1.start) / 60 }
            return [
                Self.escaped(name), "\(tasks.count)", "\(minutes / 60) h \(Self.two(minutes % 60)) min",
                busiest.map { "\(LocalDate(dayNumber: $0.1)): \(-$0.0)" } ?? "",
            ]
        }
        return Self.section("operators", "Operators", Self.tableOf(["operator", "codes", "time", "busiest day"], rows, numbers: [1, 2]))
    }

    private var late: String {
        let all = entries.filter { $0.daysLate > 0 }.sorted { (-$0.daysLate, $0.row.line) < (-$1.daysLate, $1.row.line) }
        guard !all.isEmpty else { return "" }
        let late = all.prefix(Self.mostRows)
        let rows = late.map { entry in
            [
                Self.escaped(entry.row.rowRef), Self.escaped(Self.clientName(entry.row)), entry.row.deadline?.description ?? "",
                entry.main.map { Self.wall($0.start, entry.row.zone) } ?? "", "\(entry.daysLate)", "\(entry.main?.wave ?? 0)",
            ]
        }
        return Self.section(
            "late", "Late",
            Self.tableOf(
                ["row", "client", "deadline", "local cut-over", "days late", "wave"], rows, numbers: [4, 5],
                sentences: late.map(Self.sentence)))
    }

    private static func sentence(_ entry: Entry) -> String { entry.reasons.map { escaped($0.message) }.joined(separator: "<br>") }

    private var unplaced: String {
        let left = entries.filter { $0.main == nil }.prefix(Self.mostRows)
        guard !left.isEmpty else { return "" }
        let rows = left.map { entry in
            [
                Self.escaped(entry.row.rowRef), Self.escaped(Self.clientName(entry.row)),
                entry.reasons.flatMap(\.constraints).map { "<code>\(Self.escaped($0))</code>" }.joined(separator: " "),
            ]
        }
        return Self.section(
            "unplaced", "Left out", Self.tableOf(["row", "client", "constraints"], rows, sentences: left.map(Self.sentence)))
    }

    private var rows: String {
        let placed = entries.filter { $0.main != nil }.sorted { ($0.main?.start ?? 0, $0.row.line) < ($1.main?.start ?? 0, $1.row.line) }
        guard !placed.isEmpty else { return "" }
        let rows = placed.prefix(Self.mostRows).map { entry in
            [
                Self.escaped(entry.row.rowRef), Self.escaped(Self.clientName(entry.row)), entry.row.e164, "\(entry.main?.wave ?? 0)",
                entry.code.map { Self.minute($0.start) } ?? "", Self.escaped(entry.code?.operatorID ?? ""),
                entry.cutover.map { Self.minute($0.start) } ?? "", entry.main.map { Self.wall($0.start, entry.row.zone) } ?? "",
                entry.main?.state.rawValue ?? "",
            ]
        }
        let note =
            placed.count > Self.mostRows ? "The first \(Self.mostRows) of \(placed.count); all are in the table that --table writes." : ""
        return Self.section(
            "numbers", "Numbers in their order",
            Self.tableOf(
                ["row", "client", "number", "wave", "code", "operator", "cut-over", "local time", "state"], Array(rows), numbers: [3]),
            note: note)
    }

    /// What the parts need beyond the style of the operators' pages.
    public static let style =
        """
        .heat th,.heat td{padding:3px 4px;text-align:center;border:1px solid var(--line);min-width:24px;font-size:12px}
        tr.top td{border-bottom:0;padding-bottom:0}td.w{color:var(--soft)}
        .heat td:last-child{padding-right:6px;text-align:right}
        \((1...9).map { ".heat .h\($0){background:color-mix(in srgb,var(--good) \(10 + 5 * $0)%,transparent)}" }.joined())
        .wave{display:grid;grid-template-columns:110px minmax(0,1fr) max-content;gap:10px;align-items:center;padding:3px 0}
        .wave svg{height:14px;border-radius:7px}
        @media(max-width:640px){.wave{grid-template-columns:1fr}table{font-size:13px}th,td{padding-right:9px}
        td.w div{position:sticky;left:0;max-width:calc(100vw - 52px)}}
        """

    /// Those of the operators' pages that the parts use, for a page of its own.
    private static let frameStyle = """
        :root{color-scheme:light dark;--bg:#fbfbfa;--panel:#fff;--ink:#1c2024;--soft:#60686f;--line:#dfe2e4;--good:#1b7f4d;--busy:#0b66a8}
        @media(prefers-color-scheme:dark){:root{--bg:#14171a;--panel:#1b1f23;--ink:#e6e8ea;--soft:#98a1a9;--line:#2d3338;--good:#5cc48e;--busy:#66b0e6}}
        *{box-sizing:border-box}html{font:15px/1.45 system-ui,sans-serif;background:var(--bg);color:var(--ink)}body{margin:0}
        main{max-width:1180px;margin:0 auto;padding:20px;display:grid;gap:20px;grid-template-columns:minmax(0,1fr)}
        section{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:14px 16px;min-width:0}
        h1{font-size:20px;margin:0}h2{font-size:14px;margin:0 0 10px}p{margin:0 0 8px}.soft{color:var(--soft)}.scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:14px}
        th{text-align:left;font-weight:500;color:var(--soft);font-size:12.5px;padding:3px 14px 5px 0;border-bottom:1px solid var(--line);white-space:nowrap}
        td{padding:5px 14px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;font-variant-numeric:tabular-nums}
        .num,td.t,th.t{font-variant-numeric:tabular-nums;white-space:nowrap}td.r,th.r{text-align:right}code{font-size:13px;overflow-wrap:anywhere}
        svg{display:block;width:100%}.f-track{fill:var(--line)}.f-bar{fill:var(--busy)}
        .facts{display:flex;flex-wrap:wrap;gap:6px 32px}.facts b{display:block;font-size:21px;font-weight:600}.facts span{color:var(--soft);font-size:13px}
        @media(max-width:640px){main{padding:12px;gap:12px}section{padding:12px}}
        @media print{section{break-inside:avoid}}

        """
}
