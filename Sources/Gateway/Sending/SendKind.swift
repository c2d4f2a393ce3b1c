import CloudAPI
import Foundation
import Jobs
import Postgres
import Recipients

/// The job that makes the request for a message: at most once.
struct SendKind: JobKind {
    let core: GatewayCore
    var name: String { SendJob.kind }
    var delivery: Delivery { .atMostOnce }
    /// Longer than the longest wait for Meta's answer.
    var leaseSeconds: Double { max(60, core.graph.configuration.sendTimeout / .seconds(1) + 20) }

    /// A message under consideration.
    struct Waiting {
        var place: Int
        var attempt: Attempt
        var send: PreparedSend
        var address: String
        var kind: String
        var state: MessageState
        var jobID: Int64?
        var isExpired: Bool
        var template: String?
        var language: String?
        var ownHash: String?
        var withoutHash: Bool
        var notifyRun: String?
        /// Requests made for it so far.
        var attempts: Int
        /// Quotas in which a place is reserved for it, or was.
        var quotas: [String]
        /// What it is counted in when it goes.
        var uses: [QuotaItem] = []
        /// Quotas in shadow whose limit it breaks.
        var over: [String] = []

        var templateKey: TemplateHolds.Key? { template.map { TemplateHolds.key(send.wabaID, $0, language ?? "") } }
        var recipient: RecipientKey { RecipientKey(phoneNumberID: send.sender, address: address) }
    }

    /// Decides in the transaction of the intent. Keys are taken in one order: templates, recipients, quotas, pairs, messages that go.
    ///
    /// Messages are read without a lock: what begins, expires or holds one does so only if nothing has happened to it since, and the
    /// intent of its job is held all the while. Locking first would write every row twice.
    func admit(_ attempts: [Attempt], prepared: [PostgresRows], on db: PostgresConnection) async throws -> [Admission] {
        var verdicts = attempts.map { _ in Admission.drop(reason: "the message does not exist, or another job carries it") }
        let waiting = try read(attempts, prepared[1])
        var senders = try SenderRow.byID(prepared[2])
        // Of lanes that are not their own.
        let others = Set(waiting.map(\.send.sender)).subtracting(senders.keys)
        senders.merge(try await SenderRow.byID(Array(others), on: db)) { first, _ in first }
        var ready: [Waiting] = []
        var expired: [Waiting] = []
        var left: [Waiting] = []
        for var message in waiting {
            guard message.state == .queued, message.jobID == message.attempt.jobID else {
                verdicts[message.place] = .drop(reason: "the message is \(message.state.rawValue)")
                continue
            }
            if message.isExpired {
                verdicts[message.place] = .drop(reason: "expired")
                expired.append(message)
                continue
            }
            guard let sender = senders[message.send.sender]?.sender, sender.state == .active else {
                let reason = senders[message.send.sender]?.sender.stoppedReason ?? "it is retired"
                verdicts[message.place] = .postpone(until: Date(timeIntervalSinceNow: 30), reason: "sender stopped: \(reason)")
                if senders[message.send.sender]?.sender.state == .retired { left.append(message) }
                continue
            }
            message.send.wabaID = sender.wabaID
            ready.append(message)
        }
        try await expire(expired, on: db)
        // Handed in, or on their way, while the number moved.
        left = try await lock(left, on: db)
        let followed = try await Handover(settings: core.settings).follow(
            left.map { ($0.send.id, $0.send.sender, $0.attempt.priority) }, on: db)
        for message in left {
            if let target = followed[message.send.id] { verdicts[message.place] = .drop(reason: "the number moved to \(target)") }
        }
        let (holds, states) = try await lookUp(ready, on: db)
        ready = try await holdTemplates(ready, holds, &verdicts, on: db)
        ready = try await identify(ready, states, senders, &verdicts, on: db)
        ready = try await holdForQuotas(ready, senders, states, &verdicts, on: db)
        try await begin(ready, senders, try PairRule(prepared[3]), &verdicts, on: db)
        return verdicts
    }

    func prepare(_ attempts: [Attempt]) -> [PostgresQuery] {
        let ids = attempts.compactMap { SendJob.message($0.payload) }
        return [
            Quotas.gate,
            """
            SELECT id, sender, edge, address, e164, user_id, kind, state, job_id, coalesce(expires_at <= (SELECT jobs.now()), false),
                template_name, template_language, own_hash, without_hash, notify_run, body, attempts,
                coalesce(array_to_string(quotas, E'\\n'), '')
            FROM gateway.message WHERE id = ANY (ARRAY(SELECT unnest(\(Array(Set(ids))))))
            """,
            SenderRow.rows(attempts.compactMap { Sender.phoneNumberID(laneKey: $0.laneKey) }),
            PairRule.query,
        ]
    }

    private func read(_ attempts: [Attempt], _ rows: PostgresRows) throws -> [Waiting] {
        let places = Dictionary(
            attempts.enumerated().compactMap { place, attempt in SendJob.message(attempt.payload).map { ($0, [place]) } },
            uniquingKeysWith: +)
        return try rows.decode(
            (
                UUID, String, String, String, String?, String?, String, String, Int64?, Bool, String?, String?, String?, Bool, String?,
                Data,
                Int, String
            ).self
        ).compactMap { row in
            // A message that went again may have an old job left: it is its current one's turn.
            guard let all = places[row.0], let place = all.first(where: { attempts[$0].jobID == row.8 }) ?? all.first else { return nil }
            return Waiting(
                place: place, attempt: attempts[place],
                send: PreparedSend(
                    id: row.0, sender: row.1, wabaID: "", edge: MessageEdge(rawValue: row.2) ?? .messages, e164: row.4, userID: row.5,
                    body: row.15),
                address: row.3, kind: row.6, state: MessageState(rawValue: row.7) ?? .unknown, jobID: row.8, isExpired: row.9,
                template: row.10, language: row.11, ownHash: row.12, withoutHash: row.13, notifyRun: row.14,
                attempts: row.16, quotas: row.17.split(separator: "\n").map(String.init))
        }
    }

    private func lock(_ messages: [Waiting], on db: PostgresConnection) async throws -> [Waiting] {
        guard !messages.isEmpty else { return [] }
        let locked = Set(
            try await db.query(
                """
                SELECT m.id FROM gateway.message m
                JOIN unnest(\(messages.map(\.send.id)), \(messages.map(\.attempt.jobID))) AS n (id, job) ON m.id = n.id
                WHERE m.state = 'queued' AND m.job_id = n.job ORDER BY m.id FOR UPDATE OF m
                """
            ).decode(UUID.self))
        return messages.filter { locked.contains($0.send.id) }
    }

    private func expire(_ messages: [Waiting], on db: PostgresConnection) async throws {
        guard !messages.isEmpty else { return }
        let expired = Set(
            try await db.query(
                """
                UPDATE gateway.message m SET state = 'expired', reason_code = 'expired', reason = \(Expiry.reason), updated_at = jobs.now()
                FROM unnest(\(messages.map(\.send.id)), \(messages.map(\.attempt.jobID))) AS n (id, job)
                WHERE m.id = n.id AND m.state = 'queued' AND m.job_id = n.job RETURNING m.id
                """
            ).decode(UUID.self))
        let messages = messages.filter { expired.contains($0.send.id) }
        try await EventLog.write(messages.map { .init(message: $0.send.id, kind: "expired") }, on: db)
        for message in messages {
            try await MessageStore.announce(
                message.send.id, run: message.notifyRun, state: .expired, code: "expired", reason: Expiry.reason, on: db)
        }
        core.waiters.signal(messages.map(\.send.id))
    }

    /// What is known of templates and recipients, in one round trip: templates first, in whose order they are locked.
    private func lookUp(
        _ messages: [Waiting], on db: PostgresConnection
    ) async throws -> (holds: [TemplateHolds.Key: String], states: [RecipientKey: RecipientState]) {
        let templates = Set(messages.compactMap(\.templateKey))
        let lookup = RecipientLookup(messages.map(\.recipient))
        let rows = try await db.pipeline((templates.isEmpty ? [] : [TemplateHolds.active(templates)]) + (lookup.map { [$0.query] } ?? []))
        let holds = templates.isEmpty ? [:] : try rows.first.map(TemplateHolds.reasons) ?? [:]
        guard let lookup, let last = rows.last else { return (holds, [:]) }
        return (holds, try await TrustGate.certain(lookup, try lookup.states(last), on: db))
    }

    /// Holds messages whose template is held.
    private func holdTemplates(
        _ messages: [Waiting], _ holds: [TemplateHolds.Key: String], _ verdicts: inout [Admission], on db: PostgresConnection
    ) async throws -> [Waiting] {
        guard !holds.isEmpty else { return messages }
        var going: [Waiting] = []
        var held: [(Waiting, String)] = []
        for message in messages {
            if let reason = message.templateKey.flatMap({ holds[$0] }) {
                held.append((message, reason))
                verdicts[message.place] = .drop(reason: "held: \(reason)")
            } else {
                going.append(message)
            }
        }
        try await hold(held, code: HoldReason.templateHeld, on: db)
        return going
    }

    /// Decides by what is known of the recipients now whether a message goes, and which hash goes along.
    private func identify(
        _ messages: [Waiting], _ states: [RecipientKey: RecipientState], _ senders: [String: SenderRow], _ verdicts: inout [Admission],
        on db: PostgresConnection
    ) async throws -> [Waiting] {
        var going: [Waiting] = []
        var held: [(Waiting, String)] = []
        for var message in messages {
            let state = states[message.recipient]
            if let state, state.trust == .changed {
                held.append((message, HoldReason.text(state)))
                verdicts[message.place] = .drop(reason: "held: the recipient's identity changed")
                continue
            }
            // What goes again after a verification goes without the caller's hash, which is of before, and with ours only once a new one is known.
            let known = senders[message.send.sender]?.sender.identityMode == .enforce ? state?.hashToAttach : nil
            message.send.hash = message.withoutHash ? known : message.ownHash ?? known
            going.append(message)
        }
        try await hold(held, code: HoldReason.recipientChanged, on: db)
        return going
    }

    /// - Parameter key: the quota it is held for.
    func hold(_ messages: [(Waiting, String)], code: String, for key: String? = nil, on db: PostgresConnection) async throws {
        guard !messages.isEmpty else { return }
        let held = Set(
            try await db.query(
                """
                UPDATE gateway.message m SET state = 'held', reason_code = \(code), reason = n.reason, held_for = \(key), job_id = NULL,
                    updated_at = jobs.now()
                FROM unnest(\(messages.map(\.0.send.id)), \(messages.map(\.0.attempt.jobID)), \(messages.map { $0.1.storable(1000) }))
                    AS n (id, job, reason)
                WHERE m.id = n.id AND m.state = 'queued' AND m.job_id = n.job RETURNING m.id
                """
            ).decode(UUID.self))
        let messages = messages.filter { held.contains($0.0.send.id) }
        try await EventLog.write(messages.map { .init(message: $0.0.send.id, kind: "held", detail: $0.1) }, on: db)
        core.waiters.signal(messages.map(\.0.send.id))
    }

    /// Lets those go whose pair is free, one message in six seconds between a number and a recipient with a burst that is paid back, and
    /// which are still as they were read.
    private func begin(
        _ messages: [Waiting], _ senders: [String: SenderRow], _ rule: PairRule, _ verdicts: inout [Admission], on db: PostgresConnection
    ) async throws {
        guard !messages.isEmpty else { return }
        let quotas = messages.map { $0.uses.isEmpty ? nil : $0.uses.map(\.key).joined(separator: "\n") }
        let rows = try await db.query(
            """
            SELECT place, until, failures, is_over, begun FROM gateway.begin(\(messages.map(\.send.id)), \(messages.map(\.attempt.jobID)),
                \(messages.map(\.send.hash)), \(quotas), \(messages.map(\.send.sender)), \(messages.map(\.address)),
                \(rule.interval), \(rule.burst)::int, \(rule.window), \(rule.isInShadow))
            """
        ).decode((Int, Date?, Int, Bool, Bool).self)
        // Changed while we looked: the next look sees to what.
        for message in messages {
            verdicts[message.place] = .postpone(until: Date(timeIntervalSinceNow: 1), reason: "the message has changed")
        }
        var going: [(Int64, PreparedSend)] = []
        var begunMessages: [Waiting] = []
        var hits: [LimitHits.Hit] = []
        for (place, until, failures, isOver, begun) in rows where messages.indices.contains(place - 1) {
            let message = messages[place - 1]
            if isOver { hits.append(.init(rule: "pair", key: Sender.laneKey(message.send.sender), isShadow: until == nil)) }
            if let until {
                verdicts[message.place] = .postpone(until: until, reason: "pair rate: one message in 6 s to the same recipient")
            } else if begun {
                var send = message.send
                send.pairFailures = failures
                going.append((message.attempt.id, send))
                verdicts[message.place] = .go
                begunMessages.append(message)
            }
        }
        try await countQuotas(begunMessages, on: db)
        let inShadow = Dictionary(grouping: begunMessages, by: \.send.sender).compactMap { id, messages in
            senders[id].flatMap { $0.sender.isInShadow ? (sender: $0.sender, tokens: messages.count) : nil }
        }
        try await ThroughputShadow.note(inShadow, isInbound: false, core.settings, on: db)
        try await LimitHits.note(hits, on: db)
        core.handoff.put(going)
    }
}

enum Expiry {
    static let reason = "Its time was over before it could be sent."
}
