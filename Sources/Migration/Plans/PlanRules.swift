import Fleet
package import Foundation
import Templates

/// The settings of a plan that its execution obeys too, from the plan's own JSON.
package struct PlanRules: Codable, Sendable, Equatable {
    package var soakHours = 24.0
    package var maxConcurrentCutovers = 10
    package var maxConcurrentCutoversPerClient = 1
    package var otpMinutes = 15.0
    package var cutoverMinutes = 30.0
    package var otpMaxLagHours = 72.0
    /// Freezes, as pairs of whole seconds since 1970.
    package var freezes: [[Int]] = []

    package init() {}

    /// Reads `plan.settings` of a plan; what is left out has the planner's default.
    package init(document: Data) {
        guard let settings = JSONTree(document)?["plan"]?["settings"] else { return }
        func number(_ name: String) -> Double? { settings[name]?.text.flatMap(Double.init) }
        soakHours = number("soak_hours") ?? soakHours
        maxConcurrentCutovers = number("max_concurrent_cutovers").map { Int($0) } ?? maxConcurrentCutovers
        maxConcurrentCutoversPerClient = number("max_concurrent_cutovers_per_client").map { Int($0) } ?? maxConcurrentCutoversPerClient
        otpMinutes = number("otp_minutes") ?? otpMinutes
        cutoverMinutes = number("cutover_minutes") ?? cutoverMinutes
        otpMaxLagHours = number("otp_max_lag_hours") ?? otpMaxLagHours
        for freeze in settings["freezes"]?.elements ?? [] {
            if let from = freeze["from"]?.text.flatMap(Self.instant), let to = freeze["to"]?.text.flatMap(Self.instant) {
                freezes.append([from, to])
            }
        }
    }

    var intervals: [Interval] { freezes.compactMap { $0.count == 2 ? Interval(start: $0[0], end: $0[1]) : nil } }

    static func instant(_ text: String) -> Int? { (try? Date(text, strategy: .iso8601)).map { Int($0.timeIntervalSince1970) } }
}
