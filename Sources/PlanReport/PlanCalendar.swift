import Fleet
import Planner

extension PlanReport {
    /// The tasks of a client as an iCalendar (RFC 5545): when somebody has to read a code aloud, and when a number moves. Nil when it has none.
    public func calendar(client: String) -> String? {
        let mine = (byClient[client] ?? []).map { entries[$0] }
        let events = mine.filter { $0.main != nil }.flatMap { entry in
            [entry.code, entry.cutover].compactMap { $0 }.map { task in
                Event(
                    task: task, now: plan.now,
                    summary: task.kind == .otp ? "Read the code for \(entry.row.e164)" : "\(entry.row.e164) moves to Cloud API",
                    details: task.kind == .otp
                        ? "Be at the phone \(entry.row.e164): \(entry.row.otpMethod == "VOICE" ? "a call" : "a message") brings a code to read aloud."
                        : "The number cannot send or receive until it is over.")
            }
        }
        return events.isEmpty ? nil : Self.calendar(named: mine.first.map { Self.clientName($0.row) } ?? client, events)
    }

    /// The codes an operator takes. Nil when there are none.
    public func calendar(operator name: String) -> String? {
        let events = entries.compactMap { entry -> Event? in
            guard let code = entry.code, code.operatorID == name else { return nil }
            let wall = Self.wall(code.start, entry.row.zone)
            return Event(
                task: code, now: plan.now, summary: "Code for \(entry.row.e164), \(Self.clientName(entry.row))",
                details:
                    "\(entry.row.rowRef), wave \(code.wave ?? 0), \(entry.row.otpMethod)\(entry.row.language.map { ", in \($0)" } ?? ""); "
                    + "there it is \(wall) (\(entry.row.zone.name)).")
        }
        return events.isEmpty ? nil : Self.calendar(named: "Codes of \(name)", events)
    }

    private struct Event {
        var task: PlanTask
        var now: Int
        var summary: String
        var details: String
    }

    private static func calendar(named name: String, _ events: [Event]) -> String {
        var lines = [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Relevo//Plan//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
            "X-WR-CALNAME:\(escaped(name))",
        ]
        for event in events.sorted(by: { ($0.task.start, $0.task.id) < ($1.task.start, $1.task.id) }) {
            lines += [
                "BEGIN:VEVENT", "UID:\(escaped(event.task.id))@relevo", "DTSTAMP:\(stamp(event.now))", "DTSTART:\(stamp(event.task.start))",
                "DTEND:\(stamp(event.task.end))", "SUMMARY:\(escaped(event.summary))", "DESCRIPTION:\(escaped(event.details))",
                "STATUS:\(event.task.state == .failed || event.task.state == .missed ? "CANCELLED" : "CONFIRMED")", "END:VEVENT",
            ]
        }
        return (lines + ["END:VCALENDAR"]).map(folded).joined()
    }

    /// `20261203T221500Z`.
    private static func stamp(_ instant: Int) -> String { PlanTime.text(instant).filter { $0 != "-" && $0 != ":" } }

    private static func escaped(_ text: String) -> String {
        replacing(text, ["\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": ""])
    }

    /// Lines of at most 75 octets, cut between characters.
    private static func folded(_ line: String) -> String {
        var result = ""
        var count = 0
        for character in line.unicodeScalars {
            let size = UTF8.width(character)
            if count + size > 75 {
                result += "\r\n "
                count = 1
            }
            result.unicodeScalars.append(character)
            count += size
        }
        return result + "\r\n"
    }
}
