import App
import ArgumentParser
import CloudAPI
import Foundation
import Gateway

struct MessagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "messages", abstract: "Messages and what became of them.",
        subcommands: [List.self, Show.self, Cancel.self, Settle.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Messages, newest first.")
        @OptionGroup var common: Common
        @Option(help: "Only of this sender (phone number id).") var sender: String?
        @Option(help: "Only in this state; may be repeated.") var state: [String] = []
        @Option(help: "Only with this tag.") var tag: String?
        @Flag(help: "Only those a person has to settle.") var needsPerson = false
        @Option(help: "Continue where the page before ended.") var cursor: Int64?
        @Option(help: "Most messages, 1 to 1000.") var limit = 50

        func run() async throws {
            var filter = MessageFilter(senders: sender.map { [$0] })
            filter.states = try state.map { text in
                guard let state = MessageState(rawValue: text) else {
                    throw Failure(
                        .wrongUsage,
                        "--state: found \(text.debugDescription); expected one of \(MessageState.allCases.map(\.rawValue).joined(separator: ", "))"
                    )
                }
                return state
            }
            filter.tag = tag
            filter.needsPerson = needsPerson ? true : nil
            filter.cursor = cursor
            filter.limit = max(1, min(limit, 1000))
            let wanted = filter
            let page = try await common.with { try await $0.gateway.messages(wanted) }
            let table = Output.table(
                ["id", "sender", "to", "kind", "state", "since", "why"],
                page.messages.map {
                    [
                        $0.id.uuidString.lowercased(), $0.sender, $0.e164 ?? $0.userID ?? $0.to, $0.templateName ?? $0.kind,
                        $0.state.rawValue,
                        Output.time($0.updatedAt), $0.reason ?? "",
                    ]
                })
            try common.show(page, table + (page.next.map { "\nmore: --cursor \($0)" } ?? ""))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A message with its history.")
        @OptionGroup var common: Common
        @Argument(help: "Its id.") var id: String

        struct Result: Encodable {
            var message: MessageRecord
            var history: [MessageEvent]
        }

        func run() async throws {
            let id = try messageID(id)
            let result = try await common.with { parts in
                guard let message = try await parts.gateway.message(id) else { throw missing(id) }
                return Result(message: message, history: try await parts.gateway.history(of: id))
            }
            let message = result.message
            var lines = [
                "\(message.kind) from \(message.sender) to \(message.e164 ?? message.userID ?? message.to) is \(message.state.rawValue)\(message.reason.map { ": \($0)" } ?? "")"
            ]
            lines += result.history.map { event in
                "  \(event.at.formatted(.iso8601)) \(event.kind)\(event.code.map { " (\($0))" } ?? "")\(event.detail.map { ": \($0)" } ?? "")"
            }
            try common.show(result, lines.joined(separator: "\n"))
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Call a message off that has not been sent.")
        @OptionGroup var common: Common
        @Argument(help: "Its id.") var id: String

        func run() async throws {
            let id = try messageID(id)
            let message = try await common.with { parts in
                guard try await parts.gateway.message(id) != nil else { throw missing(id) }
                _ = try await parts.gateway.cancel(id)
                return try await parts.gateway.message(id)
            }
            guard let message else { throw missing(id) }
            try common.show(message, "the message is \(message.state.rawValue)")
            if message.state != .cancelled { throw Failure(.failed, "") }
        }
    }

    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say what became of a message whose answer was lost.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Its id.") var id: String
        @Flag(inversion: .prefixedNo, help: "Whether it was sent.") var sent: Bool
        @Option(help: "How you know.") var note: String

        func run() async throws {
            let (id, sent, name, note) = (try messageID(id), sent, actor.name, note)
            let message = try await common.with { parts in
                _ = try await parts.gateway.settleByPerson(id, sent: sent, by: name, note: note)
                return try await parts.gateway.message(id)
            }
            guard let message else { throw missing(id) }
            try common.show(message, "the message is \(message.state.rawValue)")
        }
    }
}

struct WhyMessage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Why a message is where it is; for a number: relevo migration why.")
    @OptionGroup var common: Common
    @Argument(help: "The message's id.") var id: String

    func run() async throws {
        let id = try messageID(id)
        let reasons = try await common.with { parts in
            guard try await parts.gateway.message(id) != nil else { throw missing(id) }
            return try await parts.gateway.why(id)
        }
        try common.show(
            ["reasons": reasons],
            reasons.map { "\($0.code): \($0.text)\($0.until.map { " (until \($0.formatted(.iso8601)))" } ?? "")" }.joined(separator: "\n"))
    }
}

private func messageID(_ text: String) throws -> UUID {
    let bare = text.hasPrefix("relevo.") ? String(text.dropFirst(7)) : text
    guard let id = UUID(uuidString: bare) else {
        throw Failure(
            .wrongUsage, "found \(text.debugDescription); expected a message's id, such as 7f0c…: relevo messages list shows them")
    }
    return id
}

private func missing(_ id: UUID) -> Failure { Failure(.failed, "there is no message \(id.uuidString.lowercased())") }
