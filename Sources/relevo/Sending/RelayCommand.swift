import App
import ArgumentParser
import CloudAPI
import Foundation
import Postgres
import Server
import Webhooks

struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "Systems of clients that the webhooks of a WABA or a number go on to.",
        subcommands: [Add.self, List.self, Set.self, SetSecret.self, Pause.self, Resume.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let webhooks go on to a system; the secret that signs them is read from stdin or --file.",
            discussion: """
                One update a POST, in Meta's own envelope, signed with X-Hub-Signature-256, and tried again for seven days. A relay of a number goes before those of its WABA.
                """)
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @OptionGroup var input: RelaySecret
        @Argument(help: "Its address, by https.") var url: String
        @Option(help: "The WABA whose webhooks go there.") var waba: String?
        @Option(help: "The phone number id whose webhooks go there.") var number: String?
        @Option(help: "The client it belongs to.") var client = ""
        @Option(help: "POSTs to it at a time, 1 to 64; 16 if not given.") var parallel: Int?

        func run() async throws {
            guard (waba == nil) != (number == nil) else { throw Failure(.wrongUsage, "one of --waba and --number is needed") }
            let (scope, id): (Relay.Scope, String) = waba.map { (.waba, $0) } ?? (.number, number ?? "")
            let (url, client, parallel, by, secret) = (url, client, parallel, actor.name, try input.read())
            let relay = try await common.with {
                try await $0.relays.add(scope: scope, id: id, url: url, secret: secret, clientID: client, parallel: parallel, by: by)
            }
            try common.show(relay, "relay \(relay.id): webhooks of \(relay.scopeID) go to \(relay.url)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All relays and how they get on; never a secret.")
        @OptionGroup var common: Common

        func run() async throws {
            let relays = try await common.with { try await $0.relays.list() }
            try common.show(
                ["relays": relays],
                relays.isEmpty
                    ? "webhooks go on to nobody"
                    : Output.table(
                        ["id", "of", "to", "client", "at a time", "waiting", "delivered", "given up", "dropped", "state"],
                        relays.map {
                            [
                                "\($0.id)", "\($0.scope.rawValue) \($0.scopeID)", $0.url, $0.clientID, "\($0.parallel)", "\($0.waiting)",
                                "\($0.delivered)", "\($0.givenUp)", "\($0.dropped)", Self.state($0),
                            ]
                        }))
        }

        private static func state(_ relay: Relay) -> String {
            if relay.isPaused { return "paused" }
            guard let failed = relay.failedAt, failed > relay.deliveredAt ?? .distantPast else { return "active" }
            return "failing since its last: \(relay.failure ?? "")"
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change how many POSTs go to a system at a time.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its id.") var id: Int64
        @Option(help: "POSTs to it at a time, 1 to 64.") var parallel: Int

        func run() async throws {
            let (id, parallel, by) = (id, parallel, actor.name)
            let relay = try await common.with { parts in
                let relay = try await parts.relays.set(id, parallel: parallel)
                try await Audit.record("relay changed", subject: "\(id)", detail: "parallel \(parallel)", by: by, on: parts.client)
                return relay
            }
            try common.show(relay, "relay \(id): \(relay.parallel) at a time")
        }
    }

    struct SetSecret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-secret", abstract: "Sign a relay's POSTs with another secret, read from stdin or --file.",
            discussion: "What waits is signed with it too, and what is under way is not: let the system take both for a minute.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @OptionGroup var input: RelaySecret
        @Argument(help: "Its id.") var id: Int64

        func run() async throws {
            let (id, secret, by) = (id, try input.read(), actor.name)
            let relay = try await common.with { parts in
                let relay = try await parts.relays.set(id, secret: secret)
                try await Audit.record("relay changed", subject: "\(id)", detail: "secret", by: by, on: parts.client)
                return relay
            }
            try common.show(relay, "relay \(id): POSTs are signed with the new secret from now on")
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let what comes for a relay wait.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its id.") var id: Int64

        func run() async throws {
            let (id, by) = (id, actor.name)
            let relay = try await common.with { try await $0.relays.setPaused(id, true, by: by) }
            try common.show(relay, "relay \(id) is paused")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let it go again.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its id.") var id: Int64

        func run() async throws {
            let (id, by) = (id, actor.name)
            let relay = try await common.with { try await $0.relays.setPaused(id, false, by: by) }
            try common.show(relay, "relay \(id) goes on, \(relay.waiting) wait")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a relay away; what waits for it is dropped.")
        @OptionGroup var common: Common
        @Argument(help: "Its id.") var id: Int64

        func run() async throws {
            let id = id
            let relay = try await common.with { try await $0.relays.remove(id) }
            try common.show(relay, "webhooks of \(relay.scopeID) go to \(relay.url) no more")
        }
    }
}

/// A client's secret from a file or stdin; never from an argument, which other users can see.
struct RelaySecret: ParsableArguments {
    @Option(help: ArgumentHelp("The file that holds the secret and nothing else; stdin if not given.", valueName: "file")) var file: String?

    func read() throws -> Secret {
        if file == nil && isatty(0) != 0 { Output.problem("paste the secret, then end with Ctrl-D:") }
        let data = try readFile(file ?? "-")
        guard data.count <= 4096 else { throw Failure(.rejected, "the secret is larger than 4 KiB") }
        return Secret(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
