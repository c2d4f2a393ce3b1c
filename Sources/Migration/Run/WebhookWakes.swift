public import Postgres
import Templates

extension Migrations {
    /// Meta has told a new status of a template of this WABA: its template copies that wait for Meta look again at once, and so do those
    /// that had stopped because the copy could not be proved. Not before Meta has decided on all of the WABA's templates: a copy of
    /// hundreds is answered with hundreds of events, and each look reads both inventories.
    public func templatesChanged(waba: String, on db: PostgresConnection) async throws {
        let waiting = try await db.query(
            """
            SELECT c.run_id, c.wait_event, c.source_waba_id FROM migration.copy c JOIN migration.plan p ON p.id = c.plan_id AND p.state = 'armed'
            WHERE c.dest_waba_id = \(waba) AND c.wait_event IS NOT NULL
                AND (c.state = 'running' OR (c.state = 'failed' AND c.reason_code = 'templates_unverified'))
            ORDER BY c.source_waba_id
            """
        ).decode((String, String, String).self)
        guard !waiting.isEmpty, try await TemplateStore.list(waba: waba, on: db).allSatisfy({ $0.status != "PENDING" }) else { return }
        for (run, event, source) in waiting {
            try await world.control.emit(run: run, event: event, Wake(.templates, by: "\(source)>\(waba)"), on: db)
        }
    }

    /// Something of a WABA's account or numbers has changed: its numbers that wait for a person to connect them look at once.
    public func accountChanged(waba: String, on db: PostgresConnection) async throws {
        let waiting = try await db.query(
            """
            SELECT run_id, wait_event FROM migration.number
            WHERE dest_waba_id = \(waba) AND state = 'awaiting_person' AND reason_code = 'person_connects' AND wait_event IS NOT NULL
            ORDER BY row_ref
            """
        ).decode((String, String).self)
        for (run, event) in waiting { try await world.control.emit(run: run, event: event, Wake(.connected, by: "webhook"), on: db) }
    }
}
