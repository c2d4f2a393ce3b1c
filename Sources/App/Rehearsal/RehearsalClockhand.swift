import CloudAPI
import Foundation
import Jobs
import Postgres

/// Moves a rehearsal's business time from one due moment to the next, so that weeks pass in minutes and nothing is passed over.
struct RehearsalClockhand {
    let client: PostgresClient
    let sandbox: SandboxControls
    /// How often in a row everything was at rest.
    private var quiet = 0
    private var laterSeen = 0

    init(client: PostgresClient, sandbox: SandboxControls) {
        self.client = client
        self.sandbox = sandbox
    }

    /// Moves the clock when nothing is due now and the workers are at rest; returns the time it was moved to.
    mutating func advance() async throws -> Date? {
        let metrics = try await JobMetrics.read(on: client)
        let state = try await sandbox.state()
        let webhooks = (state["webhooks"]?["waiting"]?.integer ?? 0) + (state["webhooks"]?["under_way"]?.integer ?? 0)
        // A retry waits in real time; it is given some, then it is somebody's rate limit and no reason to stand still.
        laterSeen = metrics.later > 0 ? laterSeen + 1 : 0
        let atRest =
            metrics.workers > 0 && metrics.ready == 0 && metrics.running == 0 && webhooks == 0 && (laterSeen == 0 || laterSeen > 40)
        quiet = atRest ? quiet + 1 : 0
        guard quiet >= 3 else { return nil }
        let clock = try await sandbox.clock()
        let ours = try await BusinessClock.read(on: client).now
        // Wait until the workers' clock has followed the last move.
        guard abs(ours.timeIntervalSince(clock.now)) < max(2, clock.speed) else { return nil }
        let due = state["clock"]?["next_due"]?.text.flatMap(RFC3339.date)
        let wait = try await nextWait(after: ours)
        // What the sandbox has to tell comes before what is only waited for until then.
        guard let target = [due, wait?.addingTimeInterval(-0.5)].compactMap({ $0 }).min() else { return nil }
        guard target.timeIntervalSince(clock.now) > max(1, clock.speed * 0.3) else { return nil }
        try await sandbox.setClock(target)
        quiet = 0
        return target
    }

    private func nextWait(after now: Date) async throws -> Date? {
        var next: Date?
        var after: String?
        repeat {
            let page = try await Workflows.list(status: .waiting, after: after, limit: 1000, on: client)
            for run in page {
                guard let until = run.waitsUntil, until > now else { continue }
                next = min(next ?? until, until)
            }
            after = page.count == 1000 ? page.last?.id : nil
        } while after != nil
        return next
    }
}
