import App
import ArgumentParser
import Foundation
import Quality
import Templates

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Rebuild a template's quality step by step.",
        subcommands: [Start.self, Status.self, Pause.self, Resume.self, Stop.self])

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Begin a rebuild.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Option(help: "The sender's phone number id.") var sender: String
        @Option(help: ArgumentHelp("The template.", valueName: "name:language")) var template: String
        @Option(help: ArgumentHelp("Recipients, one a line, the most willing first.", valueName: "file")) var recipients: String
        @Option(help: "marketing_std, utility_std, or sizes of the steps: 50,100,200.") var profile = "marketing_std"
        @Option(help: ArgumentHelp("Region of numbers without a plus.", valueName: "XX")) var region: String?
        @Option(help: ArgumentHelp("The template's components, as JSON; its own examples if not given.", valueName: "file")) var components:
            String?
        @Option(help: ArgumentHelp("When the first step is; now if not given.", valueName: "time")) var at: String?

        func run() async throws {
            guard let colon = template.lastIndex(of: ":") else {
                throw Failure(
                    .wrongUsage, "--template: found \(template.debugDescription); expected name:language, such as order_update:en_US")
            }
            let list = String(decoding: try readFile(recipients), as: UTF8.self).split(whereSeparator: \.isNewline)
                .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            let request = RebuildRequest(
                phoneNumberID: sender,
                template: TemplateKey(name: String(template[..<colon]), language: String(template[template.index(after: colon)...])),
                recipients: list, region: region, profile: try RebuildProfile(parsing: profile),
                components: try components.map { String(decoding: try readFile($0), as: UTF8.self) },
                startAt: try at.map { try readTime($0, "--at") },
                by: actor.name)
            let record = try await common.with { try await $0.rebuilds.start(request) }
            try common.show(
                record,
                "rebuild \(record.id) begins: \(record.recipients) recipients, steps \(record.steps.prefix(6).map(String.init).joined(separator: ", "))"
            )
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A rebuild with its signals and verdicts, or all of them.")
        @OptionGroup var common: Common
        @Argument(help: "Its number; all if not given.") var id: Int64?

        func run() async throws {
            guard let id else {
                let list = try await common.with { try await $0.rebuilds.list() }
                return try common.show(
                    ["rebuilds": list],
                    Output.table(
                        ["id", "sender", "template", "state", "step", "sent", "quality", "next step", "why"],
                        list.map {
                            [
                                "\($0.id)", $0.phoneNumberID, "\($0.template)", $0.state.rawValue, "\($0.step)", "\($0.submitted)",
                                $0.quality,
                                Output.time($0.nextStepAt), $0.reason ?? "",
                            ]
                        }))
            }
            let status = try await common.with { try await $0.rebuilds.status(id) }
            let rebuild = status.rebuild
            var lines = [
                "rebuild \(id) of \(rebuild.template) on \(rebuild.phoneNumberID) is \(rebuild.state.rawValue)\(rebuild.reason.map { ": \($0)" } ?? "")",
                "quality \(rebuild.quality), template \(rebuild.templateStatus), step \(rebuild.step), next at \(Output.time(rebuild.nextStepAt))",
                "sent \(status.total.submitted), delivered \(status.total.arrived), read \(status.total.read), failed \(status.total.failed), unknown \(status.total.unknown)",
            ]
            lines += status.verdicts.map {
                "  \($0.at.formatted(.iso8601)) step \($0.step) \($0.moment): \($0.decision.rawValue) (\($0.code)): \($0.reason)"
            }
            lines += status.actions.map { "  \($0.at.formatted(.iso8601)) \($0.action) by \($0.actor): \($0.why)" }
            try common.show(status, lines.joined(separator: "\n"))
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Pause a rebuild; what is queued is taken back.")
        @OptionGroup var common: Common
        @OptionGroup var person: Decision

        func run() async throws {
            let person = person
            let record = try await common.with { try await $0.rebuilds.pause(person.id, by: person.actor.name, why: person.why) }
            try common.show(record, "rebuild \(record.id) is \(record.state.rawValue)")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Set a rebuild going again.")
        @OptionGroup var common: Common
        @OptionGroup var person: Decision

        func run() async throws {
            let person = person
            let record = try await common.with { try await $0.rebuilds.resume(person.id, by: person.actor.name, why: person.why) }
            try common.show(record, "rebuild \(record.id) is \(record.state.rawValue); next step at \(Output.time(record.nextStepAt))")
        }
    }

    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop a rebuild.")
        @OptionGroup var common: Common
        @OptionGroup var person: Decision

        func run() async throws {
            let person = person
            let record = try await common.with { try await $0.rebuilds.stop(person.id, by: person.actor.name, why: person.why) }
            try common.show(record, "rebuild \(record.id) is \(record.state.rawValue)")
        }
    }

    /// Which rebuild, who decides, and why.
    struct Decision: ParsableArguments {
        @OptionGroup var actor: Actor
        @Argument(help: "The rebuild's number.") var id: Int64
        @Option(help: "Why.") var why = "decided by a person"
    }
}
