import CloudAPI
import Foundation
import Gateway
import Jobs
import Postgres
import Templates

extension RebuildRun {
    private struct Next: Codable, Sendable {
        enum Kind: String, Codable { case cut, wait, finished }
        var kind: Kind
        var until: Date?
    }

    /// What was read of a step's messages, and when (business time, before the reading).
    private struct Reading: Codable, Sendable {
        var at: Date
        var counts: RebuildCounts
    }

    /// Sends the step in portions over its time. False when the rebuild has stopped running meanwhile.
    func send(_ step: Step) async throws -> Bool {
        var index = 0
        while true {
            let counts = try await read("counts:\(index)", step).counts
            let stopped = try await senderStopped("sender:send:\(index)")
            let (id, run, rebuilds, portion, event) = (id, c.runID, rebuilds, index, "portion:\(index)")
            let next = try await c.step("send:\(index)") { db -> Next in
                guard var row = try await Self.running(id, run, step, counts, stopped, on: db) else { return Next(kind: .cut) }
                let portions = Self.portions(target: step.target, row.settings)
                let size = step.target * (portion + 1) / portions - step.target * portion / portions
                try await Self.submit(size, step: step, row: row, gateway: rebuilds.gateway, on: db)
                let last = portion + 1 >= portions
                row.waitEvent = last ? nil : event
                try await row.save(on: db)
                if last {
                    try await db.query(
                        "UPDATE quality.step SET state = 'maturing' WHERE rebuild_id = \(id) AND step = \(Int32(step.number))")
                    return Next(kind: .finished)
                }
                let pause = row.settings.spreadMinutes * 60 * Double(portion + 1) / Double(portions)
                return Next(kind: .wait, until: step.startedAt.addingTimeInterval(pause))
            }
            switch next.kind {
            case .cut: return false
            case .finished: return true
            case .wait: _ = try await c.event(event, until: next.until, as: Wake.self)
            }
            index += 1
        }
    }

    /// Watches the outcomes until the step is over, and judges it. False when the rebuild has stopped running meanwhile.
    func watch(_ step: Step) async throws -> Bool {
        var round = 0
        while true {
            let reading = try await read("counts:watch:\(round)", step)
            let counts = reading.counts
            let stopped = try await senderStopped("sender:watch:\(round)")
            let (id, run, rebuilds, event) = (id, c.runID, rebuilds, "watch:\(round):wake")
            let next = try await c.step("watch:\(round)") { db -> Next in
                guard var row = try await Self.running(id, run, step, counts, stopped, on: db) else { return Next(kind: .cut) }
                let now = try await Rebuilds.now(on: db)
                let end = row.nextStepAt ?? now
                // Counts that were read before the end say nothing of what came until then: once more.
                guard reading.at >= end else {
                    row.waitEvent = event
                    try await row.save(on: db)
                    return Next(kind: .wait, until: min(end, now.addingTimeInterval(row.settings.watchMinutes * 60)))
                }
                let signals = try await Self.signals(.after, row, step, counts, stopped, on: db)
                let verdict = Verdict.judge(signals, row.settings)
                try await row.take(verdict, signals, at: now, on: db)
                try await db.query(
                    """
                    UPDATE quality.step SET state = 'finished', decision = \(verdict.decision.rawValue)
                    WHERE rebuild_id = \(id) AND step = \(Int32(step.number))
                    """)
                guard row.ramp.state == .running else {
                    try await row.save(on: db)
                    return Next(kind: .cut)
                }
                try await rebuilds.startRun(&row, on: db)
                try await row.save(on: db)
                return Next(kind: .finished)
            }
            switch next.kind {
            case .cut: return false
            case .finished: return true
            case .wait: _ = try await c.event(event, until: next.until, as: Wake.self)
            }
            round += 1
        }
    }

    /// The rebuild, locked, when this step may go on; nil when it is to be cut. Reads the signals and takes what they call for.
    private static func running(
        _ id: Int64, _ run: String, _ step: Step, _ counts: RebuildCounts, _ stopped: String?, on db: PostgresConnection
    ) async throws -> RebuildRow? {
        guard var row = try await RebuildRow.lock(id, on: db), row.runID == run else { return nil }
        guard row.ramp.state == .running, row.ramp.generation == step.generation else { return nil }
        try await store(counts, of: step, rebuild: id, on: db)
        try await row.readTemplate(on: db)
        let signals = try await signals(.during, row, step, counts, stopped, on: db)
        let verdict = Verdict.judge(signals, row.settings)
        guard verdict.decision == .hold || verdict.decision == .stop else { return row }
        try await row.take(verdict, signals, at: try await Rebuilds.now(on: db), on: db)
        try await row.save(on: db)
        return nil
    }

    private static func signals(
        _ moment: Signals.Moment, _ row: RebuildRow, _ step: Step, _ counts: RebuildCounts, _ stopped: String?, on db: PostgresConnection
    ) async throws -> Signals {
        let sums =
            try await db.query(
                """
                SELECT coalesce(sum(delivered + read), 0)::bigint, coalesce(sum(bad), 0)::bigint FROM quality.step
                WHERE rebuild_id = \(row.id) AND step > \(Int32(row.pooledSince)) AND step <> \(Int32(step.number))
                """
            ).decodeFirst((Int, Int).self) ?? (0, 0)
        var earlier = RebuildCounts()
        (earlier.delivered, earlier.failed) = (sums.0, sums.1)
        if sums.1 > 0 { earlier.failedCodes = [131_050: sums.1] }
        return Signals(
            moment: moment, templateStatus: row.templateStatus, quality: row.quality, senderStopped: stopped, target: step.target,
            step: counts, pooled: earlier + counts)
    }

    private func read(_ name: String, _ step: Step) async throws -> Reading {
        let rebuilds = rebuilds
        return try await c.call(name) {
            let now = try await Rebuilds.now(on: rebuilds.client)
            return Reading(at: now, counts: try await rebuilds.gateway.counts(tag: step.tag))
        }
    }

    /// How many portions a step is sent in.
    static func portions(target: Int, _ settings: RebuildSettings) -> Int {
        let needed = (target + settings.largestPortion - 1) / settings.largestPortion
        return max(1, min(target, max(needed, settings.spreadMinutes > 0 ? settings.portions : 1)))
    }

    /// Submits the next recipients in this transaction: messages, recipients and checkpoint are stored together or not at all, so that a
    /// crash can neither lose nor repeat one.
    private static func submit(
        _ size: Int, step: Step, row: RebuildRow, gateway: any RebuildGateway, on db: PostgresConnection
    ) async throws {
        let people = try await db.query(
            """
            SELECT position, address FROM quality.recipient WHERE rebuild_id = \(row.id) AND state = 'waiting' ORDER BY position LIMIT \(size)
            """
        ).decode((Int32, String).self)
        let components = try row.components.map { try JSONValue(parsing: $0.utf8) }
        var (taken, messages, refused, reasons): ([Int32], [UUID], [Int32], [String]) = ([], [], [], [])
        var persons: [String?] = []
        for (position, address) in people {
            let submission = Submission(
                sender: row.phoneNumberID, body: body(address, row, components), lane: .rebuild,
                idempotencyKey: "rebuild:\(row.id):\(step.number):\(position)", idempotencyScope: "rebuild", tag: step.tag)
            do {
                let receipt: Receipt
                if address.contains(/^(\+[0-9]+|[A-Z]{2}\..+)$/) {
                    receipt = try await gateway.submit(submission, on: db)
                } else {
                    // Only the gateway knows whom this spelling means: perhaps somebody who is in the list already.
                    let met = persons
                    receipt = try await db.withSavepoint { db in
                        let receipt = try await gateway.submit(submission, on: db)
                        guard let person = receipt.e164 ?? receipt.userID else { return receipt }
                        let known =
                            try await db.query(
                                """
                                SELECT EXISTS (SELECT FROM quality.recipient WHERE rebuild_id = \(row.id) AND position <> \(position)
                                    AND (address = \(person) OR person = \(person)))
                                """
                            ).decodeFirst(Bool.self) ?? false
                        if known || met.contains(person) { throw SamePerson(person: person) }
                        return receipt
                    }
                }
                taken.append(position)
                messages.append(receipt.id)
                persons.append(receipt.e164 ?? receipt.userID)
            } catch let same as SamePerson {
                refused.append(position)
                reasons.append("the same as \(same.person), which is in the list already")
            } catch let refusal as GatewayRefusal where [400, 404].contains(refusal.httpStatus) {
                // This recipient is at fault; anything else is the run's trouble, and is tried again.
                refused.append(position)
                reasons.append(String("\(refusal.code): \(refusal.details)".replacing("\u{0}", with: "").prefix(500)))
            }
        }
        if taken.isEmpty, refused.count >= 5, Set(reasons).count == 1 {
            // The same fault with everybody lies with the message or the sender, not with the recipients: a person looks, nobody is crossed
            // out.
            throw RebuildError(.badValue, "the gateway refuses every message of the step: \(reasons[0])")
        }
        try await db.query(
            """
            UPDATE quality.recipient r SET state = 'submitted', step = \(Int32(step.number)), message_id = n.message, person = n.person
            FROM unnest(\(taken), \(messages), \(persons)) AS n (position, message, person) WHERE r.rebuild_id = \(row.id) AND r.position = n.position
            """)
        try await db.query(
            """
            UPDATE quality.recipient r SET state = 'refused', step = \(Int32(step.number)), reason = n.reason
            FROM unnest(\(refused), \(reasons)) AS n (position, reason) WHERE r.rebuild_id = \(row.id) AND r.position = n.position
            """)
        try await db.query(
            """
            UPDATE quality.step SET submitted = submitted + \(Int32(taken.count)), refused = refused + \(Int32(refused.count))
            WHERE rebuild_id = \(row.id) AND step = \(Int32(step.number))
            """)
    }

    /// The gateway reads an address as somebody who is in the list already.
    private struct SamePerson: Error { var person: String }

    private static func body(_ address: String, _ row: RebuildRow, _ components: JSONValue?) -> JSONValue {
        var template: JSONObject = ["name": .string(row.template.name), "language": ["code": .string(row.template.language)]]
        if let components { template["components"] = components }
        let isUser = address.contains(/^[A-Z]{2}\./)
        return .object([
            "messaging_product": "whatsapp", isUser ? "recipient" : "to": .string(address), "type": "template",
            "template": .object(template),
        ])
    }
}
