import Fleet
import Planner

extension PlanReport {
    /// A page of its own, without scripts and without anything to load: what is placed, late and left out, how good the plan is, its waves, the
    /// hours of each day, and the load of operators.
    public var page: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Migration plan of \(Self.day(plan.now))</title><style>\(Self.style)</style></head><body><main>
        <h1>Migration plan</h1><p class="note">made \(PlanTime.text(plan.now))\(plan.stoppedEarly ? ", stopped early" : ""); all times are UTC unless said otherwise</p>
        \(cards)\(objective)\(waves)\(hours)\(people)\(late)\(unplaced)\(rows)
        </main></body></html>

        """
    }

    /// Rows shown on the page; all of them are in the table.
    static let mostRows = 1000

    private static func escaped(_ text: String) -> String {
        replacing(text, ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;"])
    }

    private static func day(_ instant: Int) -> String { String(PlanTime.text(instant).prefix(10)) }
    private static func minute(_ instant: Int) -> String { String(PlanTime.text(instant).prefix(16).replacing("T", with: " ")) }

    private static func section(_ title: String, _ body: String, note: String = "") -> String {
        "<section><h2>\(title)</h2>\(note.isEmpty ? "" : "<p class=\"note\">\(note)</p>")\(body)</section>\n"
    }

    private static func tableOf(_ head: [String], _ rows: [[String]], numbers: Set<Int> = []) -> String {
        func cells(_ values: [String], _ tag: String) -> String {
            values.enumerated().map { index, value in "<\(tag)\(numbers.contains(index) ? " class=\"n\"" : "")>\(value)</\(tag)>" }.joined()
        }
        return "<div class=\"wide\"><table><thead><tr>\(cells(head, "th"))</tr></thead><tbody>"
            + rows.map { "<tr>\(cells($0, "td"))</tr>" }.joined(separator: "\n") + "</tbody></table></div>"
    }

    // MARK: Parts

    private var cards: String {
        let placed = entries.count { $0.main != nil }
        let late = entries.count { $0.daysLate > 0 }
        let mains = entries.compactMap(\.main)
        let span = mains.isEmpty ? "–" : "\(Self.day(mains.map(\.start).min() ?? 0)) to \(Self.day(mains.map(\.end).max() ?? 0))"
        let cards = [
            ("numbers", "\(entries.count)"), ("placed", "\(placed)"), ("left out", "\(entries.count - placed)"), ("late", "\(late)"),
            ("rejected", "\(Set(plan.rejected.map(\.line)).count)"), ("waves", "\(plan.waves.count)"), ("cut-overs", span),
        ]
        return "<div class=\"cards\">"
            + cards.map { "<div><b>\($0.1)</b><span>\($0.0)</span></div>" }.joined() + "</div>\n"
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
            "How good it is", Self.tableOf(["level", "value", "proven bound", "gap"], rows, numbers: [1, 2, 3]),
            note: "No plan can be below the bound. Levels count in this order: a lower one never pays for a higher one.")
    }

    private var waves: String {
        guard let begin = plan.waves.map(\.firstStart).min(), let end = plan.waves.map(\.lastEnd).max(), end > begin else { return "" }
        let rows = plan.waves.map { wave -> String in
            let left = Double(wave.firstStart - begin) / Double(end - begin) * 100
            let width = max(0.6, Double(wave.lastEnd - wave.firstStart) / Double(end - begin) * 100)
            func two(_ number: Double) -> String { "\((number * 100).rounded() / 100)" }
            return "<div class=\"wave\"><span>\(wave.wave == 0 ? "canary" : "wave \(wave.wave)"), \(wave.rows.count)</span>"
                + "<div class=\"track\"><i style=\"left:\(two(min(left, 99.4)))%;width:\(two(min(width, 100 - min(left, 99.4))))%\"></i></div>"
                + "<span class=\"n\">\(Self.minute(wave.firstStart)) – \(Self.minute(wave.lastEnd))</span></div>"
        }
        return Self.section("Waves", rows.joined(separator: "\n"))
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
                count == 0 ? "<td></td>" : "<td style=\"--heat:\(15 + 45 * count / most)%\">\(count)</td>"
            }
            return "<tr><th>\(LocalDate(dayNumber: day))</th>\(cells.joined())<td class=\"n\">\(hours.reduce(0, +))</td></tr>"
        }
        return Self.section(
            "Cut-overs by hour",
            "<div class=\"wide\"><table class=\"heat\"><thead><tr>\(head.map { "<th>\($0)</th>" }.joined())</tr></thead><tbody>"
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
        return Self.section("Operators", Self.tableOf(["operator", "codes", "time", "busiest day"], rows, numbers: [1, 2]))
    }

    private var late: String {
        let late = entries.filter { $0.daysLate > 0 }.sorted { (-$0.daysLate, $0.row.line) < (-$1.daysLate, $1.row.line) }
        guard !late.isEmpty else { return "" }
        let rows = late.prefix(Self.mostRows).map { entry in
            [
                Self.escaped(entry.row.rowRef), Self.escaped(Self.clientName(entry.row)), entry.row.deadline?.description ?? "",
                entry.main.map { Self.wall($0.start, entry.row.zone) } ?? "", "\(entry.daysLate)", "\(entry.main?.wave ?? 0)",
            ]
        }
        return Self.section(
            "Late", Self.tableOf(["row", "client", "deadline", "local cut-over", "days late", "wave"], Array(rows), numbers: [4, 5]))
    }

    private var unplaced: String {
        let left = entries.filter { $0.main == nil }
        guard !left.isEmpty else { return "" }
        let rows = left.prefix(Self.mostRows).map { entry in
            [
                Self.escaped(entry.row.rowRef), Self.escaped(Self.clientName(entry.row)),
                entry.reasons.map { Self.escaped($0.message) }.joined(separator: "<br>"),
                entry.reasons.flatMap(\.constraints).map { "<code>\(Self.escaped($0))</code>" }.joined(separator: " "),
            ]
        }
        return Self.section("Left out", Self.tableOf(["row", "client", "why", "constraints"], Array(rows)))
    }

    private var rows: String {
        let placed = entries.filter { $0.main != nil }.sorted { ($0.main?.start ?? 0, $0.row.line) < ($1.main?.start ?? 0, $1.row.line) }
        guard !placed.isEmpty else { return "" }
        let rows = placed.prefix(Self.mostRows).map { entry in
            [
                Self.escaped(entry.row.rowRef), Self.escaped(Self.clientName(entry.row)), entry.row.e164, "\(entry.main?.wave ?? 0)",
                entry.code.map { Self.minute($0.start) } ?? "", Self.escaped(entry.code?.operatorID ?? ""),
                entry.cutover.map { Self.minute($0.start) } ?? "", entry.main.map { Self.wall($0.start, entry.row.zone) } ?? "",
            ]
        }
        let note =
            placed.count > Self.mostRows ? "The first \(Self.mostRows) of \(placed.count); all are in the table that --table writes." : ""
        return Self.section(
            "Numbers in their order",
            Self.tableOf(["row", "client", "number", "wave", "code", "operator", "cut-over", "local time"], Array(rows), numbers: [3]),
            note: note)
    }

    private static let style = """
        :root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--line:#d9dee5;--back:#fff;--panel:#f5f7fa;--accent:#0b7a5c}
        @media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa4b2;--line:#313843;--back:#12151a;--panel:#1b2027;--accent:#3fc79a}}
        *{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
        main{max-width:1100px;margin:0 auto;padding:24px 16px}h1{margin:0;font-size:26px}h2{margin:32px 0 8px;font-size:18px}
        .note{margin:4px 0 8px;color:var(--soft)}.cards{display:flex;flex-wrap:wrap;gap:8px;margin-top:16px}
        .cards div{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:8px 14px}
        .cards b{display:block;font-size:20px}.cards span{color:var(--soft);font-size:13px}.wide{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
        th{color:var(--soft);font-weight:600;white-space:nowrap}td{font-variant-numeric:tabular-nums}
        .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}code{background:var(--panel);border-radius:4px;padding:1px 5px;font-size:13px}
        .heat th,.heat td{padding:3px 4px;text-align:center;border:1px solid var(--line);min-width:24px;font-size:12px}
        .heat td[style]{background:color-mix(in srgb,var(--accent) var(--heat),transparent)}
        .wave{display:grid;grid-template-columns:110px 1fr 270px;gap:10px;align-items:center;padding:3px 0;font-size:14px}
        .track{position:relative;height:14px;background:var(--panel);border-radius:7px;overflow:hidden}
        .track i{position:absolute;top:0;bottom:0;background:var(--accent);border-radius:7px}
        @media (max-width:640px){.wave{grid-template-columns:1fr}.wave .n{text-align:left;color:var(--soft)}}
        """
}
