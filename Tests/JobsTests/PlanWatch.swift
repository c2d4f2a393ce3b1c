import CLibPQ
import Foundation
import Logging
import Synchronization

@testable import Postgres

/// The plans that a connection's statements were carried out with, those inside functions too, as `auto_explain` tells them.
final class PlanWatch: Sendable {
    /// A statement and what reading its plan's nodes took.
    struct Plan {
        var statement: String
        var nodes: [Node]
    }

    struct Node {
        var type: String
        /// Of a scan.
        var table: String?
        /// Rows looked at by all loops: those returned and those a filter threw away; of a sort, those that came in.
        var rows: Double
    }

    private let texts = Mutex<[String]>([])

    /// A pool of one connection, watched. Throws where the server does not have `auto_explain` or does not let us load it.
    static func with(_ client: PostgresClient, _ body: (PostgresClient, PlanWatch) async throws -> Void) async throws {
        var configuration = client.configuration
        configuration.maximumConnections = 1
        let watched = PostgresClient(configuration: configuration, logger: Logger(label: "plans") { _ in SwiftLogNoOpLogHandler() })
        let watch = PlanWatch()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watched.run() }
            try await watched.withConnection { connection in
                for setting in [
                    "LOAD 'auto_explain'", "SET auto_explain.log_min_duration = 0", "SET auto_explain.log_nested_statements = on",
                    "SET auto_explain.log_analyze = on", "SET auto_explain.log_timing = off", "SET auto_explain.log_verbose = on",
                    "SET auto_explain.log_format = json",
                    "SET auto_explain.log_level = notice",
                ] { try await connection.query(PostgresQuery(unsafeSQL: setting)) }
                await connection.session.tell(watch)
            }
            try await body(watched, watch)
            group.cancelAll()
        }
    }

    fileprivate func add(_ notice: String) { texts.withLock { $0.append(notice) } }

    /// The plans since the last call.
    func take() throws -> [Plan] {
        let notices = texts.withLock { texts in
            defer { texts = [] }
            return texts
        }
        return try notices.compactMap { notice in
            guard let start = notice.firstIndex(of: "{") else { return nil }
            let object = try JSONSerialization.jsonObject(with: Data(notice[start...].utf8)) as? [String: Any]
            guard let object, let root = object["Plan"] as? [String: Any] else { return nil }
            var nodes: [Node] = []
            Self.collect(root, into: &nodes)
            return Plan(statement: object["Query Text"] as? String ?? "", nodes: nodes)
        }
    }

    private static func collect(_ node: [String: Any], into nodes: inout [Node]) {
        func rows(_ node: [String: Any]) -> Double {
            let numbers = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck", "Actual Loops"]
                .map { (node[$0] as? NSNumber)?.doubleValue ?? 0 }
            return (numbers[0] + numbers[1] + numbers[2]) * numbers[3]
        }
        let children = node["Plans"] as? [[String: Any]] ?? []
        let type = node["Node Type"] as? String ?? ""
        let table = (node["Relation Name"] as? String).map { "\(node["Schema"] as? String ?? "").\($0)" }
        nodes.append(Node(type: type, table: table, rows: type.hasSuffix("Sort") ? children.map(rows).reduce(0, +) : rows(node)))
        for child in children { collect(child, into: &nodes) }
    }
}

extension Session {
    /// Hands the server's notices over. The watch outlives the session.
    fileprivate func tell(_ watch: PlanWatch) {
        guard let connection else { return }
        PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context, let text = PQresultErrorField(result, Int32(UInt8(ascii: "M"))) else { return }
                Unmanaged<PlanWatch>.fromOpaque(context).takeUnretainedValue().add(String(cString: text))
            }, Unmanaged.passUnretained(watch).toOpaque())
    }
}
