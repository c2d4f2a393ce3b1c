import CloudAPI
import Foundation
import Jobs
import Postgres
import Recipients

extension SendKind {
    /// Takes the results over. A status may have come before: it is not undone.
    func settle(_ settlements: [Settlement], on db: PostgresConnection) async throws {
        var rows = try await MessageStore.lock(settlements.compactMap { SendJob.message($0.attempt.payload) }, on: db)
        let now = try await JobQueue.now(on: db)
        let consequences = Consequences(core: core)
        var events: [EventLog.Entry] = []
        var answers: [RecipientDirectory.Answer] = []
        var refused: [(sender: String, address: String)] = []
        var taken: [(sender: String, address: String)] = []
        var after: [(MessageRow, SendDetail)] = []
        for settlement in settlements {
            guard let id = SendJob.message(settlement.attempt.payload), var row = rows[id] else { continue }
            let detail = SendDetail.decode(settlement.detail)
            events.append(apply(settlement, detail, to: &row, at: now))
            if row.state == .queued, row.jobID == nil {
                let again = SendJob.new(
                    id, lane: settlement.attempt.lane, priority: settlement.attempt.priority, settings: core.settings)
                row.jobID = try await JobQueue.enqueue([again], on: db).first ?? nil
            }
            rows[id] = row
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
        // Last, as in admission: recipients and templates before pairs.
        try await Pairs.settle(refused: refused, taken: taken, on: db)
    }

    private func apply(_ settlement: Settlement, _ detail: SendDetail?, to row: inout MessageRow, at now: Date) -> EventLog.Entry {
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
                row.reasonCode = detail?.code.map { "\($0)" } ?? "not_sent"
                row.reason = reason
            }
        case .dead(let reason):
            event.kind = "refused"
            event.detail = reason
            if isCurrent { row.refuse(detail?.code, reason, error: detail?.body, httpStatus: detail?.httpStatus, at: now) }
        case .unknown(let reason):
            event.kind = "unknown"
            event.detail = reason
            guard isCurrent, !settlement.isLate, row.state == .sending else { break }
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
