public import Foundation
import Jobs
import Postgres
import Templates

/// What is otherwise than usual because of an error of Meta's, or waits for a person because of one.
public struct Override: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Nothing goes from a number until somebody lifts it.
        case senderStopped = "sender_stopped"
        /// Nothing goes with a template until a time, or until somebody lifts it.
        case templateHeld = "template_held"
        /// Messages failed with a code that no rule knows. Lifting it takes it off the list.
        case unknownCode = "unknown_code"
    }

    public var kind: Kind
    /// The key by which it is lifted; `why` names the same: `number:1067…`, `template:waba:name:en_US`, `code:987654`.
    public var key: String
    public var sender: String?
    public var wabaID: String?
    public var code: Int?
    public var reason: String
    /// Who set it; nil: Relevo itself.
    public var by: String?
    /// Business time, as are all times here.
    public var since: Date
    /// When it ends by itself.
    public var until: Date?
    /// How many messages came to it.
    public var count: Int?
    /// The last message it came of.
    public var messageID: UUID?

    enum CodingKeys: String, CodingKey {
        case kind, key, sender, code, reason, by, since, until, count
        case wabaID = "waba_id"
        case messageID = "message_id"
    }
}

extension Gateway {
    /// Overrides in force, stopped numbers first, then templates, then codes; the newest of each first, so many of each at most.
    /// - Parameter clientID: the client whose numbers and WABAs are looked at; nil: all of them, and unknown codes too.
    public func overrides(clientID: String? = nil, limit: Int = 1000) async throws -> [Override] {
        try await core.client.withTransaction { db in
            let stopped = try await db.query(
                """
                SELECT phone_number_id, waba_id, coalesce(stopped_reason, ''), stopped_by, coalesce(stopped_at, updated_at) FROM gateway.sender
                WHERE state = 'stopped' AND (\(clientID)::text IS NULL OR client_id = \(clientID))
                ORDER BY stopped_at DESC, phone_number_id LIMIT \(limit)
                """
            ).decode((String, String, String, String?, Date).self).map { id, waba, reason, by, since in
                Override(
                    kind: .senderStopped, key: Sender.laneKey(id), sender: id, wabaID: waba, reason: reason, by: by == "gateway" ? nil : by,
                    since: since)
            }
            let held = try await db.query(
                """
                SELECT waba_id, name, language, reason, code, held_at, until FROM gateway.template_hold h
                WHERE (until IS NULL OR until > jobs.now()) AND (\(clientID)::text IS NULL OR EXISTS (
                    SELECT FROM gateway.sender s WHERE s.waba_id = h.waba_id AND s.client_id = \(clientID)))
                ORDER BY held_at DESC, waba_id, name, language LIMIT \(limit)
                """
            ).decode((String, String, String, String, Int?, Date, Date?).self).map { waba, name, language, reason, code, since, until in
                Override(
                    kind: .templateHeld, key: TemplateHolds.lane(waba, name, language), wabaID: waba, code: code, reason: reason,
                    since: since,
                    until: until)
            }
            guard clientID == nil else { return stopped + held }
            let codes = try await db.query(
                """
                SELECT code, count, first_at, message_id, sender, detail FROM gateway.unknown_code ORDER BY last_at DESC, code LIMIT \(limit)
                """
            ).decode((String, Int, Date, UUID, String, String).self).map { code, count, since, message, sender, detail in
                Override(
                    kind: .unknownCode, key: "code:\(code)", sender: sender, code: Int(code), reason: detail, since: since, count: count,
                    messageID: message)
            }
            return stopped + held + codes
        }
    }

    /// Ends an override: the number goes on, messages held for the template are queued again, the code is taken off the list.
    /// - Returns: what was lifted; nil: nothing in force has this key.
    @discardableResult
    public func lift(_ key: String) async throws -> Override? {
        guard let found = try await overrides(limit: Int(Int32.max)).first(where: { $0.key == key }) else { return nil }
        switch found.kind {
        case .senderStopped: if let id = found.sender { try await senders.resume(id) }
        case .templateHeld:
            guard let template = TemplateHolds.template(lane: key) else { return nil }
            try await core.client.withTransaction {
                try await Releases(core: core).template(
                    waba: template.waba, name: template.template.name, language: template.template.language, on: $0)
            }
        case .unknownCode:
            try await core.client.query("DELETE FROM gateway.unknown_code WHERE code = \(String(key.dropFirst("code:".count)))")
        }
        return found
    }
}
