/// How a number moves.
public enum Route: String, Codable, Sendable, CaseIterable {
    /// Programmatic, with `migrate_phone_number=true`.
    case partner
    /// Embedded Signup by the client.
    case signup
    /// The number stays on the Business app as well.
    case coexistence
    /// From the On-Premises API.
    case onPrem = "on_prem"
}

/// A row's wish to be in a certain wave.
public enum WavePin: Hashable, Sendable {
    case canary
    case wave(Int)
}

/// One number to move, checked.
public struct FleetRow: Sendable, Equatable {
    public var line: Int
    /// Every column as it was written, so that a stored row can be read again by the same rules.
    public var fields: [String: String]
    public var rowRef: String
    public var clientID: String
    public var e164: String
    public var route: Route
    public var sourceWABA: String?
    public var sourcePhoneNumberID: String?
    public var destWABA: String
    public var sourceProvider: String
    public var displayName: String?
    public var zone: ZoneRules
    public var cutoverWindows: WeeklyWindows
    /// Nil: the same as `cutoverWindows`.
    public var otpHours: WeeklyWindows?
    public var blackoutDates: [LocalDateRange]
    public var earliest: LocalDate?
    public var deadline: LocalDate?
    /// 1 (first) to 5.
    public var priority: Int
    public var dailyMessages: Int
    public var peakHours: DailyHours?
    /// `SMS` or `VOICE`.
    public var otpMethod: String
    /// Such as `en_US`; nil when not given.
    public var otpLanguage: String?
    public var twoStepLeadDays: Int
    public var templateCount: Int
    public var dependsOn: [String]
    public var notSameDayAs: [String]
    public var wave: WavePin?
    public var canaryOK: Bool
    /// E.164.
    public var testRecipients: [String]
    public var testTemplate: (name: String, language: String)?
    public var rebuildProfile: String?

    /// 6 − priority.
    public var weight: Int { 6 - priority }
    /// The letters of `otp_language` before `_` or `-`.
    public var language: String? { otpLanguage?.prefix { $0 != "_" && $0 != "-" }.lowercased() }
    /// When the client's contact can read a code.
    public var codeHours: WeeklyWindows { otpHours ?? cutoverWindows }

    /// Whether the local date of a task is one the row allows.
    public func allows(_ date: LocalDate) -> Bool {
        if let earliest, date < earliest { return false }
        return !blackoutDates.contains { $0.contains(date) }
    }

    public static func == (left: Self, right: Self) -> Bool { left.fields == right.fields }
}
