import App
import ArgumentParser
import CloudAPI
import Server

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "API keys of clients' systems and operators.", subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key. It is shown once and stored hashed.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "A name for it.") var name: String
        @Option(help: "send, read, plan or admin; may be repeated.") var scope: [String]
        @Option(help: "The client it is bound to: it sees that client's senders only.") var client: String?

        struct Result: Encodable {
            var key: String
            var stored: APIKey
        }

        func run() async throws {
            let scopes = try scope.flatMap { $0.split(separator: ",") }.map { text in
                guard let scope = APIScope(rawValue: String(text)) else {
                    throw Failure(.wrongUsage, "--scope: found \(String(text).debugDescription); expected send, read, plan or admin")
                }
                return scope
            }
            let (name, client, by) = (name, client, actor.name)
            let made = try await common.with { try await $0.keys.create(name: name, scopes: Set(scopes), clientID: client, by: by) }
            try common.show(Result(key: made.key.reveal(), stored: made.stored), made.key.reveal())
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Keys; never the keys themselves.")
        @OptionGroup var common: Common

        func run() async throws {
            let keys = try await common.with { try await $0.keys.list() }
            try common.show(
                ["keys": keys],
                Output.table(
                    ["name", "begins", "scopes", "client", "since", "by", "revoked"],
                    keys.map {
                        [
                            $0.name, $0.hint + "…", $0.scopes.map(\.rawValue).joined(separator: " "), $0.clientID ?? "all",
                            Output.time($0.createdAt),
                            $0.createdBy, Output.time($0.revokedAt),
                        ]
                    }))
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a key by name or id.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its name or id.") var key: String

        func run() async throws {
            let (key, by) = (key, actor.name)
            let revoked = try await common.with { try await $0.keys.revoke(key, by: by) }
            try common.show(revoked, "\(revoked.name) is revoked; every process refuses it within seconds")
        }
    }
}
