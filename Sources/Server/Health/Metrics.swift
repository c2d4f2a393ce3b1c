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
        return .text(stored + text.text, type: "text/plain; version=0.0.4; charset=utf-8")
    }

    private func read() async throws -> String {
        var text = MetricsText()
        text.gauge("relevo_info", "The running program", 1, labels: ["version": configuration.version])
        let db = dependencies.client
        let jobs = try await JobMetrics.read(on: db)
        text.gauge("relevo_jobs_ready", "Jobs that could run now", Double(jobs.ready))
        text.gauge("relevo_jobs_later", "Jobs with a later time", Double(jobs.later))
        text.gauge("relevo_jobs_running", "Attempts under way", Double(jobs.running))
        text.gauge("relevo_jobs_oldest_due_seconds", "Age of the oldest job that nobody has taken", jobs.oldestDueSeconds)
        text.gauge("relevo_jobs_lane_lag_seconds", "How late the latest due lane is looked at", jobs.laneLagSeconds)
        text.gauge("relevo_jobs_unknown", "Attempts that may have happened", Double(jobs.unknown))
        text.gauge("relevo_jobs_dead", "Jobs given up", Double(jobs.dead))
        text.gauge("relevo_jobs_unsettled", "Results their owner could not take over", Double(jobs.unsettled))
        text.gauge("relevo_jobs_workers", "Workers that were heard of in the last seconds", Double(jobs.workers))
        text.gauge("relevo_runs_waiting", "Workflow runs that wait", Double(jobs.runsWaiting))
        text.gauge("relevo_runs_failed", "Workflow runs that failed", Double(jobs.runsFailed))
        text.counter("relevo_jobs_fenced_total", "Completions that came after their lease was taken away", Double(jobs.fenced))
        text.counter("relevo_jobs_rescued_total", "Attempts whose worker was lost", Double(jobs.rescued))
        text.counter("relevo_jobs_stranded_total", "Lanes found asleep with work", Double(jobs.stranded))

        let (_, states) = try await MessageRates.read(until: Date(), senders: nil, on: db)
        text.gauges("relevo_messages", "Messages by state, of the last \(MessageRates.window) handed in", label: "state", states)
        let counts = try await db.query(
            """
            SELECT coalesce((SELECT max(seq) FROM gateway.message), 0), (SELECT count(*) FROM gateway.message WHERE state = 'unknown')
            """
        ).decodeFirst((Int64, Int64).self)
        text.counter("relevo_messages_total", "Messages handed in", Double(counts?.0 ?? 0))
        text.gauge("relevo_messages_unknown", "Messages whose outcome is not known", Double(counts?.1 ?? 0))

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
        return text.text
    }
}

/// Builds the text form.
struct MetricsText {
    private(set) var text = ""

    mutating func gauge(_ name: String, _ help: String, _ value: Double, labels: [String: String] = [:]) {
        head(name, help, "gauge")
        line(name, labels, value)
    }

    mutating func counter(_ name: String, _ help: String, _ value: Double) {
        head(name, help, "counter")
        line(name, [:], value)
    }

    mutating func gauges(_ name: String, _ help: String, label: String, _ values: [String: Int]) {
        head(name, help, "gauge")
        for (key, value) in values.sorted(by: { $0.key < $1.key }) { line(name, [label: key], Double(value)) }
    }

    private mutating func head(_ name: String, _ help: String, _ type: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private mutating func line(_ name: String, _ labels: [String: String], _ value: Double) {
        let pairs = labels.sorted { $0.key < $1.key }.map { key, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(key)=\"\(escaped)\""
        }
        let number = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
        text += "\(name)\(pairs.isEmpty ? "" : "{" + pairs.joined(separator: ",") + "}") \(number)\n"
    }
}
