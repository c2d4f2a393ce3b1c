import Foundation
package import Jobs
package import Postgres

/// Carries one step of a rebuild: waits for its time, sends it in portions, watches it mature, judges it, and hands on to the next run.
///
/// One run for each step, so that the history of a run stays short however long the ramp is.
struct RebuildWorkflow: Workflow {
    static let name = "rebuild"
    static let version = 1

    struct Input: Codable, Sendable { var rebuild: Int64 }

    let rebuilds: Rebuilds
    var name: String { Self.name }
    var version: Int { Self.version }

    func run(_ context: WorkflowContext, input: Data) async throws {
        let input = try JSONDecoder().decode(Input.self, from: input)
        try await RebuildRun(c: context, rebuilds: rebuilds, id: input.rebuild).run()
    }

    /// The rebuild stops and asks for a person, who can resume it. What is queued is taken back by a new run; when that is given up too, nothing
    /// is left to try.
    func failed(run: String, input: Data, code: String, message: String, on db: PostgresConnection) async throws {
        let input = try JSONDecoder().decode(Input.self, from: input)
        guard var row = try await RebuildRow.lock(input.rebuild, on: db), row.runID == run else { return }
        (row.runID, row.waitEvent) = (nil, nil)
        if row.ramp.stop(byPerson: String(message.replacing("\u{0}", with: "").prefix(500))) {
            (row.ramp.reasonCode, row.ramp.needsPerson) = ("run_failed", true)
            try await rebuilds.startRun(&row, on: db)
        } else {
            try await db.query(
                "UPDATE quality.step SET state = 'cut' WHERE rebuild_id = \(row.id) AND state IN ('sending', 'maturing')")
        }
        try await row.save(on: db)
    }
}
