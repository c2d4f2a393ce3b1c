import Fleet
import Foundation

/// When a row may be touched: its windows without blackout dates, days before `earliest`, and the plan's freezes.
public struct RowHours: Sendable {
    let row: FleetRow
    /// Freezes of the plan, UTC.
    let freezes: [Interval]

    public enum Kind: Sendable { case code, cutover }

    init(row: FleetRow, freezes: [Interval]) {
        self.row = row
        self.freezes = freezes
    }

    /// The window of `kind` in which `instant` lies with at least `needed` seconds left; nil when there is none.
    ///
    /// The local date of `instant` must be one the row allows, as for a task that starts then. Of overlapping windows the longest counts.
    func window(_ kind: Kind, at instant: Date, needed: Int) -> Interval? {
        let at = Int(instant.timeIntervalSince1970.rounded(.up))
        guard row.allows(row.zone.date(of: at)) else { return nil }
        let stay = Interval(start: at, end: at + needed)
        guard !freezes.contains(where: { $0.overlaps(stay) }) else { return nil }
        return windows(kind, Interval(start: at, end: at + 1)).filter { $0.contains(stay) }.max { $0.end < $1.end }
    }

    /// The first instant from `instant` on at which something of `seconds` could start; nil when there is none within `days`.
    func next(_ kind: Kind, from instant: Date, seconds: Int, days: Int = 62) -> Date? {
        let from = Int(instant.timeIntervalSince1970.rounded(.up))
        var candidates = [from]
        for window in windows(kind, Interval(start: from, end: from + days * 86_400)) where window.start > from {
            candidates.append(window.start)
        }
        // A window may open inside a freeze, or on a blackout date that ends while it lasts.
        for freeze in freezes where freeze.end > from { candidates.append(freeze.end) }
        let today = row.zone.date(of: from).dayNumber
        for day in 0...days { candidates.append(row.zone.instant(of: LocalDate(dayNumber: today + day), minute: 0)) }
        return candidates.sorted().first { at in
            at >= from && window(kind, at: Date(timeIntervalSince1970: Double(at)), needed: seconds) != nil
        }.map { Date(timeIntervalSince1970: Double($0)) }
    }

    private func windows(_ kind: Kind, _ range: Interval) -> [Interval] {
        (kind == .code ? row.codeHours : row.cutoverWindows).intervals(in: range, zone: row.zone)
    }
}
