import App
import ArgumentParser
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
            try common.show(diff, lines.joined(separator: "\n"))
        }
    }

    struct Copy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Copy what is missing, and verify.")
        @OptionGroup var common: Common
        @Argument(help: "WABA the templates come from.") var source: String
        @Argument(help: "WABA they go to.") var destination: String

        func run() async throws {
            let (source, destination) = (source, destination)
            let report = try await common.with { try await $0.copier.copy(source: source, destination: destination) }
            try common.show(report, report.summary)
            if !report.verified { throw Failure(.failed, "") }
        }
    }
}
