import App
import Foundation
import PhoneNumbers
import Postgres

/// Messages that Meta has accepted and said nothing of yet. Each is a function of its number, so that two databases hold the same ones.
struct StatusMessages: Sendable {
    var count: Int
    let senders: Int
    let seed: UInt64
    /// When the first was accepted, in whole seconds since 1970.
    let base: Int
    /// Accepted in a second.
    let perSecond: Double

    func sender(_ index: Int) -> Int { index % max(1, senders) }
    func acceptedAt(_ index: Int) -> Int { base + Int(Double(index) / perSecond) }

    /// Version 7, as the gateway makes them.
    func id(_ index: Int) -> UUID {
        var random = generator(index)
        let millis = UInt64(base) * 1000 + UInt64(Double(index) / perSecond * 1000)
        let high: UInt64 = (millis << 16) | 0x7000 | (random.next() & 0x0FFF)
        let low: UInt64 = 0x8000_0000_0000_0000 | (random.next() >> 2)
        let words = (high.bigEndian, low.bigEndian)
        return withUnsafeBytes(of: words) { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    func wamid(_ index: Int) -> String {
        var random = generator(index)
        let words = (random.next(), random.next(), random.next())
        return "wamid.HBgL" + withUnsafeBytes(of: words) { Data($0) }.base64EncodedString()
    }

    /// The recipient as Meta writes them.
    func waID(_ index: Int) -> String { String(ScratchWorld.recipient(index).dropFirst()) }

    private func generator(_ index: Int) -> SplitMix { SplitMix(state: seed &+ UInt64(index) &* 0xD1B5_4A32_D192_ED03) }
}

extension ScratchWorld {
    /// Stores messages as the gateway leaves them when Meta has accepted them, with what finds them by their wamid.
    func addAccepted(_ messages: StatusMessages) async throws {
        let body = Data(#"{"messaging_product":"whatsapp","type":"text","text":{"preview_url":false,"body":"Your order has left."}}"#.utf8)
        var start = 0
        while start < messages.count {
            try Task.checkCancellation()
            let some = start..<min(start + 5000, messages.count)
            let answers = some.map { index in
                let (digits, wamid) = (messages.waID(index), messages.wamid(index))
                let contacts = #"[{"input":"+\#(digits)","wa_id":"\#(digits)"}]"#
                return Data(#"{"messaging_product":"whatsapp","contacts":\#(contacts),"messages":[{"id":"\#(wamid)"}]}"#.utf8)
            }
            let times = some.map { Date(timeIntervalSince1970: Double(messages.acceptedAt($0))) }
            try await parts.client.query(
                """
                WITH m AS (
                    INSERT INTO gateway.message (id, sender, edge, lane, priority, recipient_raw, e164, address, rule, number_valid, kind,
                        body, state, attempts, wamid, wa_id, graph_answer, http_status, created_at, updated_at, sent_at, accepted_at)
                    SELECT n.id, n.sender, 'messages', 'production', 4, '+' || n.wa_id, '+' || n.wa_id, '+' || n.wa_id, 'international',
                        true, 'text', \(body), 'accepted', 1, n.wamid, n.wa_id, n.answer, 200, n.at, n.at, n.at, n.at
                    FROM unnest(\(some.map { messages.id($0) }), \(some.map { Self.senderID(messages.sender($0)) }),
                        \(some.map { messages.waID($0) }), \(some.map { messages.wamid($0) }), \(answers), \(times))
                        AS n (id, sender, wa_id, wamid, answer, at)
                    RETURNING id, wamid, accepted_at),
                w AS (INSERT INTO gateway.wamid (hash, message_id) SELECT gateway.wamid_hash(m.wamid), m.id FROM m)
                INSERT INTO gateway.event (message_id, kind, wamid, detail, recorded_at)
                SELECT m.id, 'accepted', m.wamid, 'accepted', m.accepted_at FROM m
                """)
            start = some.upperBound
        }
        // As autovacuum would have done while they were sent.
        try await parts.client.query("ANALYZE gateway.message, gateway.wamid, gateway.event")
    }
}
