import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Jobs

/// A workflow whose code is the test's.
final class ScriptedWorkflow: Workflow {
    let name = "script"
    let version: Int
    let failures = Mutex<[String]>([])
    private let body: @Sendable (WorkflowContext) async throws -> Void

    init(version: Int = 1, _ body: @escaping @Sendable (WorkflowContext) async throws -> Void) {
        self.version = version
        self.body = body
    }

    func run(_ context: WorkflowContext, input: Data) async throws { try await body(context) }

    func failed(run: String, input: Data, code: String, message: String, on db: PostgresConnection) async throws {
        failures.withLock { $0.append("\(run) \(code)") }
    }
}

final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    func add(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }
    subscript(_ name: String) -> Int { counts.withLock { $0[name] ?? 0 } }
}

struct Broken: Error {}

@Suite struct WorkflowTests {
    func start(_ client: PostgresClient, version: Int = 1) async throws {
        try await Workflows.start(run: "r", workflow: "script", version: version, input: Data(), on: client)
    }

    func status(_ client: PostgresClient) async throws -> RunState.Status? { try await Workflows.state(run: "r", on: client)?.status }

    @Test func isReplayedFromItsCheckpoints() async throws {
        try await TestDatabase.with { client in
            try await client.query("CREATE TABLE effect (name text)")
            let tally = Tally()
            let workflow = ScriptedWorkflow { context in
                let number = try await context.step("one") { db in
                    tally.add("one")
                    try await db.query("INSERT INTO effect VALUES ('one')")
                    return 7
                }
                let text: String = try await context.call("two") {
                    tally.add("two")
                    return "\(number)"
                }
                let when = try await context.now("when")
                tally.add("replay")
                if tally["replay"] < 3 { throw Broken() }
                try await context.step("three") { db in
                    try await db.query("INSERT INTO effect VALUES (\(text)), (\(when.timeIntervalSince1970 > 0 ? "time" : ""))")
                }
            }
            try await start(client)
            try await start(client)
            try await withEngine(client, workflows: [workflow]) { _ in
                try await eventually("done") { try await status(client) == .done }
            }
            #expect(tally["one"] == 1 && tally["two"] == 1 && tally["replay"] == 3)
            #expect(try await client.query("SELECT name FROM effect").decode(String.self) == ["one", "7", "time"])
            #expect(try await Workflows.list(workflow: "script", status: .done, on: client).map(\.id) == ["r"])
        }
    }

    @Test func eventsCountBeforeAndAfterTheWait() async throws {
        try await TestDatabase.with { client in
            let tally = Tally()
            let workflow = ScriptedWorkflow { context in
                let early = try await context.event("early", until: nil, as: Int.self)
                tally.add("early \(early ?? -1)")
                let late = try await context.event("late", until: nil, as: Int.self)
                tally.add("late \(late ?? -1)")
            }
            try await start(client)
            try await Workflows.emit(run: "r", event: "early", payload: Data("1".utf8), on: client)
            try await Workflows.emit(run: "r", event: "early", payload: Data("2".utf8), on: client)
            try await Workflows.emit(run: "nobody", event: "early", payload: Data("2".utf8), on: client)
            try await withEngine(client, workflows: [workflow]) { _ in
                try await eventually("waiting") { try await Workflows.state(run: "r", on: client)?.waitsFor == "late" }
                try await eventually("it costs no job") { try await client.count("attempt") == 0 }
                #expect(try await client.count("ready") + client.count("later") == 0)
                try await Workflows.emit(run: "r", event: "late", payload: Data("3".utf8), on: client)
                try await eventually("done") { try await status(client) == .done }
            }
            #expect(tally["early 1"] >= 1 && tally["early 2"] == 0 && tally["late 3"] == 1)
        }
    }

    @Test func aDeadlineComesByTheBusinessClock() async throws {
        try await TestDatabase.with { client in
            let begin = Date(timeIntervalSince1970: 1_800_000_000)
            try await BusinessClock.set(business: begin, speed: 0, on: client)
            let tally = Tally()
            let workflow = ScriptedWorkflow { context in
                let now = try await context.now("now")
                let code = try await context.event("code", until: now.addingTimeInterval(86400 * 3), as: String.self)
                tally.add(code == nil ? "deadline" : "code")
            }
            try await start(client)
            try await withEngine(client, workflows: [workflow]) { _ in
                try await eventually("waiting") { try await status(client) == .waiting }
                try await BusinessClock.set(business: begin.addingTimeInterval(86400 * 2), speed: 0, on: client)
                #expect(try await client.query("SELECT jobs.wake_runs(10)").decodeFirst(Int.self) == 0)
                try await BusinessClock.set(business: begin.addingTimeInterval(86400 * 3), speed: 0, on: client)
                try await eventually("done") { try await status(client) == .done }
            }
            #expect(tally["deadline"] == 1 && tally["code"] == 0)
            #expect(try await BusinessClock.read(on: client).speed == 0)
        }
    }

    @Test func aCallThatMustNotBeRepeatedIsNot() async throws {
        try await TestDatabase.with { client in
            let tally = Tally()
            let workflow = ScriptedWorkflow { context in
                let result: Int? = try await context.callOnce("register") {
                    tally.add("called")
                    // The process dies after the call and before its result is written.
                    throw Broken()
                }
                tally.add(result == nil ? "lost" : "known")
                let second: Int? = try await context.callOnce("verify") { 5 }
                tally.add("second \(second ?? -1)")
            }
            try await start(client)
            try await withEngine(client, workflows: [workflow]) { _ in
                try await eventually("done") { try await status(client) == .done }
            }
            #expect(tally["called"] == 1 && tally["lost"] == 1 && tally["known"] == 0 && tally["second 5"] == 1)
        }
    }

    @Test func aRunThatFailsForGoodCanBeResumedFromItsStep() async throws {
        try await TestDatabase.with { client in
            let tally = Tally()
            let isRepaired = Mutex(false)
            let workflow = ScriptedWorkflow { context in
                try await context.step("first") { _ in tally.add("first") }
                try await context.step("second") { _ in
                    tally.add("second")
                    if !isRepaired.withLock({ $0 }) { throw Broken() }
                }
            }
            try await start(client)
            try await withEngine(client, workflows: [workflow]) { _ in
                try await eventually("failed") { try await status(client) == .failed }
                let state = try #require(try await Workflows.state(run: "r", on: client))
                #expect(state.code == "Broken" && state.step == "first")
                #expect(state.message?.contains("in step second") == true)
                #expect(workflow.failures.withLock { $0 } == ["r Broken"])
                isRepaired.withLock { $0 = true }
                try await Workflows.resume(run: "r", on: client)
                try await eventually("done") { try await status(client) == .done }
            }
            // The first attempt got on by one step, so it was free; then five without getting on.
            #expect(tally["first"] == 1 && tally["second"] == 7)
            #expect(try await client.count("dead") == 0)
        }
    }

    @Test func anotherVersionStopsWithAReason() async throws {
        try await TestDatabase.with { client in
            let workflow = ScriptedWorkflow(version: 2) { _ in }
            try await start(client, version: 1)
            try await withEngine(client, workflows: [workflow]) { _ in
                try await eventually("failed") { try await status(client) == .failed }
            }
            let state = try #require(try await Workflows.state(run: "r", on: client))
            #expect(state.code == "version" && state.message?.contains("version 2") == true)
        }
    }

    @Test func aCancelledRunDoesNothingMore() async throws {
        try await TestDatabase.with { client in
            let tally = Tally()
            let reached = Bell()
            let goOn = Bell()
            let workflow = ScriptedWorkflow { context in
                let _: Int = try await context.call("call") {
                    reached.ring()
                    _ = await goOn.wait(atMost: .seconds(300))
                    return 1
                }
                try await context.step("after") { _ in tally.add("after") }
            }
            try await start(client)
            try await withEngine(client, workflows: [workflow]) { _ in
                #expect(await reached.wait(atMost: .seconds(300)))
                try await Workflows.cancel(run: "r", reason: "aborted", on: client)
                goOn.ring()
                try await eventually("the job ended") { try await client.count("attempt") == 0 }
            }
            #expect(try await status(client) == .cancelled)
            #expect(tally["after"] == 0)
            try await Workflows.emit(run: "r", event: "call", payload: Data("1".utf8), on: client)
            #expect(try await client.count("ready") == 0)
        }
    }

    /// Two attempts of one run at once: the one whose lease was taken away must not write a checkpoint.
    @Test func aZombieCannotCheckpoint() async throws {
        try await TestDatabase.with { client in
            try await client.query("CREATE TABLE effect (name text)")
            let tally = Tally()
            let reached = Bell()
            let goOn = Bell()
            let workflow = ScriptedWorkflow { context in
                let _: Int = try await context.call("call") {
                    tally.add("call")
                    if tally["call"] == 1 {
                        reached.ring()
                        _ = await Task.detached { await goOn.wait(atMost: .seconds(300)) }.value
                        return 1
                    }
                    return 2
                }
                try await context.step("effect") { db in
                    tally.add("effect")
                    try await db.query("INSERT INTO effect VALUES ('x')")
                }
            }
            try await start(client)
            try await withEngine(client, workflows: [workflow], settings: rescuingSettings()) { _ in
                #expect(await reached.wait(atMost: .seconds(300)))
                try await client.query("UPDATE jobs.attempt SET deadline_at = clock_timestamp() - interval '1 second'")
                try await eventually("the second is done") { try await status(client) == .done }
                goOn.ring()
            }
            #expect(tally["call"] == 2 && tally["effect"] == 1)
            #expect(try await client.query("SELECT count(*) FROM effect").decodeFirst(Int.self) == 1)
            let output = try await client.query("SELECT output FROM jobs.step WHERE name = 'call'").decodeFirst(Data.self)
            #expect(output == Data("[2]".utf8))
        }
    }
}
