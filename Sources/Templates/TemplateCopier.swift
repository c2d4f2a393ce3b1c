import Foundation
public import Logging
public import Postgres

/// Copies the eligible templates of one WABA to another and proves it.
///
/// Looks before it copies and after, so that it can be run again at any moment, after any crash: what is there is not copied again.
public struct TemplateCopier: Sendable {
    /// Meta's largest page, and largest list of ids.
    static let largestCount = 500
    /// Calls for one copy; 6,000 templates need 12 pages.
    static let mostCalls = 60

    public let inventory: TemplateInventory
    let graph: any TemplateGraph
    let client: PostgresClient
    let logger: Logger

    public init(graph: any TemplateGraph, client: PostgresClient, logger: Logger) {
        inventory = TemplateInventory(graph: graph, client: client, logger: logger)
        self.graph = graph
        self.client = client
        self.logger = logger
    }

    /// Reads both inventories and compares them; nothing is copied. Throws `GraphTrouble`, `TemplateError` or `PostgresError`.
    public func diff(source: String, destination: String) async throws -> TemplateDiff {
        TemplateDiff(source: try await inventory.refresh(waba: source), destination: try await inventory.refresh(waba: destination))
    }

    /// Reads both inventories, compares, and stores the result for the pair.
    @discardableResult
    public func verify(source: String, destination: String) async throws -> TemplateCopyReport {
        let diff = try await diff(source: source, destination: destination)
        return try await client.withTransaction { db in
            try await TemplateCopies.record(source: source, destination: destination, diff: diff, on: db)
        }
    }

    /// Copies what is missing, round by round, and verifies.
    ///
    /// The first round goes by pages when the destination has none of the source's templates; later rounds name the ids that are missing.
    /// A template that Meta refuses is tried once more by id, then left with Meta's reason. After a call without an answer the inventories
    /// are read again and the next calls are smaller.
    /// - Throws: `GraphTrouble` with remedy `wait` or `person` when Meta refuses the call as a whole; `TemplateError`; `PostgresError`.
    public func copy(source: String, destination: String) async throws -> TemplateCopyReport {
        var report = try await verify(source: source, destination: destination)
        var refusals: [TemplateKey: Int] = [:]
        var chunk = Self.largestCount
        var calls = 0
        while calls < Self.mostCalls {
            let ids = try await sourceIDs(source)
            let todo = report.diff.missing.filter { refusals[$0, default: 0] < 2 && ids[$0] != nil }
            if todo.isEmpty { break }
            var requests: [TemplateCopyRequest]
            if calls == 0 && report.diff.same.isEmpty {
                let pages = (ids.count + chunk - 1) / chunk
                requests = (0..<pages).map { TemplateCopyRequest(source: source, destination: destination, page: $0, count: chunk) }
            } else {
                requests = stride(from: 0, to: todo.count, by: chunk).map { start in
                    TemplateCopyRequest(
                        source: source, destination: destination, ids: todo[start..<min(start + chunk, todo.count)].compactMap { ids[$0] })
                }
            }
            try await TemplateCopies.ask(source: source, destination: destination, todo, on: client)
            let keys = Dictionary(ids.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
            round: for request in requests.prefix(Self.mostCalls - calls) {
                calls += 1
                do {
                    let answer = try await graph.copyTemplates(request)
                    let failed = answer.failed.compactMap { id, reason in keys[id].map { (key: $0, id: id, reason: reason) } }
                    for failure in failed { refusals[failure.key, default: 0] += 1 }
                    try await TemplateCopies.refuse(source: source, destination: destination, failed, on: client)
                } catch let trouble as GraphTrouble where trouble.remedy == .retry || trouble.remedy == .reconcile {
                    // Meta stops working on a call after about 30 s and asks for a lower count.
                    logger.notice(
                        "template copy call without an answer", metadata: ["pair": "\(source)>\(destination)", "why": "\(trouble)"])
                    if chunk <= 25 { throw trouble }
                    chunk = max(25, chunk / 4)
                    break round
                }
            }
            let before = Set(report.diff.missing)
            report = try await verify(source: source, destination: destination)
            // Neither copied nor refused: calling again at once would only spend the WABA's hourly budget.
            if Set(report.diff.missing) == before && todo.allSatisfy({ refusals[$0] == nil }) && chunk == Self.largestCount { break }
        }
        return try await client.withTransaction { db in
            try await TemplateCopies.record(source: source, destination: destination, diff: report.diff, on: db)
        }
    }

    private func sourceIDs(_ waba: String) async throws -> [TemplateKey: String] {
        let templates = try await TemplateStore.list(waba: waba, on: client)
        return Dictionary(templates.map { ($0.key, $0.id) }, uniquingKeysWith: { first, _ in first })
    }
}
