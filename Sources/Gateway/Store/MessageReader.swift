import CloudAPI
import Foundation
import Postgres

/// Reads stored messages for callers.
enum MessageReader {
    static func record(_ id: UUID, on db: some PostgresExecutor) async throws -> MessageRecord? {
        try await db.query("SELECT * FROM gateway.message WHERE id = \(id)").first.map(record)
    }

    /// Whether waiting for Meta's answer makes sense no longer; nil for an unknown id.
    ///
    /// A status can outrun the answer. Then the message is `sent`, or has `failed`, and what the caller is to be given is still on its way,
    /// unless the answer was lost before.
    static func isAnswered(_ id: UUID, on db: some PostgresExecutor) async throws -> Bool? {
        try await db.query(
            """
            SELECT CASE WHEN state IN ('queued', 'sending') THEN false
                WHEN state IN ('sent', 'delivered', 'read', 'failed') AND wamid IS NOT NULL
                    THEN graph_answer IS NOT NULL OR http_status IS NOT NULL OR unknown_at IS NOT NULL
                ELSE true END
            FROM gateway.message WHERE id = \(id)
            """
        ).decodeFirst(Bool.self)
    }

    /// Receipts of messages that were handed in before.
    static func receipts(_ ids: [UUID], on db: some PostgresExecutor) async throws -> [UUID: Receipt] {
        let rows = try await db.query(
            "SELECT id, recipient_raw, e164, user_id, wa_id, state, reason FROM gateway.message WHERE id = ANY (\(ids))"
        ).decode((UUID, String, String?, String?, String?, String, String?).self)
        return Dictionary(
            rows.map {
                (
                    $0.0,
                    Receipt(
                        id: $0.0, input: $0.1, e164: $0.2, userID: $0.3, waID: $0.4 ?? $0.2.map { String($0.dropFirst()) },
                        state: MessageState(rawValue: $0.5) ?? .queued, reason: $0.6, isDuplicate: true)
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    static func page(_ filter: MessageFilter, on db: some PostgresExecutor) async throws -> MessagePage {
        let limit = min(max(filter.limit, 1), 1000)
        if let senders = filter.senders, senders.isEmpty { return MessagePage(messages: [], next: nil) }
        let rows = try await db.query(query(filter, limit: limit + 1))
        let messages = try rows.prefix(limit).map(record)
        return MessagePage(messages: messages, next: rows.count > limit ? messages.last?.seq : nil)
    }

    /// Only the conditions that are asked for, so that each kind of list finds its index.
    private static func query(_ filter: MessageFilter, limit: Int) -> PostgresQuery {
        var text = PostgresQuery.Interpolation(literalCapacity: 300, interpolationCount: 8)
        text.appendLiteral("SELECT * FROM gateway.message WHERE true")
        func add<T: PostgresEncodable>(_ condition: String, _ value: T?) {
            guard let value else { return }
            text.appendLiteral(" AND \(condition) ")
            text.appendInterpolation(value)
        }
        add("seq <", filter.cursor)
        if let senders = filter.senders {
            text.appendLiteral(" AND sender = ANY (")
            text.appendInterpolation(senders)
            text.appendLiteral(")")
        }
        if !filter.states.isEmpty {
            text.appendLiteral(" AND state = ANY (")
            text.appendInterpolation(filter.states.map(\.rawValue))
            text.appendLiteral(")")
        }
        add("tag =", filter.tag)
        add("tag ~>=~", filter.tagPrefix)
        add("tag ~<~", filter.tagPrefix.map(TagPrefix.end))
        add("address =", filter.address)
        add("api_key_id =", filter.apiKeyID)
        // Written out: the index of the few that do is not found with a parameter.
        if let needsPerson = filter.needsPerson { text.appendLiteral(needsPerson ? " AND needs_person" : " AND NOT needs_person") }
        add("created_at >=", filter.createdFrom)
        add("created_at <", filter.createdTo)
        text.appendLiteral(" ORDER BY seq DESC LIMIT ")
        text.appendInterpolation(limit)
        return PostgresQuery(stringInterpolation: text)
    }

    static func record(_ row: PostgresRow) throws -> MessageRecord {
        MessageRecord(
            id: try row.decode(column: "id"), seq: try row.decode(column: "seq"), sender: try row.decode(column: "sender"),
            edge: MessageEdge(rawValue: try row.decode(column: "edge")) ?? .messages,
            lane: MessageLane(rawValue: try row.decode(column: "lane")) ?? .production, priority: try row.decode(column: "priority"),
            to: try row.decode(column: "recipient_raw"), e164: try row.decode(column: "e164"), userID: try row.decode(column: "user_id"),
            rule: try row.decode(column: "rule"), kind: try row.decode(column: "kind"),
            templateName: try row.decode(column: "template_name"),
            templateLanguage: try row.decode(column: "template_language"),
            state: MessageState(rawValue: try row.decode(column: "state")) ?? .unknown, reasonCode: try row.decode(column: "reason_code"),
            reason: try row.decode(column: "reason"), attempts: try row.decode(column: "attempts"),
            hashAttached: try row.decode(column: "hash_attached", as: String?.self) != nil, wamid: try row.decode(column: "wamid"),
            waID: try row.decode(column: "wa_id"), graphAnswer: try row.decode(column: "graph_answer"),
            graphError: try row.decode(column: "graph_error"), httpStatus: try row.decode(column: "http_status"),
            errorCode: try row.decode(column: "error_code"), tag: try row.decode(column: "tag"),
            clientData: try row.decode(column: "client_data"), apiKeyID: try row.decode(column: "api_key_id"),
            needsPerson: try row.decode(column: "needs_person"), createdAt: try row.decode(column: "created_at"),
            updatedAt: try row.decode(column: "updated_at"), expiresAt: try row.decode(column: "expires_at"),
            acceptedAt: try row.decode(column: "accepted_at"), deliveredAt: try row.decode(column: "delivered_at"),
            readAt: try row.decode(column: "read_at"), failedAt: try row.decode(column: "failed_at"))
    }
}

/// Tags that begin with a text lie between it and this, byte by byte; unlike `LIKE` it finds its index with any plan.
enum TagPrefix {
    static func end(_ prefix: String) -> String { prefix + "\u{10FFFF}" }
}
