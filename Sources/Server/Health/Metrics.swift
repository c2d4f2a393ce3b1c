import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import Migration
import Postgres
import Quality
import Synchronization
import Webhooks

/// `/metrics` in Prometheus' text form.
final class MetricsRoute: Sendable {
    private let dependencies: ServerDependencies
    private let configuration: ServerConfiguration
    private let requests: Limiter
    private let streams: Limiter
    /// Scrapers may come often; the database is asked once in five seconds.
    private let cache = Mutex<(at: ContinuousClock.Instant, text: String)?>(nil)

    init(_ dependencies: ServerDependencies, _ configuration: ServerConfiguration, requests: Limiter, streams: Limiter) {
        self.dependencies = dependencies
        self.configuration = configuration
        self.requests = requests
        self.streams = streams
    }

    func respond() async throws -> Response {
        let stored: String
        if let known = cache.withLock({ $0 }), ContinuousClock.now - known.at < .seconds(5) {
            stored = known.text
        } else {
            stored = try await read()
            cache.withLock { $0 = (.now, stored) }
        }
        var text = MetricsText()
        text.gauge("relevo_http_requests_running", "HTTP requests being answered", Double(requests.current))
        text.gauge("relevo_http_streams_open", "Event streams open", Double(streams.current))
        let pool = dependencies.client.usage
        text.gauge("relevo_postgres_pool_connections_lent", "Pooled connections of this process in use", Double(pool.lent))
        text.gauge("relevo_postgres_pool_connections_idle", "Pooled connections of this process open and unused", Double(pool.idle))
        text.gauge("relevo_postgres_pool_connections_max", "Most pooled connections this process may open", Double(pool.maximum))
        text.gauge("relevo_postgres_pool_waiting", "Callers of this process that wait for a connection", Double(pool.waiting))
        return .text(stored + text.text, type: "text/plain; version=0.0.4; charset=utf-8")
    }

    /// Tables whose rows come and go, or change, with every message.
    private static let hotTables =
        JobMetrics.hotTables + ["gateway.message", "gateway.event", "gateway.pair", "webhooks.post", "webhooks.notice"]

    private func read() async throws -> String {
        var text = MetricsText()
        text.gauge("relevo_info", "The running program", 1, labels: ["version": configuration.version])
        let db = dependencies.client
        let jobs = try await JobMetrics.read(on: db)
        text.gauge("relevo_jobs_ready", "Jobs that could run now", Double(jobs.ready))
        text.gauge("relevo_jobs_later", "Jobs with a later time", Double(jobs.later))
        text.gauge("relevo_jobs_running", "Attempts under way", Double(jobs.running))
        text.gauge(
            "relevo_jobs_oldest_due_seconds", "How long the job that is due longest has waited, for its lane's rate or for a worker",
            jobs.oldestDueSeconds)
        text.gauge("relevo_jobs_lane_lag_seconds", "How late the latest due lane is looked at", jobs.laneLagSeconds)
        text.gauge("relevo_jobs_unknown", "Attempts that may have happened", Double(jobs.unknown))
        text.gauge("relevo_jobs_dead", "Jobs given up", Double(jobs.dead))
        text.gauge("relevo_jobs_unsettled", "Results their owner could not take over", Double(jobs.unsettled))
        text.gauge("relevo_jobs_workers", "Workers that were heard of in the last seconds", Double(jobs.workers))
        text.gauge("relevo_jobs_lanes_paused", "Lanes that a person has paused", Double(jobs.lanesPaused))
        text.gauge("relevo_jobs_kinds_paused", "Kinds of jobs that a person has paused", Double(jobs.kindsPaused))
        text.gauge("relevo_jobs_stopped", "1 when a person has stopped everything", jobs.isStopped ? 1 : 0)
        text.gauge("relevo_runs_waiting", "Workflow runs that wait", Double(jobs.runsWaiting))
        text.gauge("relevo_runs_failed", "Workflow runs that failed", Double(jobs.runsFailed))
        text.counter("relevo_jobs_fenced_total", "Completions that came after their lease was taken away", Double(jobs.fenced))
        text.counter("relevo_jobs_rescued_total", "Attempts whose worker was lost", Double(jobs.rescued))
        text.counter("relevo_jobs_stranded_total", "Lanes found asleep with work", Double(jobs.stranded))

        let (_, states) = try await MessageRates.read(until: Date(), senders: nil, on: db)
        text.gauges("relevo_messages", "Messages by state, of the last \(MessageRates.window) handed in", label: "state", states)
        let counts = try await db.query(
            """
            SELECT coalesce((SELECT max(seq) FROM gateway.message), 0), (SELECT count(*) FROM gateway.message WHERE state = 'unknown'),
                   (SELECT count(*) FROM gateway.message WHERE needs_person)
            """
        ).decodeFirst((Int64, Int64, Int64).self)
        text.counter("relevo_messages_total", "Messages handed in", Double(counts?.0 ?? 0))
        text.gauge("relevo_messages_unknown", "Messages whose outcome is not known", Double(counts?.1 ?? 0))
        text.gauge("relevo_messages_needing_person", "Messages that a person should look at", Double(counts?.2 ?? 0))

        let progress = try await dependencies.migrations.progress()
        text.gauges("relevo_numbers", "Numbers of armed plans by state", label: "state", progress.states)
        text.gauge("relevo_numbers_needing_person", "Numbers that wait for a person", Double(progress.needsPerson))
        text.gauges("relevo_template_copies", "Template copies by state", label: "state", progress.copies)
        var rebuilds: [String: Int] = [:]
        for rebuild in try await dependencies.rebuilds.list() { rebuilds[rebuild.state.rawValue, default: 0] += 1 }
        text.gauges("relevo_rebuilds", "Rebuilds by state, of the last 100", label: "state", rebuilds)
        let intake = try await dependencies.webhooks.counts()
        text.gauge("relevo_webhooks_waiting", "Webhook bodies stored and not yet worked on", Double(intake.pending))
        text.gauge("relevo_webhooks_oldest_waiting_seconds", "Age of the oldest of them", intake.oldestPending)
        text.gauge("relevo_webhooks_problems", "Webhook bodies that a person should look at", Double(intake.problems))
        text.add(try await PostgresHealth.read(tables: Self.hotTables, on: db))
        return text.text
    }
}
