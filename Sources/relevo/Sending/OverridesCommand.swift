import App
import ArgumentParser
import Foundation
import Gateway

struct OverridesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overrides", abstract: "What is otherwise than usual because of Meta's errors, and what waits for a person.",
        subcommands: [List.self, Lift.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stopped numbers, held templates, and codes that no rule knows.")
        @OptionGroup var common: Common

        func run() async throws {
            let overrides = try await common.with { try await $0.gateway.overrides() }
            let table = Output.table(
                ["key", "since", "until", "code", "messages", "why"],
                overrides.map {
                    [
                        $0.key, Output.time($0.since), $0.until.map(Output.time) ?? "-", $0.code.map { "\($0)" } ?? "-",
                        $0.count.map { "\($0)" } ?? "-", $0.reason,
                    ]
                })
            try common.show(["overrides": overrides], overrides.isEmpty ? "nothing is overridden" : table)
        }
    }

    struct Lift: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End one: the number goes on, the template is used again, the code is taken off the list.")
        @OptionGroup var common: Common
        @Argument(help: "Its key, as list shows it.") var key: String

        func run() async throws {
            let key = key
            guard let lifted = try await common.with({ try await $0.gateway.lift(key) }) else {
                throw Failure(.failed, "no override has the key \(key.debugDescription); relevo overrides list shows those in force")
            }
            try common.show(lifted, "\(key) is lifted; it was: \(lifted.reason)")
        }
    }
}
