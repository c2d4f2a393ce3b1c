import Foundation
import Postgres

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

    /// One line for each set of labels.
    mutating func gauges(_ name: String, _ help: String, _ values: [(labels: [String: String], value: Double)]) {
        head(name, help, "gauge")
        for (labels, value) in values { line(name, labels, value) }
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

extension MetricsText {
    /// What the server itself suffers from. A snapshot held for less than a second is ordinary work and has no line of its own.
    mutating func add(_ health: PostgresHealth) {
        gauges(
            "relevo_postgres_dead_rows", "Dead rows of tables that change with every job or message",
            health.tables.map { (["table": $0.name], Double($0.dead)) })
        gauges(
            "relevo_postgres_live_rows", "Live rows of the same tables, as last estimated",
            health.tables.map { (["table": $0.name], Double($0.live)) })
        gauge(
            "relevo_postgres_xmin_age_transactions", "Transactions since the oldest snapshot still held, which keeps dead rows",
            Double(health.holder?.age ?? 0))
        gauge("relevo_postgres_xmin_age_seconds", "Seconds since that snapshot's transaction began", health.holder?.seconds ?? 0)
        var holders: [([String: String], Double)] = []
        if let holder = health.holder, holder.seconds >= 1 || holder.pid == 0 {
            holders.append((["kind": holder.kind, "name": holder.name, "pid": String(holder.pid)], holder.seconds))
        }
        gauges(
            "relevo_postgres_xmin_holder", "Who has held the oldest snapshot for a second or more; the value is its age in seconds", holders
        )
        gauge(
            "relevo_postgres_notify_queue_usage", "Share of the notification queue in use; at 1, commits that notify fail",
            health.notifyQueueUsage)
    }
}
