import App
import ArgumentParser
import Foundation
import Gateway

struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Meta's limits: what they are, how much is used, how often they were reached.",
        subcommands: [List.self, Set.self, SetQuota.self, Drop.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Limits, quotas of 24 hours, and what they held back in the last seven days.")
        @OptionGroup var common: Common
        @Option(help: ArgumentHelp("Only quotas behind this one, as the end of a list says.", valueName: "key")) var after: String?
        @Option(help: "Quotas shown, 1 to 1000.") var limit = 1000

        func run() async throws {
            let (after, limit) = (after, limit)
            guard (1...1000).contains(limit) else { throw Failure(.wrongUsage, "--limit: found \(limit); expected 1 to 1000") }
            let limits = try await common.with { try await $0.gateway.limits(after: after, limit: limit) }
            let rules = Output.table(
                ["limit", "value", "unit", "shadow", "source", "since"],
                limits.rules.map {
                    [$0.name, $0.value.map(number) ?? "none", $0.unit, $0.shadow.map { $0 ? "on" : "off" } ?? "-", $0.source, $0.effective]
                })
            let quotas = Output.table(
                ["quota of 24 h", "used", "of", "held", "shadow", "source"],
                limits.quotas.map {
                    [$0.key, "\($0.used)", $0.perDay.map { "\($0)" } ?? "no limit", "\($0.held)", $0.shadow ? "on" : "off", $0.source]
                })
            let reached = Output.table(
                ["day", "limit", "of", "held", "let go"],
                limits.reached.map { [$0.day, $0.rule, $0.key, "\($0.held)", "\($0.letGo)"] })
            let rest = limits.next.map { "\nand \(limits.more) more quotas: relevo limits list --after \($0)" } ?? ""
            let tables = [rules] + (limits.quotas.isEmpty ? [] : [quotas + rest]) + (limits.reached.isEmpty ? [] : [reached])
            try common.show(limits, tables.joined(separator: "\n\n"))
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change a limit, from the next admission on.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its name, as list shows it; tier.TIER_… may be new.") var name: String
        @Argument(help: "Its value, or none for no limit.") var value: String?
        @Option(help: "Count what it would hold back and let it go: on or off.") var shadow: String?
        @Option(help: "Who says so.") var source: String?
        @Option(help: ArgumentHelp("Since when.", valueName: "YYYY-MM-DD")) var effective: String?

        func run() async throws {
            let (name, by) = (name, actor.name)
            let change = LimitChange(
                value: try value.map { try amount($0, "VALUE", Double.init) }, shadow: try shadow.map { try onOff($0) }, source: source,
                effective: effective)
            let rule = try await common.with { try await $0.gateway.setLimit(name, change, by: by) }
            let shadow = rule.shadow == true ? ", in shadow: it counts and holds nothing back" : ""
            try common.show(rule, "\(name) is \(rule.value.map(number) ?? "without limit") (\(rule.unit))\(shadow)")
        }
    }

    struct SetQuota: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "quota", abstract: "Set a quota of 24 hours: portfolio:<id> or template:<waba>:<name>:<language>.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its key.") var key: String
        @Option(help: "Recipients or messages in 24 hours, none for no limit, meta for what Meta says of a portfolio.") var perDay: String?
        @Option(help: "Count what it would hold back and let it go: on or off.") var shadow: String?
        @Option(help: "Who says so.") var source: String?

        func run() async throws {
            let (key, by, source) = (key, actor.name, source)
            let followsMeta = perDay == "meta"
            let count = followsMeta ? nil : try perDay.map { try amount($0, "--per-day", { Int($0) }) }
            let isShadow = try shadow.map { try onOff($0) }
            let quota = try await common.with {
                try await $0.gateway.setQuota(key, perDay: count, shadow: isShadow, source: source, followsMeta: followsMeta, by: by)
            }
            try common.show(quota, "\(key): \(quota.used) of \(quota.perDay.map { "\($0)" } ?? "no limit") used in 24 hours")
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a quota away; what is held for it goes on.")
        @OptionGroup var common: Common
        @Argument(help: "Its key.") var key: String

        func run() async throws {
            let key = key
            guard try await common.with({ try await $0.gateway.dropQuota(key) }) else {
                throw Failure(.failed, "there is no quota \(key.debugDescription); relevo limits list shows all")
            }
            try common.show(["key": key], "\(key) is no longer counted")
        }
    }
}

private func number(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }

private func amount<Value>(_ text: String, _ name: String, _ read: (String) -> Value?) throws -> Value? {
    if text == "none" { return nil }
    guard let value = read(text) else { throw Failure(.wrongUsage, "\(name): found \(text.debugDescription); expected a number or none") }
    return value
}

private func onOff(_ text: String) throws -> Bool {
    switch text {
    case "on": true
    case "off": false
    default: throw Failure(.wrongUsage, "--shadow: found \(text.debugDescription); expected on or off")
    }
}
