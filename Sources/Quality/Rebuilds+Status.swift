import Foundation
import Postgres

extension Rebuilds {
    /// All of one rebuild; counts of the open step and the total are read from the gateway now. Throws `RebuildError.notFound`.
    public func status(_ id: Int64) async throws -> RebuildStatus {
        guard let row = try await RebuildRow.load(id, on: client), let record = try await records([row]).first else {
            throw RebuildError(.notFound, "there is no rebuild \(id)")
        }
        var steps = try await steps(id)
        if let last = steps.indices.last { steps[last].counts = try await gateway.counts(tag: row.tag(steps[last].step)) }
        return RebuildStatus(
            rebuild: record, steps: steps, verdicts: try await verdicts(id), actions: try await actions(id),
            total: try await gateway.counts(tagPrefix: "rebuild:\(id):"))
    }

    /// Recipients nothing goes to, with the reason; in the order of the list.
    public func refused(_ id: Int64, after position: Int = 0, limit: Int = 100) async throws -> [(
        position: Int, address: String, reason: String
    )] {
        try await client.query(
            """
            SELECT position, address, coalesce(reason, '') FROM quality.recipient
            WHERE rebuild_id = \(id) AND state = 'refused' AND position > \(Int32(clamping: position))
            ORDER BY position LIMIT \(max(1, min(limit, 1_000)))
            """
        ).decode((Int, String, String).self).map { ($0, $1, $2) }
    }

    private func steps(_ id: Int64) async throws -> [RebuildStep] {
        try await client.query(
            """
            SELECT step, target, state, started_at, ends_at, refused, withdrawn, submitted, delivered, read, failed, bad, decision
            FROM quality.step WHERE rebuild_id = \(id) ORDER BY step
            """
        ).map { row in
            let (step, target, state, started, ends, refused, withdrawn, submitted, delivered, read, failed, bad, decision) =
                try row.decode(
                    (Int, Int, String, Date, Date, Int, Int, Int, Int, Int, Int, Int, String?).self)
            var counts = RebuildCounts()
            (counts.submitted, counts.delivered, counts.read, counts.failed) = (submitted - withdrawn, delivered, read, failed)
            if bad > 0 { counts.failedCodes = [131_050: bad] }
            return RebuildStep(
                step: step, target: target, state: state, startedAt: started, endsAt: ends, refused: refused, withdrawn: withdrawn,
                counts: counts, decision: decision.flatMap(Decision.init))
        }
    }

    private func verdicts(_ id: Int64) async throws -> [RebuildVerdict] {
        try await client.query(
            """
            SELECT id, step, moment, decision, code, reason, inputs, at FROM quality.verdict WHERE rebuild_id = \(id) ORDER BY id DESC LIMIT 200
            """
        ).decode((Int64, Int, String, String, String, String, String, Date).self).map {
            RebuildVerdict(
                id: $0, step: $1, moment: $2, decision: Decision(rawValue: $3) ?? .stop, code: $4, reason: $5, inputs: $6, at: $7)
        }
    }

    private func actions(_ id: Int64) async throws -> [RebuildAction] {
        try await client.query("SELECT action, actor, why, at FROM quality.action WHERE rebuild_id = \(id) ORDER BY id")
            .decode((String, String, String, Date).self).map { RebuildAction(action: $0, actor: $1, why: $2, at: $3) }
    }
}
