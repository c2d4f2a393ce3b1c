import Fleet
import Foundation
import TestProcesses
import Testing

@testable import Planner

/// More than 500 generated fleets, each planned, every other one planned anew while the plan is being carried out, and all judged by the
/// checker that shares nothing with the planner.
@Suite(.serialized) struct AuditTests {
    struct Batch: CustomTestStringConvertible {
        var seed: Int
        var count: Int
        var rows: String
        var testDescription: String { "\(count) fleets of \(rows) rows" }
    }

    static let batches =
        (1...4).map { Batch(seed: $0, count: 110, rows: "1-30") } + [
            Batch(seed: 5, count: 50, rows: "30-80"), Batch(seed: 6, count: 12, rows: "100-200"), Batch(seed: 7, count: 4, rows: "300-400"),
        ]
    private static let checker = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Checker")

    @Test(arguments: batches) func noPlanBreaksARule(_ batch: Batch) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "relevo-audit-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let made = try await python(
            "instances.py", "--out", folder.path(), "--count", "\(batch.count)", "--seed", "\(batch.seed)", "--rows", batch.rows)
        try #require(made.code == 0, "\(made.error)")
        let replans = try await onAThread { try Self.planAll(in: folder, batch) }
        #expect(replans >= batch.count / 4)
        let judged = try await python("check_plan.py", "--folder", folder.path())
        let lines = judged.output.split(separator: "\n")
        #expect(lines.first == "\(batch.count) plans", "\(judged.error)")
        #expect(judged.code == 0, "\(lines.dropFirst().prefix(10).joined(separator: "\n"))")
    }

    /// Plans every fleet of a folder, every other one anew. Returns how many were planned anew.
    private static func planAll(in folder: URL, _ batch: Batch) throws -> Int {
        var replans = 0
        for (number, place) in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted(by: { $0.path() < $1.path() }).enumerated()
        {
            let instance = try Instance(place)
            var plan = instance.plan(previous: nil, now: instance.now)
            #expect(plan.tasks.count + plan.unplaced.count > 0)
            if number % 2 == 1, let anew = instance.again(plan, generator: SplitMix(seed: UInt64(batch.seed * 1000 + number))) {
                try Data(anew.previous.json()).write(to: place.appending(path: "previous.json"))
                plan = instance.plan(previous: anew.previous, now: anew.now)
                replans += 1
            }
            try Data(plan.json()).write(to: place.appending(path: "plan.json"))
        }
        return replans
    }

    private func python(_ script: String, _ arguments: String...) async throws -> (code: Int32, output: String, error: String) {
        try await Child.run(
            URL(filePath: "/usr/bin/env"), ["python3", "-B", Self.checker.appending(path: script).path()] + arguments)
    }
}

/// One generated folder.
private struct Instance {
    let fleet: FleetFile
    let settings: PlanningSettings
    let operators: Operators?
    let now: Int

    init(_ place: URL) throws {
        func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: place.appending(path: name))) }
        fleet = FleetFile.read(try bytes("fleet.csv"))
        settings = try PlanningSettings(json: try bytes("settings.json"))
        let people = place.appending(path: "operators.csv")
        operators = FileManager.default.fileExists(atPath: people.path()) ? Operators.read(try bytes("operators.csv")) : nil
        now = try #require(PlanTime.instant(String(decoding: try bytes("now"), as: UTF8.self)))
    }

    func plan(previous: Plan?, now: Int) -> Plan {
        Planner.plan(
            fleet: fleet, operators: operators, settings: settings, previous: previous, now: now, tries: 2,
            effort: fleet.rows.count < 100 ? 6000 : 2000)
    }

    /// The plan while it is being carried out: what lies behind is done, under way, missed or failed. Nil when it is empty.
    func again(_ plan: Plan, generator: SplitMix) -> (previous: Plan, now: Int)? {
        var generator = generator
        guard let first = plan.tasks.first?.start, let last = plan.tasks.last?.end else { return nil }
        let now = first + generator.next(max(1, last - first))
        var previous = plan
        var trouble: [String: PlanTask.State] = [:]
        for task in plan.tasks where task.start <= now {
            if let ref = task.rowRef, trouble[ref] == nil, generator.next(8) == 0 {
                trouble[ref] = generator.next(2) == 0 ? .missed : .failed
            }
        }
        for index in previous.tasks.indices {
            let task = previous.tasks[index]
            previous.tasks[index].state = task.end <= now ? .done : task.start <= now ? .running : .planned
            if let ref = task.rowRef, let state = trouble[ref] { previous.tasks[index].state = state }
            if task.kind == .templateCopy, task.start <= now, generator.next(8) == 0 { previous.tasks[index].state = .failed }
        }
        return (previous, now)
    }
}
