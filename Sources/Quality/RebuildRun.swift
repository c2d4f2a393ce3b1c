import Foundation
import Gateway
import Jobs
import Postgres

/// One run: at most one step of one rebuild.
struct RebuildRun: Sendable {
    let c: WorkflowContext
    let rebuilds: Rebuilds
    let id: Int64

    /// A step that was begun.
    struct Step: Codable, Sendable {
        var number: Int
        var target: Int
        var generation: Int
        var startedAt: Date
        var tag: String
    }

    func run() async throws {
        try await takeBack()
        guard let step = try await gate() else { return }
        if try await send(step), try await watch(step) { return }
        try await cut(step)
    }

    private struct Gate: Codable, Sendable {
        enum Kind: String, Codable { case over, wait, begin }
        var kind: Kind
        var until: Date?
        var step: Step?
    }

    /// Waits until the step is due and nothing speaks against it. Nil when this run has nothing more to do.
    private func gate() async throws -> Step? {
        var round = 0
        while true {
            let stopped = try await senderStopped("sender:\(round)")
            let (id, run, event) = (id, c.runID, "due:\(round)")
            let gate = try await c.step("gate:\(round)") { db -> Gate in
                guard var row = try await RebuildRow.lock(id, on: db), row.runID == run else { return Gate(kind: .over) }
                let now = try await Rebuilds.now(on: db)
                let due = [row.nextStepAt, row.ramp.holdUntil].compactMap { $0 }.max() ?? now
                if (row.ramp.state == .running || row.ramp.state == .held) && due <= now {
                    try await row.readTemplate(on: db)
                    let signals = Signals(
                        moment: .before, templateStatus: row.templateStatus, quality: row.quality, senderStopped: stopped,
                        target: row.ramp.size)
                    try await row.take(Verdict.judge(signals, row.settings), signals, at: now, on: db)
                    if row.ramp.state == .running { return try await Self.begin(&row, at: now, on: db) }
                }
                let kind: Gate.Kind = row.ramp.state == .done || row.ramp.state == .stopped || row.ramp.state == .loading ? .over : .wait
                (row.runID, row.waitEvent) = kind == .over ? (nil, nil) : (run, event)
                try await row.save(on: db)
                let until = row.ramp.state == .paused ? nil : [row.nextStepAt, row.ramp.holdUntil].compactMap { $0 }.max()
                return Gate(kind: kind, until: until)
            }
            switch gate.kind {
            case .over: return nil
            case .begin: return gate.step
            case .wait: _ = try await c.event(event, until: gate.until, as: Wake.self)
            }
            round += 1
        }
    }

    /// Begins a step, or ends the rebuild when nobody is left.
    private static func begin(_ row: inout RebuildRow, at now: Date, on db: PostgresConnection) async throws -> Gate {
        let waiting =
            try await db.query("SELECT count(*) FROM quality.recipient WHERE rebuild_id = \(row.id) AND state = 'waiting'").decodeFirst(
                Int.self) ?? 0
        row.waitEvent = nil
        guard waiting > 0 else {
            row.ramp.finish()
            row.runID = nil
            row.nextStepAt = nil
            try await row.save(on: db)
            return Gate(kind: .over)
        }
        row.step += 1
        let step = Step(
            number: row.step, target: min(row.ramp.size, waiting), generation: row.ramp.generation, startedAt: now, tag: row.tag(row.step))
        row.nextStepAt = now.addingTimeInterval(row.settings.stepHours * 3_600)
        try await row.save(on: db)
        try await db.query(
            """
            INSERT INTO quality.step (rebuild_id, step, level, target, generation, started_at, ends_at)
            VALUES (\(row.id), \(Int32(step.number)), \(Int32(row.ramp.level)), \(Int32(step.target)), \(Int32(step.generation)), \(now),
                \(row.nextStepAt))
            """)
        return Gate(kind: .begin, step: step)
    }

    /// Takes back what is queued, gives its recipients back to the list, and hands on.
    private func cut(_ step: Step) async throws {
        let (id, run, rebuilds) = (id, c.runID, rebuilds)
        let withdrawn = try await c.call("withdraw") { try await rebuilds.gateway.withdraw(tag: step.tag) }
        let counts = try await c.call("counts:cut") { try await rebuilds.gateway.counts(tag: step.tag) }
        _ = try await c.step("cut") { db -> Bool in
            guard var row = try await RebuildRow.lock(id, on: db), row.runID == run else { return false }
            let back = try await Self.giveBack(withdrawn, step: step.number, rebuild: id, on: db)
            try await Self.store(counts, of: step, rebuild: id, on: db)
            try await db.query(
                """
                UPDATE quality.step SET state = 'cut', withdrawn = \(Int32(back)), decision = coalesce(decision, \(row.ramp.state.decision))
                WHERE rebuild_id = \(id) AND step = \(Int32(step.number))
                """)
            try await rebuilds.startRun(&row, on: db)
            try await row.save(on: db)
            return true
        }
    }

    /// Takes back what a run that was given up has left queued: a rebuild that stopped must not go on by itself.
    private func takeBack() async throws {
        let (id, run, rebuilds) = (id, c.runID, rebuilds)
        let open = try await c.step("open") { db -> [Int32] in
            guard let row = try await RebuildRow.lock(id, on: db), row.runID == run else { return [] }
            return try await db.query(
                "SELECT step FROM quality.step WHERE rebuild_id = \(id) AND state IN ('sending', 'maturing') ORDER BY step"
            ).decode(Int32.self)
        }
        for number in open {
            let withdrawn = try await c.call("open:\(number):withdraw") {
                try await rebuilds.gateway.withdraw(tag: RebuildRow.tag(id, Int(number)))
            }
            _ = try await c.step("open:\(number)") { db -> Bool in
                let back = try await Self.giveBack(withdrawn, step: Int(number), rebuild: id, on: db)
                try await db.query(
                    """
                    UPDATE quality.step SET state = 'cut', withdrawn = \(Int32(back)), decision = coalesce(decision, 'stop')
                    WHERE rebuild_id = \(id) AND step = \(number)
                    """)
                return true
            }
        }
    }

    /// Puts the recipients of messages that were taken back on the list again; returns how many.
    private static func giveBack(_ withdrawn: [UUID], step: Int, rebuild: Int64, on db: PostgresConnection) async throws -> Int {
        try await db.query(
            """
            UPDATE quality.recipient SET state = 'waiting', step = NULL, message_id = NULL, person = NULL, reason = NULL
            WHERE message_id = ANY (\(withdrawn)) AND rebuild_id = \(rebuild) AND step = \(Int32(step))
            """
        ).affectedRows
    }

    func senderStopped(_ name: String) async throws -> String? {
        let (id, rebuilds) = (id, rebuilds)
        let answer = try await c.call(name) { () -> [String] in
            guard let row = try await RebuildRow.load(id, on: rebuilds.client) else { return [] }
            guard let sender = try await rebuilds.gateway.sender(row.phoneNumberID) else { return ["the sender does not exist any more"] }
            return sender.stopped.map { [$0] } ?? []
        }
        return answer.first
    }

    static func store(_ counts: RebuildCounts, of step: Step, rebuild: Int64, on db: PostgresConnection) async throws {
        try await db.query(
            """
            UPDATE quality.step SET delivered = \(Int32(counts.delivered)), read = \(Int32(counts.read)), failed = \(Int32(counts.failed)),
                bad = \(Int32(counts.bad))
            WHERE rebuild_id = \(rebuild) AND step = \(Int32(step.number))
            """)
    }
}

/// The payload of the events that wake a run: that they came is all it needs to know.
struct Wake: Codable, Sendable {}

extension RebuildState {
    /// What a step that was cut short came to.
    var decision: String? {
        switch self {
        case .held: Decision.hold.rawValue
        case .stopped: Decision.stop.rawValue
        default: nil
        }
    }
}
