import Foundation

extension ServerFacts {
    /// Connections that one process of Relevo opens at most: its pool, heartbeat, LISTEN, hints, watch.
    static let connectionsOfProcess = 28

    /// Everything about the server that breaks a promise or will. `failed` where a promise is broken already.
    var risks: [Doctor.Finding] { durability + vacuum + connectionsAndTimeouts + replication }

    private func isOff(_ name: String) -> Bool { settings[name] == "off" }
    private func number(_ name: String) -> Int? { settings[name].flatMap { Int($0) } }

    private func risk(_ check: String, _ verdict: Doctor.Finding.Verdict, _ detail: String, _ remedy: String) -> Doctor.Finding {
        Doctor.Finding(check: "server: \(check)", verdict: verdict, detail: detail, remedy: remedy)
    }

    private var durability: [Doctor.Finding] {
        var found: [Doctor.Finding] = []
        if isOff("fsync") {
            found.append(
                risk(
                    "fsync", .failed, "fsync is off: a crash of the machine can lose accepted messages and ruin the whole cluster",
                    "fsync = on, then restart"))
        }
        if let commit = settings["synchronous_commit"], commit == "off" || (commit == "local" && !standbys.isEmpty) {
            found.append(
                risk(
                    "synchronous_commit", .failed,
                    "synchronous_commit is \(commit): what was to be sent is forgotten by a \(commit == "off" ? "crash" : "failover"), and goes out twice",
                    "synchronous_commit = on, for the server, the database and the role"))
        }
        if isOff("full_page_writes") {
            found.append(
                risk(
                    "full_page_writes", .failed, "full_page_writes is off: a crash while a page is being written ruins the page",
                    "full_page_writes = on"))
        }
        if settings["zero_damaged_pages"] == "on" {
            found.append(
                risk(
                    "zero_damaged_pages", .failed,
                    "zero_damaged_pages is on: damaged pages are emptied without an error, and their rows lost",
                    "zero_damaged_pages = off"))
        }
        return found
    }

    private var vacuum: [Doctor.Finding] {
        var found: [Doctor.Finding] = []
        if isOff("autovacuum") {
            found.append(
                risk(
                    "autovacuum", .failed, "autovacuum is off: the tables of due work fill up with dead rows, and every claim reads them",
                    "autovacuum = on"))
        }
        if isOff("track_counts") {
            found.append(
                risk(
                    "track_counts", .failed, "track_counts is off: autovacuum does not see dead rows and does nothing", "track_counts = on")
            )
        }
        if let threshold = number("old_snapshot_threshold"), threshold >= 0 {
            found.append(
                risk(
                    "old_snapshot_threshold", .warning,
                    "old_snapshot_threshold is \(threshold) min: every snapshot costs more, and long reads end with \"snapshot too old\"",
                    "old_snapshot_threshold = -1, then restart"))
        }
        if settings["jit"] == "on" {
            found.append(
                risk(
                    "jit", .warning, "jit is on: a statement whose cost is over-estimated once is compiled for longer than it runs",
                    "ALTER ROLE … SET jit = off for Relevo's role"))
        }
        return found
    }

    private var connectionsAndTimeouts: [Doctor.Finding] {
        var found: [Doctor.Finding] = []
        if let most = number("max_connections") {
            let usable = most - (number("superuser_reserved_connections") ?? 0)
            if usable < Self.connectionsOfProcess {
                found.append(
                    risk(
                        "max_connections", .warning,
                        "\(usable) connections for everybody: one process of Relevo opens up to \(Self.connectionsOfProcess)",
                        "max_connections = 100 or more, or PgBouncer before the server"))
            } else if usable - connections < Self.connectionsOfProcess {
                found.append(
                    risk(
                        "max_connections", .warning,
                        "\(connections) of \(usable) connections are in use: another process of Relevo does not fit",
                        "raise max_connections, or put PgBouncer before the server"))
            }
        }
        if number("idle_in_transaction_session_timeout") == 0 {
            found.append(
                risk(
                    "idle_in_transaction_session_timeout", .warning,
                    "a client that stops in a transaction keeps its locks and every dead row for ever",
                    "ALTER DATABASE … SET idle_in_transaction_session_timeout = '60s'"))
        }
        for name in ["statement_timeout", "lock_timeout"] {
            if let limit = number(name), limit > 0, limit < 10_000 {
                found.append(
                    risk(
                        name, .warning, "\(name) is \(limit) ms: claims, exports and upkeep of a busy database are cut off",
                        "ALTER ROLE … SET \(name) = '30s' or more for Relevo's role"))
            }
        }
        if let isolation = settings["default_transaction_isolation"], isolation != "read committed" {
            found.append(
                risk(
                    "default_transaction_isolation", .failed,
                    "transactions are \(isolation) by default: the second statement of a claim must see what was committed since the first",
                    "ALTER ROLE … SET default_transaction_isolation = 'read committed'"))
        }
        if settings["default_transaction_read_only"] == "on" {
            found.append(
                risk(
                    "default_transaction_read_only", .failed, "transactions are read-only by default: nothing can be stored",
                    "ALTER ROLE … SET default_transaction_read_only = off"))
        }
        return found
    }

    private var replication: [Doctor.Finding] {
        var found: [Doctor.Finding] = []
        if settings["wal_level"] == "minimal" {
            found.append(
                risk(
                    "wal_level", .warning, "wal_level is minimal: neither a standby nor a base backup can be made",
                    "wal_level = replica, then restart"))
        }
        if !standbys.isEmpty, settings["synchronous_standby_names"] ?? "" == "" {
            found.append(
                risk(
                    "synchronous_standby_names", .warning,
                    "the standby \(standbys.joined(separator: ", ")) is asynchronous: a failover forgets the last commits. Accepted messages are lost, "
                        + "and due ones that may have been sent end as unknown, for a person",
                    "synchronous_standby_names = 'ANY 1 (…)', or synchronous_mode: true in Patroni"))
        }
        for slot in slots where !slot.isActive {
            found.append(
                risk(
                    "replication slot \(slot.name)", .warning,
                    "nobody reads it: it keeps \(slot.retained >> 20) MiB of write-ahead log\(slot.holdsRows ? " and dead rows" : "") until the disk is full",
                    "start its reader, or SELECT pg_drop_replication_slot('\(slot.name)')"))
        }
        if !slots.isEmpty, number("max_slot_wal_keep_size") == -1 {
            found.append(
                risk(
                    "max_slot_wal_keep_size", .warning, "replication slots may keep write-ahead log without a limit",
                    "max_slot_wal_keep_size = '10GB', or what the disk bears"))
        }
        return found
    }
}
