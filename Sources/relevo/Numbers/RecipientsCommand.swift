import App
import ArgumentParser
import Foundation
import Recipients

struct RecipientsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipients", abstract: "Who is written to, and whether they are trusted.", subcommands: [Show.self, Verify.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What is known of a recipient, one record a sender.")
        @OptionGroup var common: Common
        @Argument(help: "Their number in E.164, or user id.") var number: String

        func run() async throws {
            let number = number
            let records = try await common.with { try await RecipientDirectory.show(number, on: $0.client) }
            var lines: [String] = []
            for record in records {
                let since = record.trust == .changed ? record.changedAt : nil
                lines.append(
                    "\(record.phoneNumberID): \(record.waID ?? record.userID ?? "?") is \(record.trust.rawValue)"
                        + (record.cause.map { " (\($0.rawValue))" } ?? "") + (since.map { " since \($0.formatted(.iso8601))" } ?? ""))
                lines += record.verifications.map { "  verified by \($0.by) at \($0.at.formatted(.iso8601)): \($0.how)" }
                lines += record.events.map { "  \($0.at.formatted(.iso8601)) \($0.kind)\($0.detail.map { ": \($0)" } ?? "")" }
            }
            try common.show(["recipients": records], lines.isEmpty ? "no sender knows \(number)" : lines.joined(separator: "\n"))
            if records.isEmpty { throw Failure(.failed, "") }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record that a person has made sure who the recipient is; what was held for them is sent.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Their number in E.164, or user id.") var number: String
        @Option(help: "What was done, such as \"called back on the number in the contract\".") var how: String
        @Option(help: "Only for this sender (phone number id); may be repeated.") var sender: [String] = []

        func run() async throws {
            let (number, how, name, senders) = (number, how, actor.name, sender.isEmpty ? nil : sender)
            let verified = try await common.with { parts in try await parts.verifyRecipient(number, senders: senders, how: how, by: name) }
            try common.show(
                ["verified": verified],
                verified.isEmpty
                    ? "no sender knows \(number)"
                    : verified.map {
                        "\($0.phoneNumberID): \($0.waID ?? $0.userID ?? number) is trusted\($0.wasChanged ? " again; what was held is sent" : "")"
                    }
                    .joined(separator: "\n"))
            if verified.isEmpty { throw Failure(.failed, "") }
        }
    }
}
