public import Foundation
import Jobs
import Logging
public import Postgres
public import Templates

extension Rebuilds {
    /// Tells the rebuilds of a template that Meta's word on it has changed; in the transaction that stored the change.
    ///
    /// What counts is what the inventory says by now, not the event: events come twice, late and out of order. On RED or a template that is
    /// not APPROVED the rebuild stops, on YELLOW it holds, and its run takes back what is queued.
    public func templateChanged(
        waba: String, key: TemplateKey, kind: String, value: String, on db: PostgresConnection
    ) async throws {
        guard kind == "status" || kind == "quality" else { return }
        let rows = try await db.query(
            """
            SELECT \(unescaped: RebuildRow.columns) FROM quality.rebuild
            WHERE waba_id = \(waba) AND template_name = \(key.name) AND template_language = \(key.language)
                AND state IN ('running', 'held', 'paused', 'stopped')
            ORDER BY id FOR UPDATE
            """
        ).map { try RebuildRow($0) }
        for var row in rows {
            let before = (row.templateStatus, row.quality)
            try await row.readTemplate(on: db)
            guard before != (row.templateStatus, row.quality) else { continue }
            let alive = row.ramp.state == .running || row.ramp.state == .held
            if alive, let verdict = Verdict.template(status: row.templateStatus, quality: row.quality) {
                let now = try await Self.now(on: db)
                let signals = Signals(moment: .during, templateStatus: row.templateStatus, quality: row.quality)
                try await row.take(verdict, signals, at: now, on: db)
                if let run = row.runID, let event = row.waitEvent {
                    row.waitEvent = nil
                    try await Workflows.emit(run: run, event: event, payload: Data("{}".utf8), on: db)
                }
                logger.notice("rebuild told by Meta", metadata: ["rebuild": "\(row.id)", "verdict": "\(verdict.code)"])
            }
            try await row.save(on: db)
        }
    }
}
