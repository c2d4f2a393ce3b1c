import App
import ArgumentParser
import Migration
import Templates

struct TemplatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "templates", abstract: "Templates of two WABAs.", subcommands: [Diff.self, Copy.self])

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Compare what two WABAs have; nothing is changed.")
        @OptionGroup var common: Common
        @Argument(help: "WABA the templates come from.") var source: String
        @Argument(help: "WABA they should be in.") var destination: String

        func run() async throws {
            let (source, destination) = (source, destination)
            let diff = try await common.with { try await $0.copier.diff(source: source, destination: destination) }
            var lines = ["\(diff.same.count) the same, \(diff.missing.count) missing, \(diff.different.count) different"]
            lines += diff.missing.map { "  missing: \($0)" }
            lines += diff.different.map { "  different: \($0.key): \($0.detail)" }
            lines += diff.unusable.map { "  not usable: \($0.key): \($0.detail)" }
            lines += diff.rejected.map { "  rejected by Meta: \($0.key): \($0.detail)" }
            lines += diff.pending.map { "  under review: \($0)" }
            try common.show(diff, lines.joined(separator: "\n"))
        }
    }

    struct Copy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Copy what is missing, and verify.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "WABA the templates come from.") var source: String
        @Argument(help: "WABA they go to.") var destination: String

        func run() async throws {
            let (source, destination, name) = (source, destination, actor.name)
            let report = try await common.with { parts in
                let report = try await parts.copier.copy(source: source, destination: destination)
                do {
                    // A planned copy of the pair that has stopped looks again, and the numbers that wait for it go on.
                    if report.verified { try await parts.migrations.retryCopy(source: source, destination: destination, by: name) }
                } catch let error as MigrationError where error.code == .notFound {
                    // No plan is armed, or it has no such pair: a copy by hand.
                }
                return report
            }
            try common.show(report, ([report.summary] + report.advice()).joined(separator: "\n"))
            if !report.verified { throw Failure(.failed, "") }
        }
    }
}
