import Foundation
import Testing

@testable import Fleet

@Suite struct CalendarTests {
    @Test func datesCountAsFoundationCounts() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for day in stride(from: 0, to: 40_000, by: 37) {
            let parts = calendar.dateComponents([.year, .month, .day, .weekday], from: Date(timeIntervalSince1970: Double(day) * 86_400))
            let date = LocalDate(dayNumber: day)
            #expect(date.components.year == parts.year && date.components.month == parts.month && date.components.day == parts.day)
            #expect((date.weekday + 1) % 7 + 1 == parts.weekday)
            #expect(LocalDate(date.description) == date)
        }
        #expect(LocalDate("2026-02-30") == nil && LocalDate("2026-2-3") == nil && LocalDate("24-12-2026") == nil)
    }

    /// Wall times against a walk through every minute around both clock changes.
    @Test(arguments: ["Europe/Madrid", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
    func instantsAgreeWithAWalkThroughEveryMinute(_ name: String) throws {
        let rules = try #require(ZoneRules.named(name))
        let zone = try #require(TimeZone(identifier: name))
        for base in [1_774_742_400, 1_793_145_600, 1_772_928_000, 1_793_491_200] {
            var first: [Int: Int] = [:]
            for instant in stride(from: base - 86_400 * 2, to: base + 86_400 * 3, by: 60) {
                let wall = instant + zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
                if first[wall] == nil { first[wall] = instant }
                #expect(rules.date(of: instant).dayNumber == wall / 86_400 && rules.secondOfDay(of: instant) == wall % 86_400)
            }
            for wall in stride(from: base - 86_400, to: base + 86_400, by: 900) {
                var expected = first[wall]
                var later = wall
                // In a gap: the first instant whose wall time is not before it.
                while expected == nil { later += 60; expected = first[later] }
                #expect(rules.instant(of: LocalDate(dayNumber: wall / 86_400), minute: wall % 86_400 / 60) == expected)
            }
        }
    }

    @Test func windowsAreReadAndRepeat() throws {
        let zone = try #require(ZoneRules.named("UTC"))
        let monday = try #require(LocalDate("2026-12-07")).dayNumber * 86_400
        let week = Interval(start: monday, end: monday + 7 * 86_400)
        #expect(try WeeklyWindows("Fri-Mon 22:00-02:00").intervals(in: week, zone: zone).count == 5)
        #expect(try WeeklyWindows("Daily 00:00-24:00").intervals(in: week, zone: zone).count == 7)
        #expect(try WeeklyWindows("Mon,Wed 09:00-09:00").intervals(in: week, zone: zone).map { $0.end - $0.start } == [86_400, 86_400])
        #expect(try WeeklyWindows("Mon 10:00-11:00;Mon 11:00-12:00").intervals(in: week, zone: zone).count == 2)
        for bad in ["", "Mon", "22:00-05:00", "Monday 1:00-2:00", "Mon 22:00", "Mon 24:00-25:00", "Mon- 1:00-2:00", "Mon 1:60-2:00"] {
            #expect(throws: BadText.self, "\(bad)") { try WeeklyWindows(bad) }
        }
    }

    @Test func peakSecondsCountOverlapsOnceAndCrossMidnight() throws {
        let zone = try #require(ZoneRules.named("UTC"))
        let hours = try DailyHours("22:00-01:00;23:00-00:30")
        #expect(hours.seconds(in: Interval(start: 0, end: 86_400), zone: zone) == 3 * 3600)
        #expect(hours.seconds(in: Interval(start: 1800, end: 5400), zone: zone) == 1800)
    }
}
