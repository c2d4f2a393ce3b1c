import App
import ArgumentParser
import CloudAPI
import Credentials
import Foundation

struct CredentialCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credential", abstract: "Access tokens, stored encrypted.",
        subcommands: [Add.self, List.self, Rotate.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Store a token, read from stdin or --file.",
            discussion: "A token is never taken from an argument: other users can see those.")
        @OptionGroup var common: Common
        @OptionGroup var token: TokenInput
        @Argument(help: "A name for it.") var name: String
        @Option(help: "A WABA it serves; may be repeated. None: every WABA that no other credential names.") var waba: [String] = []

        func run() async throws {
            let (name, waba, secret) = (name, waba, try token.read())
            let stored = try await common.with { try await $0.credentials.add(name: name, token: secret, wabaIDs: waba) }
            try common.show(
                stored, "stored as \(stored.name), for \(stored.everyWABA ? "every WABA" : stored.wabaIDs.joined(separator: ", "))")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What is stored; never a token.")
        @OptionGroup var common: Common

        func run() async throws {
            let all = try await common.with { try await $0.credentials.list() }
            try common.show(
                ["credentials": all],
                Output.table(
                    ["name", "serves", "master key", "since", "rotated"],
                    all.map {
                        [
                            $0.name, $0.everyWABA ? "every WABA" : $0.wabaIDs.joined(separator: " "), $0.keyID, Output.time($0.createdAt),
                            Output.time($0.rotatedAt),
                        ]
                    }))
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Replace a token by the one read from stdin or --file.")
        @OptionGroup var common: Common
        @OptionGroup var token: TokenInput
        @Argument(help: "The credential's name.") var name: String

        func run() async throws {
            let (name, secret) = (name, try token.read())
            let stored = try await common.with { try await $0.credentials.rotate(name: name, token: secret) }
            try common.show(stored, "\(stored.name) has a new token; every process uses it within seconds")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a token.")
        @OptionGroup var common: Common
        @Argument(help: "The credential's name.") var name: String

        func run() async throws {
            let name = name
            try await common.with { try await $0.credentials.remove(name: name) }
            try common.show(["removed": name], "\(name) is forgotten")
        }
    }
}

/// A token from a file or stdin.
struct TokenInput: ParsableArguments {
    @Option(help: ArgumentHelp("The file that holds the token and nothing else; stdin if not given.", valueName: "file")) var file: String?

    func read() throws -> Secret {
        if file == nil && isatty(0) != 0 { Output.problem("paste the token, then end with Ctrl-D:") }
        let data = try readFile(file ?? "-")
        guard data.count <= 65_536 else { throw Failure(.rejected, "the token is larger than 64 KiB") }
        return Secret(String(decoding: data, as: UTF8.self))
    }
}
