import CloudAPI
import Foundation
import Jobs
import Postgres
import Recipients

extension SendKind {
    /// Takes the results over. A status may have come before: it is not undone.
    func settle(_ settlements: [Settlement], on db: PostgresConnection) async throws {
        let rest = try await accept(settlements, on: db)
        if !rest.isEmpty { try await settleOneByOne(rest, on: db) }
    }

    /// Takes over what Meta accepted and nothing else has happened to, in one statement; returns the rest.
    private func accept(_ settlements: [Settlement], on db: PostgresConnection) async throws -> [Settlement] {
        var plain: [(id: UUID, detail: SendDetail, settlement: Settlement)] = []
        var rest: [Settlement] = []
        for settlement in settlements {
            guard case .done = settlement.result, !settlement.isLate, let id = SendJob.message(settlement.attempt.payload),
                let detail = settlement.detail as? SendDetail, detail.action == .none, detail.pairFailures == 0,
                let wamid = detail.wamid, wamid.isStorable, !wamid.contains(" "), detail.waID?.isStorable ?? true
            else {
                rest.append(settlement)
                continue
            }
            plain.append((id, detail, settlement))
        }
        guard !plain.isEmpty else { return rest }
        let taken = Dictionary(
            try await db.query(
                """
                SELECT id, is_early, at FROM gateway.accept(\(plain.map(\.id)), \(plain.map(\.settlement.attempt.jobID)),
                    \(plain.map(\.detail.wamid)), \(plain.map(\.detail.waID)), \(plain.map(\.detail.body)),
                    \(plain.map { $0.detail.httpStatus.map(Int32.init(clamping:)) }))
                """
            ).decode((UUID, Bool, Date).self).map { ($0.0, (isEarly: $0.1, at: $0.2)) }, uniquingKeysWith: { first, _ in first })
        rest += plain.filter { taken[$0.id] == nil }.map(\.settlement)
        let early = taken.filter(\.value.isEarly).map(\.key)
        if !early.isEmpty {
            var rows = try await MessageStore.lock(early, on: db)
            try await Orphans(core: core).adopt(&rows, on: db)
            try await MessageStore.save(Array(rows.values), core: core, on: db)
        }
        try await RecipientDirectory.learn(
            plain.compactMap { one in
                guard let at = taken[one.id]?.at, let waID = one.detail.waID, let number = one.detail.number else { return nil }
                return .init(phoneNumberID: one.detail.sender, number: number, waID: waID, userID: one.detail.userID, at: at)
            }, on: db)
        core.waiters.signal(Array(taken.keys))
        return rest
    }

    private func settleOneByOne(_ settlements: [Settlement], on db: PostgresConnection) async throws {
        var rows = try await MessageStore.lock(settlements.compactMap { SendJob.message($0.attempt.payload) }, on: db)
        let now = try await JobQueue.now(on: db)
        let former = try await lastRefusals(
            settlements.filter(Self.isPutOff).compactMap { SendJob.message($0.attempt.payload) }, rows, on: db)
        let consequences = Consequences(core: core)
        var events: [EventLog.Entry] = []
        var answers: [RecipientDirectory.Answer] = []
        var refused: [(sender: String, address: String)] = []
        var taken: [(sender: String, address: String)] = []
        var unused: [(sender: String, address: String)] = []
        var after: [(MessageRow, SendDetail)] = []
        for settlement in settlements {
            guard let id = SendJob.message(settlement.attempt.payload), var row = rows[id] else { continue }
            let detail = settlement.detail as? SendDetail
            var event = apply(settlement, detail, to: &row, former[id], at: now)
            // The row keeps the answer until the message goes again.
            if event.data == row.answer { event.data = nil }
            // Put off before anything was asked of Meta, as by admission: no part of its history.
            if !Self.isPutOff(settlement) { events.append(event) }
            if row.state == .queued, row.jobID == nil {
                let again = SendJob.new(
                    id, lane: settlement.attempt.lane, priority: settlement.attempt.priority, settings: core.settings)
                row.jobID = try await JobQueue.enqueue([again], on: db).first ?? nil
            }
            rows[id] = row
            // Nothing has reached Meta: its place in the line to this recipient is free again.
            if case .retry = settlement.result, detail?.code == nil { unused.append((row.sender, row.address)) }
            guard let detail else { continue }
            if let waID = detail.waID, let number = row.e164 {
                answers.append(.init(phoneNumberID: row.sender, number: number, waID: waID, userID: detail.userID, at: now))
            }
            if detail.action == .slowPair { refused.append((row.sender, row.address)) }
            if detail.wamid != nil, detail.pairFailures > 0 { taken.append((row.sender, row.address)) }
            after.append((row, detail))
        }
        try await EventLog.write(events, on: db)
        try await Orphans(core: core).adopt(&rows, on: db)
        try await MessageStore.save(Array(rows.values), core: core, on: db)
        try await RecipientDirectory.learn(answers, on: db)
        for (row, detail) in after {
            try await consequences.draw(
                detail.action, code: detail.code, text: detail.text, wait: detail.waitSeconds, row: row, waID: detail.waID, at: now, on: db)
        }
        try await UnknownCodes.note(
            after.filter(\.1.isUnheardOf).map { row, detail in
                .init(code: detail.code, message: row.id, sender: row.sender, detail: detail.text)
            }, on: db)
        // Last, as in admission: recipients and templates before pairs.
        try await Pairs.settle(refused: refused, taken: taken, unused: unused, on: db)
    }

    /// Nothing was asked of Meta: its slot was missed, or the worker stopped before.
    private static func isPutOff(_ settlement: Settlement) -> Bool {
        guard case .retry = settlement.result else { return false }
        return settlement.detail == nil && !settlement.isLate
    }

    /// What messages were last refused for, of those that have been tried before: who looks at one is to read Meta's word, and not that the next
    /// try has missed its slot.
    private func lastRefusals(
        _ ids: [UUID], _ rows: [UUID: MessageRow], on db: PostgresConnection
    ) async throws -> [UUID: (code: Int?, reason: String)] {
        let tried = ids.filter { (rows[$0]?.attempts ?? 0) > 1 }
        guard !tried.isEmpty else { return [:] }
        let found = try await db.query(
            """
            SELECT DISTINCT ON (message_id) message_id, code, detail FROM gateway.event
            WHERE message_id = ANY (\(tried)) AND kind = 'refused' AND detail IS NOT NULL ORDER BY message_id, id DESC
            """
        ).decode((UUID, Int?, String).self)
        return Dictionary(found.map { ($0.0, (code: $0.1, reason: $0.2)) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameter former: what an earlier try was refused for, where this one was put off.
    private func apply(
        _ settlement: Settlement, _ detail: SendDetail?, to row: inout MessageRow, _ former: (code: Int?, reason: String)?, at now: Date
    ) -> EventLog.Entry {
        var event = EventLog.Entry(
            message: row.id, kind: "", wamid: detail?.wamid, code: detail?.code, detail: detail?.text, data: detail?.body)
        // A result of a job that this message no longer belongs to is history only, unless it proves that the message went out.
        let isCurrent = row.jobID == settlement.attempt.jobID
        switch settlement.result {
        case .done(let providerID):
            event.kind = "accepted"
            event.wamid = detail?.wamid ?? providerID
            row.accept(wamid: event.wamid, waID: detail?.waID, answer: detail?.body, httpStatus: detail?.httpStatus, at: now)
        case .retry(_, let reason, _, _):
            event.kind = "refused"
            event.detail = reason
            guard isCurrent else { break }
            if settlement.isLate {
                // The engine has given this job up as unknown. Now it is known that nothing happened: a new one takes its place.
                guard row.state == .unknown else { break }
                (row.state, row.unknownAt, row.needsPerson, row.jobID) = (.queued, nil, false, nil)
                row.reasonCode = detail?.code.map { "\($0)" } ?? "not_sent"
                row.reason = reason
            } else if row.state == .sending {
                row.state = .queued
                row.reasonCode = (detail?.code ?? former?.code).map { "\($0)" } ?? "not_sent"
                row.reason = former?.reason ?? reason
            }
        case .dead(let reason):
            event.kind = "refused"
            event.detail = reason
            if isCurrent { row.refuse(detail?.code, reason, error: detail?.body, httpStatus: detail?.httpStatus, at: now) }
        case .unknown(let reason):
            event.kind = "unknown"
            event.detail = reason
            // Queued: it may have been sent in a history that a failover has taken back.
            guard isCurrent, !settlement.isLate, row.state == .sending || row.state == .queued else { break }
            row.state = .unknown
            row.unknownAt = now
            row.reasonCode = "unknown"
            row.reason = reason
            row.errorCode = detail?.code
            row.error = detail?.body
            row.httpStatus = detail?.httpStatus
        }
        return event
    }
}
