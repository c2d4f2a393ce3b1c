import Foundation
import Postgres
import TestSupport
import Testing

/// Runs the sessions of a scenario in every order of their steps and looks for violations after every commit.
///
/// Stateless: every schedule begins with the same rows and repeats the choices of its prefix; where it leaves the prefix is counted through
/// depth first. A session that waits for a lock is out of the choice until the holder has let go, as on a real server.
struct Explorer {
    /// One kind of test.
    struct Scenario: Sendable, CustomTestStringConvertible {
        var name: String
        /// Makes the rows before every schedule.
        var setUp: [String]
        var sessions: [ExplorerScript]
        /// Changes switched on before gates are set: naive variants.
        var replaced: [String] = []

        var testDescription: String { name }
    }

    struct Violation: CustomStringConvertible {
        var what: String
        var schedule: [String]
        var description: String { "\(what)\n  " + schedule.joined(separator: "\n  ") }
    }

    struct Report {
        var schedules = 0
        var steps = 0
        /// Schedules in which a session had to wait for another.
        var waits = 0
        /// The first, where the search ends.
        var violations: [Violation] = []
    }

    /// The explorer itself lost its way.
    struct Astray: Error {
        var what: String
    }

    /// A point of a schedule where there was something to choose.
    private struct Choice {
        /// In the order in which they are tried; the first goes on with the session that was running.
        var options: [Int]
        var taken = 0
        /// Switches away from a session that could have gone on, before this choice.
        var switches: Int
        /// Whether an option other than the first is such a switch.
        var isSwitch: Bool
    }

    /// Statements in one go between their locks, or with gates inside.
    var insideStatements: Bool
    /// Switches away from a session that could go on, at most; nil: any number, which is every order.
    var mostSwitches: Int?
    /// Writes schedules down, with a question to the server at every step.
    private var showsLabels = false
    private static let looks = 100_000
    var mostSchedules = 1_000_000

    init(insideStatements: Bool, mostSwitches: Int? = nil) {
        self.insideStatements = insideStatements
        self.mostSwitches = mostSwitches
    }

    func explore(_ scenario: Scenario) async throws -> Report {
        var report = Report()
        try await TestDatabase.with { client in
            try await client.withConnection { db in
                try await db.script(ExplorerSchema.script)
                for sql in scenario.replaced { try await db.script(sql) }
                try await ExplorerGates(insideStatements: insideStatements).install(on: db)
                try await withSessions(scenario.sessions.count, client) { sessions in
                    report = try await exploreAll(scenario, sessions, db)
                }
            }
        }
        return report
    }

    private func withSessions(
        _ count: Int, _ client: PostgresClient, _ sessions: [ExplorerSession] = [], _ body: ([ExplorerSession]) async throws -> Void
    ) async throws {
        guard sessions.count < count else { return try await body(sessions) }
        try await client.withConnection { connection in
            let session = try await ExplorerSession(number: sessions.count, on: connection)
            try await withSessions(count, client, sessions + [session], body)
        }
    }

    private func exploreAll(_ scenario: Scenario, _ sessions: [ExplorerSession], _ db: PostgresConnection) async throws -> Report {
        var report = Report()
        var path: [Choice] = []
        while true {
            try await run(scenario, sessions, db, &path, &report)
            report.schedules += 1
            if !report.violations.isEmpty, !showsLabels {
                // The same schedule again, to be told by name.
                for session in sessions { try await session.showLabels() }
                var teller = self
                teller.showsLabels = true
                report.violations.removeLast()
                try await teller.run(scenario, sessions, db, &path, &report)
                guard !report.violations.isEmpty else { throw Astray(what: "\(scenario.name): a violation was not seen again") }
                return report
            }
            guard report.schedules < mostSchedules else { throw Astray(what: "\(scenario.name): more than \(mostSchedules) schedules") }
            // The deepest choice that has another option.
            while let last = path.last, !hasNext(last) { path.removeLast() }
            guard !path.isEmpty else { return report }
            path[path.count - 1].taken += 1
        }
    }

    private func hasNext(_ choice: Choice) -> Bool {
        choice.taken + 1 < choice.options.count && (!choice.isSwitch || choice.switches < mostSwitches ?? .max)
    }

    /// One schedule: follows `path`, and adds the choices met after its end.
    private func run(
        _ scenario: Scenario, _ sessions: [ExplorerSession], _ db: PostgresConnection, _ path: inout [Choice], _ report: inout Report
    ) async throws {
        try await db.query("SELECT test.clean()")
        for sql in scenario.setUp { try await db.query(PostgresQuery(unsafeSQL: sql)) }
        try await db.query("SELECT test.close_gates()")
        for (session, script) in zip(sessions, scenario.sessions) { session.load(script) }
        var schedule: [String] = []
        var found: [String] = []
        var depth = 0
        var current: Int?
        var switches = 0
        var hasWaited = false
        while sessions.contains(where: { $0.place != .done }) {
            let able = sessions.filter { $0.place != .done && $0.place != .blocked }.map(\.number)
            hasWaited = hasWaited || sessions.contains { $0.place == .blocked }
            // Only the server's search for circles can help those that are left.
            guard !able.isEmpty else {
                found.append("deadlock")
                try await breakCircle(sessions, db)
                continue
            }
            let options = current.map { one in able.contains(one) ? [one] + able.filter { $0 != one } : able } ?? able
            if depth == path.count {
                path.append(Choice(options: options, switches: switches, isSwitch: current.map(able.contains) ?? false))
            }
            guard path[depth].options == options else {
                throw Astray(what: "\(scenario.name): step \(depth) of one schedule: \(path[depth].options) became \(options)")
            }
            let chosen = path[depth].options[path[depth].taken]
            if path[depth].isSwitch, path[depth].taken > 0 { switches += 1 }
            depth += 1
            current = chosen
            let commits = try await step(sessions[chosen], scenario.sessions[chosen].name, db, &schedule)
            try await settle(sessions, db)
            report.steps += 1
            for session in sessions where session.error != nil {
                found.append("\(scenario.sessions[session.number].name): \(session.error ?? "")")
            }
            if commits { found += try await db.query("SELECT test.violations()").decode(String.self) }
            if let what = found.first {
                report.violations.append(Violation(what: "\(scenario.name): \(what)", schedule: schedule))
                break
            }
        }
        try await finish(sessions, db)
        if hasWaited { report.waits += 1 }
    }

    /// Lets one session make its step; returns whether it was a COMMIT.
    private func step(
        _ session: ExplorerSession, _ name: String, _ db: PostgresConnection, _ schedule: inout [String]
    ) async throws -> Bool {
        if case .gate(let number) = session.place {
            if showsLabels {
                let label = try await db.query("SELECT application_name FROM pg_stat_get_activity(\(Int32(session.pid)))")
                schedule.append("\(name): \(try label.decodeFirst(String.self) ?? "")")
            }
            session.leaveGate()
            try await db.query("SELECT test.open_gate(\(Int32(session.number)), \(Int32(number)))")
            return false
        }
        let statement = session.next ?? ""
        if showsLabels {
            schedule.append("\(name): \(statement.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(100))")
        }
        session.begin()
        return statement == "COMMIT"
    }

    /// Waits until every session stands: between statements, at a gate, or behind one that stands.
    private func settle(_ sessions: [ExplorerSession], _ db: PostgresConnection) async throws {
        for _ in 0..<Self.looks {
            let moving = sessions.filter { $0.place == .running || $0.place == .blocked }
            if moving.isEmpty { return }
            let isOver = !moving.contains { $0.place == .running }
            try await place(moving, among: sessions, db)
            // Looked at after everybody had come to a stand: who is blocked now stays so.
            if isOver, !sessions.contains(where: { $0.place == .running }) { return }
            try await Task.sleep(for: .microseconds(100))
        }
        throw Astray(what: "all sessions stand")
    }

    /// Asks the server who waits for what.
    private func place(_ moving: [ExplorerSession], among sessions: [ExplorerSession], _ db: PostgresConnection) async throws {
        let rows = try await db.query("SELECT pid, gate, behind FROM test.waits(\(moving.map { Int32($0.pid) }))")
            .decode((Int, Int?, [Int32]).self)
        let standing = Set(sessions.filter { $0.place != .running }.map { Int32($0.pid) })
        for session in moving {
            let row = rows.first { $0.0 == session.pid }
            if let row, let gate = row.1 {
                session.place = .gate(gate)
            } else if let row, !row.2.isEmpty, row.2.allSatisfy({ standing.contains($0) && $0 != session.pid }) {
                session.place = .blocked
            } else {
                session.place = .running
            }
        }
    }

    /// A circle of waits: the server ends one of them.
    private func breakCircle(_ sessions: [ExplorerSession], _ db: PostgresConnection) async throws {
        for _ in 0..<Self.looks {
            if sessions.contains(where: { $0.error != nil }) { return try await settle(sessions, db) }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw Astray(what: "the server breaks a circle of waits")
    }

    /// Opens all gates and lets everybody come to an end.
    private func finish(_ sessions: [ExplorerSession], _ db: PostgresConnection) async throws {
        try await db.query("SELECT pg_advisory_unlock_all()")
        for _ in 0..<Self.looks {
            for session in sessions {
                switch session.place {
                case .idle: session.begin()
                case .gate: session.leaveGate()
                default: break
                }
            }
            if sessions.allSatisfy({ $0.place == .done }) { return }
            try await Task.sleep(for: .microseconds(100))
        }
        throw Astray(what: "all sessions end")
    }
}
