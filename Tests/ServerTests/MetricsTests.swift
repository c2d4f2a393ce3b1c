import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// `/metrics`, read as Prometheus reads it.
@Suite("Metrics", .enabled(if: TestDatabase.isAvailable, "needs PostgreSQL")) struct MetricsTests {
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }
    struct Malformed: Error { var line: String }

    /// The text form 0.0.4, strictly: HELP and TYPE once before the samples of their name, and no sample without them.
    static func parse(_ text: String) throws -> [Sample] {
        var helped: Set<String> = []
        var typed: [String: String] = [:]
        var samples: [Sample] = []
        let sample = /([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)/
        let label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/
        for line in text.split(separator: "\n").map(String.init) {
            if let match = try /# HELP ([a-z_]+) (.+)/.wholeMatch(in: line) {
                guard helped.insert(String(match.1)).inserted else { throw Malformed(line: line) }
            } else if let match = try /# TYPE ([a-z_]+) (gauge|counter)/.wholeMatch(in: line) {
                let name = String(match.1)
                guard helped.contains(name), typed[name] == nil else { throw Malformed(line: line) }
                typed[name] = String(match.2)
            } else if let match = try sample.wholeMatch(in: line) {
                let name = String(match.1)
                guard let type = typed[name], type != "counter" || name.hasSuffix("_total"), let value = Double(match.3) else {
                    throw Malformed(line: line)
                }
                var labels: [String: String] = [:]
                var rest = Substring(match.2 ?? "")
                while !rest.isEmpty {
                    guard let pair = try label.prefixMatch(in: rest) else { throw Malformed(line: line) }
                    labels[String(pair.1)] = String(pair.2)
                    rest = rest[pair.range.upperBound...]
                }
                samples.append(Sample(name: name, labels: labels, value: value))
            } else {
                throw Malformed(line: line)
            }
        }
        return samples
    }

    @Test(
        "The parser refuses what Prometheus would", arguments: ["a 1", "# HELP a x\n# TYPE a gauge\na{b=\"c} 1", "# HELP a x\na 1", "??"])
    func parserCanFail(text: String) {
        #expect(throws: (any Error).self) { try Self.parse(text) }
    }

    @Test("Everything a person would ask has a sample, and a held snapshot is named")
    func everything() async throws {
        try await Rig.with(engine: false) { rig in
            let lane = try await Lanes.ensure("metrics", limits: LaneLimits(perSecond: nil, burst: 1, maxRunning: 1), on: rig.client)
            _ = try await JobQueue.enqueue([NewJob(lane: lane, kind: "none", payload: Data())], on: rig.client)
            try await rig.client.query("UPDATE jobs.ready SET since = clock_timestamp() - interval '50 seconds'")
            try await rig.client.query("UPDATE jobs.pace SET next_us = jobs.now_us() - 7000000 WHERE lane_id = \(lane)")
            var holding = rig.client.configuration
            holding.applicationName = "a \"report\" \\ nobody closed"
            try await PostgresClient.withDirectConnection(holding, logger: Rig.logger) { holder in
                try await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
                try await holder.query("SELECT 1 FROM jobs.ready")
                try await eventually("held for a second") {
                    try await PostgresHealth.read(tables: [], on: rig.client).holder?.seconds ?? 0 > 1
                }
                let answer = try await rig.ask("GET", "/metrics", key: rig.key)
                let samples = try Self.parse(answer.text)
                func value(_ name: String) -> Double? { samples.first { $0.name == "relevo_\(name)" }?.value }
                for name in [
                    "jobs_unknown", "jobs_fenced_total", "jobs_rescued_total", "jobs_dead", "jobs_unsettled", "messages_unknown",
                    "messages_needing_person", "postgres_notify_queue_usage", "postgres_pool_waiting", "postgres_xmin_age_transactions",
                ] {
                    #expect(value(name) != nil, "\(name)")
                }
                #expect(value("jobs_stranded_total") == 0 && value("jobs_ready") == 1 && value("jobs_stopped") == 0)
                #expect(
                    (50..<110).contains(value("jobs_oldest_due_seconds") ?? 0) && (7..<67).contains(value("jobs_lane_lag_seconds") ?? 0))
                #expect(value("postgres_pool_connections_max") == Double(rig.client.configuration.maximumConnections))
                let tables = Set(samples.filter { $0.name == "relevo_postgres_dead_rows" }.compactMap { $0.labels["table"] })
                #expect(tables.isSuperset(of: ["jobs.ready", "jobs.attempt", "jobs.pace", "gateway.message"]))
                let named = samples.first { $0.name == "relevo_postgres_xmin_holder" }
                #expect(named?.labels["name"] == #"a \"report\" \\ nobody closed"# && named?.labels["kind"] == "session")
                #expect(named?.value ?? 0 > 1)
                try await holder.query("ROLLBACK")
            }
        }
    }

    @Test("A job scheduled long ago and due now is not old")
    func dueNotHandIn() async throws {
        try await TestDatabase.with { client in
            let lane = try await Lanes.ensure("metrics", limits: LaneLimits(perSecond: nil, burst: 1, maxRunning: 1), on: client)
            let soon = Date(timeIntervalSinceNow: 3600)
            _ = try await JobQueue.enqueue([NewJob(lane: lane, kind: "none", payload: Data(), runAt: soon)], on: client)
            // As if it had been handed in a day ago and its time had come just now.
            try await client.query(
                "UPDATE jobs.later SET run_at = clock_timestamp(), job_id = jobs.id_at(clock_timestamp() - interval '1 day')")
            try await client.query("SELECT jobs.promote(10)")
            let metrics = try await JobMetrics.read(on: client)
            #expect(metrics.ready == 1 && metrics.oldestDueSeconds < 3600 && metrics.laneLagSeconds < 3600)
        }
    }
}
