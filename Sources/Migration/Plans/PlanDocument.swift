package import Foundation
import Templates

/// A plan's JSON (the format of `relevo plan`), as far as its execution needs it.
package struct PlanDocument: Sendable, Equatable {
    package struct Task: Sendable, Equatable {
        package var id: String
        /// `template_copy`, `otp` or `cutover`.
        package var kind: String
        package var rowRef: String?
        package var source: String?
        package var destination: String?
        package var operatorID: String?
        package var wave: Int?
        package var start: Date
        package var end: Date
    }

    package var tasks: [Task]

    /// Throws `MigrationError` when the bytes are not a plan.
    package init(_ bytes: Data) throws {
        guard let list = JSONTree(bytes)?["tasks"]?.elements else {
            throw MigrationError(.conflict, "the stored plan is not a plan: no tasks")
        }
        tasks = try list.map { task in
            guard let id = task["id"]?.text, let kind = task["kind"]?.text, let start = Self.date(task["start"]),
                let end = Self.date(task["end"])
            else {
                throw MigrationError(.conflict, "the stored plan holds a task without id, kind, start or end")
            }
            return Task(
                id: id, kind: kind, rowRef: task["row_ref"]?.text, source: task["source_waba_id"]?.text,
                destination: task["dest_waba_id"]?.text,
                operatorID: task["operator"]?.text, wave: task["wave"]?.text.flatMap { Int($0) }, start: start, end: end)
        }
    }

    private static func date(_ tree: JSONTree?) -> Date? { tree?.text.flatMap { try? Date($0, strategy: .iso8601) } }

    /// The same plan with the states its tasks have by now; everything else as it is.
    package static func withStates(_ bytes: Data, _ states: [String: String]) throws -> Data {
        guard case .object(var plan)? = JSONTree(bytes), let list = plan["tasks"]?.elements else {
            throw MigrationError(.conflict, "the stored plan is not a plan: no tasks")
        }
        plan["tasks"] = .array(
            list.map { task in
                guard case .object(var members) = task, let id = members["id"]?.text, let state = states[id] else { return task }
                members["state"] = .string(state)
                return .object(members)
            })
        return Data(JSONTree.object(plan).json.utf8)
    }
}
