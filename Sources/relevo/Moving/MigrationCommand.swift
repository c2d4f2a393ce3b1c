import App
import ArgumentParser
import Foundation
import Migration

struct MigrationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migration", abstract: "Numbers on their way.",
        subcommands: [
            List.self, Show.self, Code.self, Link.self, Retry.self, Abort.self, WhyNumber.self, Release.self, Progress.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Numbers and where they are.")

        static func cells(_ number: NumberRecord) -> [String] {
            let state = number.state.rawValue + (number.needsPerson ? " *" : "")
            let why = String((number.reason ?? number.step).prefix(100))
            let time = Output.time(number.registeredAt ?? number.cutoverStart)
            return [number.rowRef, number.e164, number.route, "\(number.wave)", state, time, why]
        }

        @OptionGroup var common: Common
        @Option(help: "Only numbers in this state.") var state: String?
        @Option(help: "Only numbers of this wave.") var wave: Int?
        @Option(help: "Only numbers of this client.") var client: String?
        @Flag(help: "Only numbers for which someone has to act.") var needsPerson = false
        @Option(help: "Continue after this row.") var after: String?
        @Option(help: "Most rows, 1 to 1000.") var limit = 100

        func run() async throws {
            var filter = Migrations.Filter()
            if let state {
                guard let known = NumberState(rawValue: state) else {
                    throw Failure(
                        .wrongUsage,
                        "--state: found \(state.debugDescription); expected one of \(NumberState.allCases.map(\.rawValue).joined(separator: ", "))"
                    )
                }
                filter.state = known
            }
            filter.wave = wave
            filter.client = client
            filter.needsPerson = needsPerson ? true : nil
            filter.after = after
            filter.limit = limit
            let wanted = filter
            let numbers = try await common.with { try await $0.migrations.list(wanted) }
            try common.show(
                ["numbers": numbers],
                Output.table(
                    ["row", "number", "route", "wave", "state", "cut-over", "why"],
                    numbers.map(Self.cells)))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A number's story.")
        @OptionGroup var common: Common
        @Argument(help: "Its row_ref.") var ref: String

        func run() async throws {
            let ref = ref
            let story = try await common.with { try await $0.migrations.show(ref) }
            let number = story.number
            var lines = [
                "\(number.rowRef) \(number.e164) (\(number.route), wave \(number.wave)) is \(number.state.rawValue): \(number.reason ?? number.step)",
                "from \(number.sourceWABA ?? "-") to \(number.destWABA); phone number id \(number.phoneNumberID ?? "not known yet")",
            ]
            lines += story.findings.map { "  \($0.code): \($0.message): \($0.remedy)" }
            lines += story.story.map { "  \($0.at.formatted(.iso8601)) \($0.state): \($0.message)\($0.actor.map { " (\($0))" } ?? "")" }
            try common.show(story, lines.joined(separator: "\n"))
        }
    }

    struct Code: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Hand over the code a client has read out.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "The number's row_ref.") var ref: String
        @Argument(help: "Six digits.") var code: String

        func run() async throws {
            let (ref, code, name) = (ref, code, actor.name)
            try await common.with { try await $0.migrations.provideCode(ref, code: code, by: name) }
            try common.show(["row_ref": ref, "code": "handed_over"], "the code for \(ref) is handed over and being checked")
        }
    }

    struct Link: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a link under which the client can hand over the code; earlier ones stop working.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "The number's row_ref.") var ref: String

        func run() async throws {
            let (ref, name) = (ref, actor.name)
            let link = try await common.with { try await $0.migrations.codeLink(ref, by: name) }
            try common.show(
                ["url": link.url, "expires_at": link.expiresAt.formatted(.iso8601)],
                "\(link.url)\ngood until \(link.expiresAt.formatted(.iso8601))")
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Set a number that stopped going again.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its row_ref.") var ref: String

        func run() async throws {
            let (ref, name) = (ref, actor.name)
            let number = try await common.with { try await $0.migrations.retry(ref, by: name) }
            try common.show(number, "\(ref) goes on; its cut-over is due at \(number.cutoverStart.formatted(.iso8601))")
        }
    }

    struct Abort: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Call a number off; possible until register has been decided on.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its row_ref.") var ref: String
        @Option(help: "Why.") var reason = "called off by a person"

        func run() async throws {
            let (ref, name, reason) = (ref, actor.name, reason)
            let number = try await common.with { try await $0.migrations.abort(ref, by: name, reason: reason) }
            try common.show(number, "\(ref) is called off")
        }
    }

    struct WhyNumber: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "why", abstract: "Why a number is where it is.")
        @OptionGroup var common: Common
        @Argument(help: "Its row_ref.") var ref: String

        func run() async throws {
            let ref = ref
            let why = try await common.with { try await $0.migrations.why(ref) }
            try common.show(why, why.lines.joined(separator: "\n"))
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let later waves go on although something failed up to this wave.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "The wave.") var wave: Int
        @Option(help: "Why that is right.") var note: String

        func run() async throws {
            let (wave, name, note) = (wave, actor.name, note)
            let ended = try await common.with { try await $0.migrations.releaseWaves(upTo: wave, by: name, note: note) }
            try common.show(["released": ended], "waves up to \(wave) no longer hold others (\(ended) freezes ended)")
        }
    }

    struct Progress: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "How far the fleet is.")
        @OptionGroup var common: Common

        func run() async throws {
            let progress = try await common.with { try await $0.migrations.progress() }
            let states = progress.states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            try common.show(
                progress,
                "\(progress.numbers) numbers: \(states.isEmpty ? "none" : states); \(progress.needsPerson) need a person\n"
                    + "templates: \(progress.templatesCopied) copied, \(progress.templatesVerified) verified, \(progress.templatesRefused) refused"
            )
        }
    }
}
