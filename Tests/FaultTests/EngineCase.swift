import CrashPoints
import Foundation
import Postgres
import TestProcesses
import TestSupport
import Testing

/// Jobs of the test worker on one database, and a receiver.
struct EngineCase {
    let machine: Machine
    let client: PostgresClient

    static func with(_ body: (EngineCase) async throws -> Void) async throws {
        try await TestDatabase.with { client in
            try await Machine.with(client) { machine in try await prepared(machine, client, body) }
        }
    }

    /// Prepares a database that is already there.
    static func prepared(_ machine: Machine, _ client: PostgresClient, _ body: (EngineCase) async throws -> Void) async throws {
        try await client.query("CREATE SCHEMA fault")
        try await client.query("CREATE TABLE fault.settlement (attempt_id bigint, job_id bigint, result text, late boolean)")
        try await client.query("CREATE TABLE fault.effect (run_id text, name text)")
        try await machine.startSandbox()
        try await body(EngineCase(machine: machine, client: client))
    }

    /// Hands in jobs number `numbers`; what was there before is not handed in again. Returns the process.
    func enqueue(_ kind: String, _ numbers: Range<Int>, crashAt point: CrashPoint? = nil, hint: Bool = false) async throws -> Child {
        try await machine.start(
            "fault-worker",
            [
                "enqueue", "--database", machine.database, "--kind", kind, "--first", "\(numbers.lowerBound)", "--count",
                "\(numbers.count)",
            ] + (hint ? ["--hint"] : []), point.map { ["RELEVO_CRASH_AT": $0.rawValue] } ?? [:])
    }

    func handIn(_ kind: String, _ numbers: Range<Int>, hint: Bool = false) async throws {
        let child = try await enqueue(kind, numbers, hint: hint)
        #expect(await child.exit() == 0, "\(child.errorText)")
    }

    func worker(crashAt: String? = nil, stopAt: String? = nil, _ options: String...) async throws -> Child {
        var more: [String: String] = [:]
        if let crashAt { more["RELEVO_CRASH_AT"] = crashAt }
        if let stopAt { more["RELEVO_STOP_AT"] = stopAt }
        return try await machine.start("fault-worker", ["run", "--database", machine.database, "--graph", machine.graph] + options, more)
    }

    /// A worker that must be killed by the point it is given.
    func crash(at point: CrashPoint, passage: Int = 1) async throws {
        let child = try await worker(crashAt: "\(point.rawValue):\(passage)")
        #expect(await child.exit() == -SIGKILL, "\(point.rawValue) was not passed \(passage) times: \(child.errorText.suffix(800))")
    }

    /// Waits until every job has ended; all the while every one is in exactly one place.
    func settle(jobs: Int) async throws {
        try await eventually("\(jobs) jobs have ended: \(machine.folder.lastPathComponent)", tries: 7200) {
            guard let states = try? await JobStories.read(client) else { return false }
            let astray = states.filter { $0.live + $0.ends != 1 }
            #expect(astray.isEmpty, "in several places or in none")
            return states.count == jobs && states.allSatisfy { $0.live == 0 }
        }
    }

    /// Compares the engine's books with the receiver's, once everything has ended. Returns how many ended as unknown.
    @discardableResult
    func judge() async throws -> Int {
        let received = try machine.received()
        let stories = try await JobStories.read(client)
        let posts = stories.filter { $0.kind != "workflow" }
        #expect(Set(received.accepted.keys).isSubset(of: Set(posts.map(\.name))))
        for job in posts {
            let accepted = received.accepted[job.name] ?? 0
            let serious = received.serious[job.name] ?? 0
            #expect(job.ends == 1 && job.live == 0, "\(job)")
            // What was performed has an outcome each.
            #expect(serious <= job.performed, "\(job): \(serious) requests")
            if job.kind == "once" {
                #expect(serious <= 1, "doubled: \(job)")
                #expect(["S", "U"].contains(job.end), "\(job)")
                if job.end == "S" { #expect(accepted == 1, "lost: \(job)") }
            } else {
                #expect(job.end == "S" && accepted >= 1, "lost: \(job)")
            }
        }
        let wrong = try await JobStories.unsettled(client)
        #expect(wrong.isEmpty, "outcomes and what their owner was told differ: \(wrong)")
        let counters = try await client.query("SELECT name, value FROM jobs.counter WHERE name = 'stranded' AND value <> 0")
        #expect(counters.isEmpty, "lanes were found asleep with work")
        let dead = try await client.query("SELECT job_id FROM jobs.dead")
        #expect(dead.isEmpty)
        return posts.count { $0.end == "U" }
    }
}
