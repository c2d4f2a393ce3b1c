import Foundation

/// How states look, and the small drawings of the pages. Colours come from classes: the content security policy allows no inline style.
enum Drawing {
    /// The class of a state: `good`, `busy`, `wait`, `warn`, `bad`.
    static func kind(_ state: String) -> String {
        switch state {
        case "done", "delivered", "read", "verified", "accepted", "sent", "finished", "grow", "GREEN": "good"
        case "adding", "cutting_over", "testing", "awaiting_code", "running", "sending", "loading", "copying", "maturing": "busy"
        case "blocked", "held", "awaiting_person", "missed", "unknown", "paused", "expired", "stay", "shrink", "hold", "YELLOW": "warn"
        case "failed", "stopped", "refused", "stop", "RED": "bad"
        default: "wait"
        }
    }

    /// `awaiting_code` as `awaiting code`.
    static func words(_ name: String) -> String { name.replacing("_", with: " ") }

    /// `2026-11-24 20:15`.
    static func time(_ date: Date?) -> String {
        guard let date, date > .distantPast, date < .distantFuture else { return "" }
        return String(date.formatted(.iso8601).prefix(16)).replacing("T", with: " ")
    }

    /// `in 3 h`, `12 min ago`.
    static func relative(_ date: Date, to now: Date) -> String {
        let minutes = Int((abs(date.timeIntervalSince(now)) / 60).rounded())
        let text = minutes < 1 ? "now" : minutes < 120 ? "\(minutes) min" : minutes < 2880 ? "\(minutes / 60) h" : "\(minutes / 1440) days"
        return minutes < 1 ? text : date > now ? "in \(text)" : "\(text) ago"
    }

    /// Thousands apart: `12 345`.
    static func number(_ value: Int) -> String {
        let digits = Array(String(abs(value)))
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text.append("\u{202F}") }
            text.append(digit)
        }
        return value < 0 ? "−" + text : text
    }

    /// One bar, cut by state.
    static func stack(_ parts: [(name: String, count: Int)]) -> String {
        let total = parts.reduce(0) { $0 + $1.count }
        guard total > 0 else { return "" }
        var at = 0.0
        var rectangles = ""
        for part in parts where part.count > 0 {
            let width = Double(part.count) / Double(total) * 1000
            rectangles += "<rect x=\"\(short(at))\" width=\"\(short(max(1, width - 1.5)))\" height=\"16\" class=\"f-\(kind(part.name))\"/>"
            at += width
        }
        let label = parts.filter { $0.count > 0 }.map { "\(words($0.name)) \($0.count)" }.joined(separator: ", ")
        return
            "<svg class=\"stack\" viewBox=\"0 0 1000 16\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"\(escape(label))\">\(rectangles)</svg>"
    }

    /// Where a task lies between now and the last of those shown.
    static func strip(from start: Date, to end: Date, now: Date, until last: Date) -> String {
        let span = max(1, last.timeIntervalSince(now))
        let from = min(max(start.timeIntervalSince(now) / span, 0), 1) * 200
        let to = min(max(end.timeIntervalSince(now) / span, 0), 1) * 200
        return "<svg class=\"strip\" viewBox=\"0 0 200 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            + "<rect y=\"6.5\" width=\"200\" height=\"1\" class=\"f-track\"/>"
            + "<rect x=\"\(short(min(from, 197)))\" y=\"2\" width=\"\(short(max(3, to - from)))\" height=\"10\" rx=\"1.5\" class=\"f-bar\"/></svg>"
    }

    /// Columns of the same width; the second value of each is drawn over the first.
    static func columns(_ values: [(all: Int, bad: Int)], label: String) -> String {
        let top = max(1, values.map(\.all).max() ?? 1)
        let width = 1000 / Double(max(1, values.count))
        var rectangles = "<rect y=\"95\" width=\"1000\" height=\"1\" class=\"f-track\"/>"
        for (place, value) in values.enumerated() where value.all > 0 {
            let x = short(Double(place) * width + width * 0.12)
            let height = max(1.5, Double(value.all) / Double(top) * 90)
            rectangles +=
                "<rect x=\"\(x)\" y=\"\(short(95 - height))\" width=\"\(short(width * 0.76))\" height=\"\(short(height))\" class=\"f-bar\"/>"
            if value.bad > 0 {
                let bad = max(1.5, Double(value.bad) / Double(top) * 90)
                rectangles +=
                    "<rect x=\"\(x)\" y=\"\(short(95 - bad))\" width=\"\(short(width * 0.76))\" height=\"\(short(bad))\" class=\"f-bad\"/>"
            }
        }
        return
            "<svg class=\"chart\" viewBox=\"0 0 1000 96\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"\(escape(label))\">\(rectangles)</svg>"
    }

    private static func short(_ value: Double) -> String { String((value * 10).rounded() / 10) }

    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
