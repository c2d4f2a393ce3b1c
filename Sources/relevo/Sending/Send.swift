import App
import ArgumentParser
import CloudAPI
import Foundation
import Gateway

struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send one message.",
        discussion: "It is stored first and sent by the workers (relevo up, relevo work); --wait says how long to look on.")
    @OptionGroup var common: Common
    @Option(help: "The sender's phone number id.") var from: String
    @Option(help: "The recipient's number, or user id.") var to: String?
    @Option(help: "A text.") var text: String?
    @Option(help: ArgumentHelp("A template.", valueName: "name:language")) var template: String?
    @Option(help: ArgumentHelp("The template's components, as JSON.", valueName: "file")) var components: String?
    @Option(help: ArgumentHelp("A whole message as Meta documents it.", valueName: "file")) var body: String?
    @Option(help: ArgumentHelp("The recipient's number is a national one of this region.", valueName: "XX")) var region: String?
    @Option(help: "production, test or rebuild.") var lane = "production"
    @Option(help: "The same key and message are sent once.") var idempotencyKey: String?
    @Option(help: ArgumentHelp("How long to wait for what becomes of it.", valueName: "seconds")) var wait = 10.0

    struct Result: Encodable {
        var receipt: Receipt
        var message: MessageRecord
    }

    func validate() throws {
        if [text, template, body].compactMap({ $0 }).count != 1 { throw ValidationError("Give one of --text, --template and --body.") }
        if body == nil && to == nil { throw ValidationError("--to is required.") }
        if !(0...3600).contains(wait) { throw ValidationError("--wait: found \(wait); expected 0 to 3600.") }
    }

    func run() async throws {
        guard let lane = MessageLane(rawValue: lane) else {
            throw Failure(.wrongUsage, "--lane: found \(lane.debugDescription); expected production, test or rebuild")
        }
        let submission = Submission(
            sender: from, body: try content(), lane: lane, region: region, idempotencyKey: idempotencyKey, idempotencyScope: "command")
        let wait = wait
        let result = try await common.with { parts in
            let receipt = try await parts.gateway.submit(submission)
            return Result(
                receipt: receipt, message: try await parts.gateway.wait(for: receipt.id, atMost: .seconds(wait), isNew: receipt.isNew))
        }
        let message = result.message
        try common.show(
            result,
            "\(message.id.uuidString.lowercased()) to \(message.e164 ?? message.userID ?? message.to) is \(message.state.rawValue)"
                + (message.reason.map { ": \($0)" } ?? "") + (message.wamid.map { "\n\($0)" } ?? ""))
        switch message.state {
        case .failed, .expired, .cancelled: throw Failure(.failed, "")
        case .unknown, .held: throw Failure(.needsPerson, "")
        default: return
        }
    }

    private func content() throws -> JSONValue {
        var object: JSONObject = ["messaging_product": "whatsapp"]
        if let body {
            object = try Self.object(body)
            if object["messaging_product"] == nil { object["messaging_product"] = "whatsapp" }
        } else if let text {
            object["type"] = "text"
            object["text"] = ["body": .string(text)]
        } else if let template {
            guard let colon = template.lastIndex(of: ":") else {
                throw Failure(
                    .wrongUsage, "--template: found \(template.debugDescription); expected name:language, such as order_update:en_US")
            }
            var members: JSONObject = [
                "name": .string(String(template[..<colon])),
                "language": ["code": .string(String(template[template.index(after: colon)...]))],
            ]
            if let components { members["components"] = try Self.json(components) }
            object["type"] = "template"
            object["template"] = .object(members)
        }
        if let to { object["to"] = .string(to) }
        return .object(object)
    }

    private static func object(_ path: String) throws -> JSONObject {
        guard let object = try json(path).object else { throw Failure(.rejected, "\(path) is not a JSON object") }
        return object
    }

    private static func json(_ path: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: try readFile(path))
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(.rejected, "\(path) is not JSON: \(error)")
        }
    }
}
