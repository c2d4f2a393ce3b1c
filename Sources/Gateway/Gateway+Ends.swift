public import CloudAPI
public import Foundation
public import Postgres

/// A message that ended without Meta having had it, whose caller was told only that it was queued.
public struct MessageEnd: Sendable, Equatable {
    public var message: UUID
    public var sender: String
    /// Of the sender, in E.164.
    public var number: String
    public var wabaID: String
    /// Meta's name for the recipient, or the digits of their number until it has told one.
    public var waID: String?
    public var userID: String?
    /// The caller's own `biz_opaque_callback_data`.
    public var clientData: String?
    /// What a webhook of Meta's would have in `errors`.
    public var error: JSONValue
    /// Business time.
    public var at: Date
}

extension Gateway {
    /// The caller of a message is about to be answered before anything has become of it. What ends it is then told of by `takeEnds`, also where it
    /// has ended meanwhile. While the database is away it is kept in mind.
    public func answeredEarly(_ id: UUID) async { await core.earlyAnswers.add(id) }

    /// Takes the ends that are to be told of, so many at most, in their order; they are given once. What goes again since is left out. Join the
    /// transaction that hands them on.
    /// - Returns: the ends, and whether there may be more.
    public func takeEnds(atMost limit: Int, on db: PostgresConnection) async throws -> (ends: [MessageEnd], isMore: Bool) {
        let taken = try await db.query(
            """
            DELETE FROM gateway.message_end WHERE id = ANY (ARRAY(
                SELECT id FROM gateway.message_end ORDER BY id LIMIT \(Int32(clamping: limit)) FOR UPDATE SKIP LOCKED))
            RETURNING message_id
            """
        ).decode(UUID.self)
        guard !taken.isEmpty else { return ([], false) }
        let ends = try await db.query(
            """
            SELECT m.id, m.sender, s.e164, s.waba_id, coalesce(m.wa_id, substr(m.e164, 2)), m.user_id, m.client_data, m.graph_error, m.error_code,
                CASE WHEN m.reason_code IS DISTINCT FROM \(MessageRow.settledByPerson) THEN m.reason END, m.updated_at
            FROM gateway.message m JOIN gateway.sender s ON s.phone_number_id = m.sender
            WHERE m.id = ANY (\(taken)) AND m.wamid IS NULL AND m.state IN ('failed', 'expired', 'cancelled') ORDER BY m.updated_at, m.id
            """
        ).decode((UUID, String, String, String, String?, String?, String?, Data?, Int?, String?, Date).self).map {
            MessageEnd(
                message: $0, sender: $1, number: $2, wabaID: $3, waID: $4, userID: $5, clientData: $6,
                error: Self.error($7, code: $8, reason: $9), at: $10)
        }
        return (ends, taken.count == limit)
    }

    /// As in Meta's webhooks: the same code and words that a caller who waits is answered with.
    /// - Parameter reason: nil: a person has decided it, whose name is nobody else's business.
    private static func error(_ refusal: Data?, code: Int?, reason: String?) -> JSONValue {
        let refusal = refusal.flatMap { try? JSONValue(parsing: $0) }
        let told = refusal?["error"] ?? refusal
        let said = told?["message"]?.text ?? "Message not sent"
        // Meta's answers begin with `(#131026) `, its webhooks do not.
        let title = said.hasPrefix("(#") ? said.split(separator: ") ", maxSplits: 1).last.map(String.init) ?? said : said
        let details = told?["error_data"]?["details"]?.text ?? reason ?? "The message was not sent."
        return [
            "code": JSONValue(told?["code"]?.integer ?? code ?? 131000), "title": .string(title), "message": .string(title),
            "error_data": ["details": .string(details)],
        ]
    }
}
