import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird

/// What a sender of messages is answered, in Meta's words.
enum MessageAnswer {
    /// The answer for a message as it stands. Throws Meta's refusal, or Relevo's own, as a problem.
    static func response(_ record: MessageRecord, receipt: Receipt, body: JSONValue) throws -> Response {
        // Accepted once is accepted, whatever became of it later: the rest comes by webhook.
        if let answer = record.graphAnswer.flatMap({ try? JSONValue(parsing: $0) }), answer.object != nil {
            return .json(withInput(answer, body: body))
        }
        // A status has told that Meta took it, and the answer is late or lost.
        if let wamid = record.wamid { return accepted(wamid, receipt, record, body: body) }
        switch record.state {
        case .failed, .expired, .cancelled: throw refusal(record)
        default: return queued(receipt, body: body)
        }
    }

    private static func accepted(_ wamid: String, _ receipt: Receipt, _ record: MessageRecord, body: JSONValue) -> Response {
        .json([
            "messaging_product": "whatsapp", "contacts": [contact(receipt, waID: record.waID, body: body)],
            "messages": [["id": .string(wamid)]],
        ])
    }

    private static func contact(_ receipt: Receipt, waID: String?, body: JSONValue) -> JSONValue {
        var contact: JSONObject = ["input": .string(input(of: body))]
        if let waID = waID ?? receipt.waID ?? receipt.e164.map({ String($0.drop { $0 == "+" }) }) { contact["wa_id"] = .string(waID) }
        if let userID = receipt.userID { contact["user_id"] = .string(userID) }
        return .object(contact)
    }

    /// Accepted by Relevo, not sent yet. The `wa_id` is provisional: only Meta gives the real one.
    static func queued(_ receipt: Receipt, body: JSONValue) -> Response {
        .json([
            "messaging_product": "whatsapp", "contacts": [contact(receipt, waID: nil, body: body)],
            "messages": [["id": .string("relevo.\(receipt.id.uuidString.lowercased())"), "message_status": "queued"]],
        ])
    }

    static func input(of body: JSONValue) -> String { body["to"]?.text ?? body["recipient"]?.text ?? "" }

    /// Meta's answer with the recipient as the caller wrote it: what went to Meta was the E.164.
    private static func withInput(_ answer: JSONValue, body: JSONValue) -> JSONValue {
        guard var object = answer.object, let contacts = answer["contacts"]?.elements else { return answer }
        object["contacts"] = .array(
            contacts.enumerated().map { index, contact in
                guard index == 0, var members = contact.object else { return contact }
                members["input"] = .string(input(of: body))
                return .object(members)
            })
        return .object(object)
    }

    private static func refusal(_ record: MessageRecord) -> HTTPProblem {
        let error = record.graphError.flatMap { try? JSONValue(parsing: $0) }
        let envelope = error.flatMap { $0["error"] == nil ? ($0.object == nil ? nil : ["error": $0]) : $0 }
        let code = envelope?["error"]?["code"]?.integer ?? record.reasonCode.flatMap { Int($0) }
        let status = record.httpStatus.flatMap { (400...599).contains($0) ? $0 : nil } ?? 400
        var problem = HTTPProblem(
            HTTPResponse.Status(code: status), record.state.rawValue, record.reason ?? "the message is \(record.state.rawValue)",
            graphCode: code ?? 131000)
        if envelope?["error"]?["code"]?.integer != nil { problem.envelope = envelope }
        return problem
    }
}
