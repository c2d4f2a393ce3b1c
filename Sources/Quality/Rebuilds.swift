public import Foundation
public import Gateway
public import Jobs
public import Logging
public import Postgres
import Templates

/// Rebuilds of template quality: copied templates start at quality UNKNOWN, and what is sent in the first days decides what they become.
///
/// A rebuild sends a template to a list of people in daily steps of growing size, reads the signals before a step and while it runs, and
/// goes on, holds or stops by rule. Every verdict is stored with what it was derived from.
public struct Rebuilds: Sendable {
    let client: PostgresClient
    let gateway: any RebuildGateway
    let logger: Logger

    public init(client: PostgresClient, gateway: Gateway, logger: Logger) {
        self.init(client: client, gateway: LiveGateway(gateway: gateway), logger: logger)
    }

    package init(client: PostgresClient, gateway: any RebuildGateway, logger: Logger) {
        self.client = client
        self.gateway = gateway
        self.logger = logger
    }

    /// To be registered with the job engine.
    public var workflow: any Workflow { RebuildWorkflow(rebuilds: self) }

    /// Which rebuilds a list shows; nil shows all.
    public struct Filter: Sendable {
        public var state: RebuildState?
        public var phoneNumberID: String?
        /// Those of these senders only; nil: of all.
        public var senders: [String]?
        public var waba: String?
        public var needsPerson: Bool?
        /// The last id of the page before.
        public var after: Int64?
        public var limit = 100
        public init() {}
    }

    /// The newest first.
    public func list(_ filter: Filter = Filter()) async throws -> [RebuildRecord] {
        let rows = try await client.query(
            """
            SELECT \(unescaped: RebuildRow.columns) FROM quality.rebuild
            WHERE (\(filter.state?.rawValue)::text IS NULL OR state = \(filter.state?.rawValue))
                AND (\(filter.phoneNumberID)::text IS NULL OR phone_number_id = \(filter.phoneNumberID))
                AND (\(filter.senders == nil) OR phone_number_id = ANY (\(filter.senders ?? [])))
                AND (\(filter.waba)::text IS NULL OR waba_id = \(filter.waba))
                AND (\(filter.needsPerson)::boolean IS NULL OR needs_person = \(filter.needsPerson))
                AND id < \(filter.after ?? .max)
            ORDER BY id DESC LIMIT \(max(1, min(filter.limit, 1_000)))
            """
        ).map { try RebuildRow($0) }
        return try await records(rows)
    }

    /// Rows with how many of their recipients are where.
    func records(_ rows: [RebuildRow]) async throws -> [RebuildRecord] {
        guard !rows.isEmpty else { return [] }
        var counts: [Int64: [String: Int]] = [:]
        let found = try await client.query(
            "SELECT rebuild_id, state, count(*) FROM quality.recipient WHERE rebuild_id = ANY (\(rows.map(\.id))) GROUP BY rebuild_id, state"
        ).decode((Int64, String, Int).self)
        for (id, state, count) in found { counts[id, default: [:]][state] = count }
        return rows.map { RebuildRecord($0, counts[$0.id] ?? [:]) }
    }

    /// Business time.
    static func now(on db: some PostgresExecutor) async throws -> Date { try await JobQueue.now(on: db) }
}

extension RebuildRecord {
    init(_ row: RebuildRow, _ counts: [String: Int]) {
        let ended = row.ramp.state == .done || row.ramp.state == .stopped
        let due = [row.nextStepAt, row.ramp.holdUntil].compactMap { $0 }.max()
        self.init(
            id: row.id, phoneNumberID: row.phoneNumberID, waba: row.waba, template: row.template, category: row.category,
            profile: row.profile,
            steps: row.ramp.steps, state: row.ramp.state, reasonCode: row.ramp.reasonCode, reason: row.ramp.reason,
            needsPerson: row.ramp.needsPerson, step: row.step, nextSize: row.ramp.size,
            nextStepAt: ended || row.ramp.state == .paused ? nil : due, reduced: row.ramp.reduced, quality: row.quality,
            templateStatus: row.templateStatus, recipients: row.recipients, waiting: counts["waiting"] ?? 0,
            submitted: counts["submitted"] ?? 0, refused: counts["refused"] ?? 0, createdBy: row.createdBy, createdAt: row.createdAt,
            updatedAt: row.updatedAt, endedAt: row.endedAt, runID: row.runID)
    }
}
