import CloudAPI
import Foundation
import Gateway

/// A message as the native API shows it.
enum MessageView {
    static func json(_ record: MessageRecord) -> JSONValue {
        var object: JSONObject = [
            "id": .string(record.id.uuidString.lowercased()), "sender": .string(record.sender), "edge": .string(record.edge.rawValue),
            "lane": .string(record.lane.rawValue), "priority": JSONValue(Int(record.priority)), "to": .string(record.to),
            "kind": .string(record.kind), "state": .string(record.state.rawValue), "attempts": JSONValue(record.attempts),
            "hash_attached": .bool(record.hashAttached), "needs_person": .bool(record.needsPerson),
            "created_at": time(record.createdAt), "updated_at": time(record.updatedAt),
        ]
        func add(_ name: String, _ text: String?) { if let text { object[name] = .string(text) } }
        func add(_ name: String, _ date: Date?) { if let date { object[name] = time(date) } }
        add("e164", record.e164)
        add("user_id", record.userID)
        add("reading_rule", record.rule)
        add("template", record.templateName)
        add("template_language", record.templateLanguage)
        add("reason_code", record.reasonCode)
        add("reason", record.reason)
        add("wamid", record.wamid)
        add("wa_id", record.waID)
        add("tag", record.tag)
        add("client_data", record.clientData)
        add("expires_at", record.expiresAt)
        add("accepted_at", record.acceptedAt)
        add("delivered_at", record.deliveredAt)
        add("read_at", record.readAt)
        add("failed_at", record.failedAt)
        if let code = record.errorCode { object["graph_code"] = JSONValue(code) }
        if let status = record.httpStatus { object["http_status"] = JSONValue(status) }
        if let answer = record.graphAnswer.flatMap({ try? JSONValue(parsing: $0) }) { object["graph_answer"] = answer }
        if let error = record.graphError.flatMap({ try? JSONValue(parsing: $0) }) { object["graph_error"] = error }
        return .object(object)
    }

    static func json(_ event: MessageEvent) -> JSONValue {
        var object: JSONObject = ["kind": .string(event.kind), "at": time(event.at)]
        if let date = event.occurredAt { object["occurred_at"] = time(date) }
        if let wamid = event.wamid { object["wamid"] = .string(wamid) }
        if let code = event.code { object["code"] = JSONValue(code) }
        if let detail = event.detail { object["detail"] = .string(detail) }
        if let data = event.data.flatMap({ try? JSONValue(parsing: $0) }) { object["data"] = data }
        return .object(object)
    }

    static func json(_ reason: Reason) -> JSONValue {
        var object: JSONObject = ["code": .string(reason.code), "text": .string(reason.text)]
        if let key = reason.key { object["key"] = .string(key) }
        if let until = reason.until { object["until"] = time(until) }
        return .object(object)
    }

    static func json(_ receipt: Receipt) -> JSONValue {
        var object: JSONObject = [
            "id": .string(receipt.id.uuidString.lowercased()), "input": .string(receipt.input), "state": .string(receipt.state.rawValue),
            "duplicate": .bool(receipt.isDuplicate),
        ]
        if let e164 = receipt.e164 { object["e164"] = .string(e164) }
        if let userID = receipt.userID { object["user_id"] = .string(userID) }
        if let reason = receipt.reason { object["reason"] = .string(reason) }
        return .object(object)
    }

    static func time(_ date: Date) -> JSONValue { .string(date.formatted(.iso8601)) }
}
