import App
import ArgumentParser
import Foundation
import Gateway

struct SenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sender", abstract: "Business phone numbers that messages are sent from.",
        subcommands: [Add.self, List.self, Set.self, Stop.self, Resume.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a sender, or change the one that exists.")
        @OptionGroup var common: Common
        @Argument(help: "Its phone number id.") var phoneNumberID: String
        @Option(help: "The number, in E.164.") var number: String
        @Option(help: "Its WABA.") var waba: String
        @Option(help: "The client it belongs to.") var client = ""
        @Option(help: ArgumentHelp("Recipients without a plus are national numbers of this region.", valueName: "XX")) var region: String?
        @Option(help: "The business portfolio that owns the WABA; else Meta is asked.") var portfolio: String?
        @Option(help: "Messages a second Meta lets it send; else Meta is asked.") var perSecond: Double?
        @Option(help: "Identity hashes: off, observe or enforce.") var identity = "off"

        func run() async throws {
            let record = NewSenderRecord(
                phoneNumberID: phoneNumberID, e164: number, wabaID: waba, clientID: client, portfolioID: portfolio, defaultRegion: region,
                perSecond: perSecond, identityMode: try identityMode(identity))
            let sender = try await common.with { try await $0.gateway.senders.add(record) }
            try common.show(sender, "\(sender.e164) sends as \(sender.phoneNumberID)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All senders.")
        @OptionGroup var common: Common

        func run() async throws {
            let senders = try await common.with { try await $0.gateway.senders.list() }
            try common.show(
                ["senders": senders],
                Output.table(
                    ["phone number id", "number", "WABA", "client", "portfolio", "region", "per second", "identity", "state"],
                    senders.map {
                        [
                            $0.phoneNumberID, $0.e164, $0.wabaID, $0.clientID, $0.portfolioID ?? "-", $0.defaultRegion ?? "-",
                            "\($0.perSecond)" + ($0.isInShadow ? ", in shadow" : ""),
                            $0.identityMode.rawValue,
                            $0.state.rawValue + (($0.stoppedReason ?? $0.askError).map { ": \($0)" } ?? ""),
                        ]
                    }))
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change a sender.")
        @OptionGroup var common: Common
        @Argument(help: "Its phone number id.") var phoneNumberID: String
        @Option(help: "Its WABA.") var waba: String?
        @Option(help: "The client it belongs to.") var client: String?
        @Option(help: ArgumentHelp("Default region; none takes it away.", valueName: "XX")) var region: String?
        @Option(help: "The business portfolio that owns the WABA; none asks Meta.") var portfolio: String?
        @Option(help: "Messages a second Meta lets it send; meta leaves it to Meta again.") var perSecond: String?
        @Option(help: "Identity hashes: off, observe or enforce.") var identity: String?

        func run() async throws {
            let newRegion: String?? = region.map { $0 == "none" ? nil : $0 }
            let newPortfolio: String?? = portfolio.map { $0 == "none" ? nil : $0 }
            let newRate: Double?? = try perSecond.map { text in
                if text == "meta" { return nil }
                guard let rate = Double(text) else {
                    throw Failure(.wrongUsage, "--per-second: found \(text.debugDescription); expected a number or meta")
                }
                return rate
            }
            let change = SenderChange(
                wabaID: waba, clientID: client, portfolioID: newPortfolio, defaultRegion: newRegion, perSecond: newRate,
                identityMode: try identity.map(identityMode)
            )
            let id = phoneNumberID
            let sender = try await common.with { try await $0.gateway.senders.set(id, change) }
            try common.show(
                sender,
                "\(sender.phoneNumberID): \(sender.perSecond) a second, identity \(sender.identityMode.rawValue), region \(sender.defaultRegion ?? "none")"
            )
        }
    }

    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop a sender: its messages wait.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its phone number id.") var phoneNumberID: String
        @Option(help: "Why.") var reason: String

        func run() async throws {
            let (id, name, reason) = (phoneNumberID, actor.name, reason)
            let sender = try await common.with { try await $0.gateway.senders.stop(id, reason: reason, by: name) }
            try common.show(sender, "\(id) is stopped: \(sender.stoppedReason ?? "")")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a stopped sender go on.")
        @OptionGroup var common: Common
        @Argument(help: "Its phone number id.") var phoneNumberID: String

        func run() async throws {
            let id = phoneNumberID
            let sender = try await common.with { try await $0.gateway.senders.resume(id) }
            try common.show(sender, "\(id) is \(sender.state.rawValue)")
        }
    }
}

private func identityMode(_ text: String) throws -> IdentityMode {
    guard let mode = IdentityMode(rawValue: text.lowercased()) else {
        throw Failure(.wrongUsage, "--identity: found \(text.debugDescription); expected off, observe or enforce")
    }
    return mode
}
