import App
import ArgumentParser
import Foundation
import Webhooks

struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks", abstract: "What Meta has sent: problems, and working on it again.",
        subcommands: [Problems.self, Retry.self, Dismiss.self, Replay.self])

    struct Problems: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "POSTs that a person should look at, newest first.")
        @OptionGroup var common: Common
        @Option(help: "Most POSTs, 1 to 200.") var limit = 50

        func run() async throws {
            let limit = limit
            let problems = try await common.with { try await $0.webhooks.problems(limit: limit) }
            let table = Output.table(
                ["post", "received", "bytes", "what", "why"],
                problems.map {
                    [
                        "\($0.id)", Output.time($0.receivedAt), "\($0.bytes)", $0.problem,
                        $0.updates.first.map { "\($0.field) at \($0.place): \($0.error)" } ?? $0.detail,
                    ]
                })
            try common.show(["problems": problems], problems.isEmpty ? "no problems" : table)
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Work on a POST again, now that what was wrong is put right.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its number, as problems shows it.") var post: Int64

        func run() async throws {
            let (post, name) = (post, actor.name)
            guard try await common.with({ try await $0.webhooks.retry(post, by: name) }) else { throw WebhooksCommand.none(post) }
            try common.show(["post": post], "\(post) is worked on again")
        }
    }

    struct Dismiss: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a POST off the list: nothing is left to do.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its number, as problems shows it.") var post: Int64

        func run() async throws {
            let (post, name) = (post, actor.name)
            guard try await common.with({ try await $0.webhooks.dismiss(post, by: name) }) else { throw WebhooksCommand.none(post) }
            try common.show(["post": post], "\(post) is off the list")
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Work again on everything that came in a span of time.",
            discussion: "What was applied already changes nothing. Bodies are kept for 30 days; what is new goes first.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Option(help: ArgumentHelp("The first time of receipt.", valueName: "time")) var from: String
        @Option(help: ArgumentHelp("The time of receipt before which it ends.", valueName: "time")) var to: String

        func run() async throws {
            let (from, to, name) = (try readTime(from, "--from"), try readTime(to, "--to"), actor.name)
            guard from < to else { throw Failure(.wrongUsage, "--to is not after --from") }
            let count = try await common.with { try await $0.webhooks.replay(from: from, to: to, by: name) }
            try common.show(["queued": count], "\(count) POSTs are worked on again")
        }
    }

    private static func none(_ post: Int64) -> Failure {
        Failure(.failed, "POST \(post) has no problem; relevo webhooks problems lists those that have")
    }
}
