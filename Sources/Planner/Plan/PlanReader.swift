import Fleet
import Foundation

/// A PLAN.json that cannot be read.
public struct PlanError: Error, Equatable, CustomStringConvertible {
    public var description: String
}

extension Plan {
    /// Reads what `json()` writes, or an export of a plan under way. Throws `PlanError` with what is wrong.
    public init(json bytes: [UInt8]) throws(PlanError) {
        let wire: WirePlan
        do { wire = try JSONDecoder().decode(WirePlan.self, from: Data(bytes)) } catch {
            throw PlanError(description: "not a PLAN.json: \(Self.explain(error))")
        }
        do { settings = try PlanningSettings(wire.plan.settings) } catch { throw PlanError(description: "not a PLAN.json: \(error)") }
        now = try Self.instant(wire.plan.now, "plan.now")
        seed = wire.plan.seed ?? 1
        stoppedEarly = wire.plan.stopped_early ?? false
        if let value = wire.plan.objective {
            objective = PlanObjective(
                unplaced: value.unplaced ?? 0, lateness: value.lateness ?? 0, disruption: value.disruption ?? 0,
                changes: value.changes ?? 0,
                completion: value.completion ?? 0)
        }
        if let value = wire.plan.bound {
            bound = PlanBound(
                unplaced: value.unplaced, lateness: value.lateness, disruption: value.disruption, changes: value.changes,
                completion: value.completion)
        }
        for wave in wire.waves ?? [] {
            let first = try Self.instant(wave.first_start, "waves.first_start")
            waves.append(
                PlanWave(wave: wave.wave, rows: wave.rows, firstStart: first, lastEnd: try Self.instant(wave.last_end, "waves.last_end")))
        }
        var ids: Set<String> = []
        for item in wire.tasks {
            let task = try Self.task(item)
            guard ids.insert(task.id).inserted else { throw PlanError(description: "not a PLAN.json: task \(task.id) is there twice") }
            tasks.append(task)
        }
        unplaced = (wire.unplaced ?? []).map { UnplacedRow(rowRef: $0.row_ref, reasons: Self.reasons($0)) }
        late = (wire.late ?? []).map { LateRow(rowRef: $0.row_ref, days: $0.days ?? 0, reasons: Self.reasons($0)) }
        rejected = wire.rejected_rows ?? []
    }

    private static func reasons(_ row: WirePlan.Row) -> [UnplacedRow.Reason] {
        (row.reasons ?? []).map { .init(code: $0.code, message: $0.message ?? "", constraints: $0.constraints ?? []) }
    }

    private static func task(_ item: WirePlan.Task) throws(PlanError) -> PlanTask {
        guard let kind = PlanTask.Kind(rawValue: item.kind) else {
            throw PlanError(description: "task \(item.id) has the unknown kind \(item.kind)")
        }
        guard let state = PlanTask.State(rawValue: item.state ?? "planned") else {
            throw PlanError(description: "task \(item.id) has the unknown state \(item.state ?? "")")
        }
        let start = try instant(item.start, "\(item.id) start")
        let end = try instant(item.end, "\(item.id) end")
        guard start < end else { throw PlanError(description: "task \(item.id) ends at or before its start") }
        if kind == .templateCopy ? item.source_waba_id == nil || item.dest_waba_id == nil : item.row_ref == nil {
            throw PlanError(description: "task \(item.id) does not say what it is for")
        }
        if let wave = item.wave, !(0...1_000_000).contains(wave) { throw PlanError(description: "task \(item.id) has the wave \(wave)") }
        return PlanTask(
            kind: kind, rowRef: item.row_ref, sourceWABA: item.source_waba_id, destWABA: item.dest_waba_id, operatorID: item.operator,
            wave: item.wave, start: start, end: end, state: state)
    }

    private static func instant(_ text: String, _ what: String) throws(PlanError) -> Int {
        guard let instant = PlanTime.instant(text), ZoneRange.contains(instant) else {
            throw PlanError(
                description: "\(what) is \(PlanJSON.quote(String(text.prefix(40)))): expected a UTC time such as 2026-12-01T00:00:00Z")
        }
        return instant
    }

    private static func explain(_ error: any Error) -> String {
        func path(_ context: DecodingError.Context, _ last: String = "") -> String {
            (context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue } + (last.isEmpty ? [] : [last])).joined(
                separator: ".")
        }
        switch error as? DecodingError {
        case .keyNotFound(let key, let context)?: return "\(path(context, key.stringValue)) is missing"
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?: return "\(path(context)) has the wrong type"
        default: return "it is not JSON"
        }
    }
}

/// The names are the file's.
private struct WirePlan: Decodable {
    struct Head: Decodable {
        var now: String
        var settings: JSONNode
        var seed: UInt64?
        var stopped_early: Bool?
        var objective: Levels?
        var bound: Levels?
    }
    struct Levels: Decodable {
        var unplaced: Int?
        var lateness: Int?
        var disruption: Int?
        var changes: Int?
        var completion: Int?
    }
    struct Wave: Decodable {
        var wave: Int
        var rows: [String]
        var first_start: String
        var last_end: String
    }
    struct Task: Decodable {
        var id: String
        var kind: String
        var row_ref: String?
        var source_waba_id: String?
        var dest_waba_id: String?
        var `operator`: String?
        var wave: Int?
        var start: String
        var end: String
        var state: String?
    }
    struct Row: Decodable {
        struct Reason: Decodable {
            var code: String
            var message: String?
            var constraints: [String]?
        }
        var row_ref: String
        /// Of a late row.
        var days: Int?
        var reasons: [Reason]?
    }
    var plan: Head
    var waves: [Wave]?
    var tasks: [Task]
    var unplaced: [Row]?
    var late: [Row]?
    var rejected_rows: [FleetProblem]?
}
