import Foundation
public import Logging
public import Postgres

/// Reads whole inventories and stores them.
public struct TemplateInventory: Sendable {
    /// A WABA holds at most 6,000 templates (Meta, template overview, 2026-05); beyond the double of it something is wrong.
    public static let largest = 12_000
    static let pageSize = 100

    let graph: any TemplateGraph
    let client: PostgresClient
    let logger: Logger

    public init(graph: any TemplateGraph, client: PostgresClient, logger: Logger) {
        self.graph = graph
        self.client = client
        self.logger = logger
    }

    /// Fetches every template of a WABA and replaces what was stored.
    ///
    /// Throws `GraphTrouble` of a page that could not be read, `TemplateError.tooMany`, or `PostgresError`. Nothing is stored then.
    @discardableResult
    public func refresh(waba: String) async throws -> [Template] {
        let startedAt = try await client.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
        let templates = try await fetch(waba: waba)
        try await client.withTransaction { try await TemplateStore.replace(waba: waba, with: templates, startedAt: startedAt, on: $0) }
        logger.debug("template inventory", metadata: ["waba": "\(waba)", "templates": "\(templates.count)"])
        return templates
    }

    func fetch(waba: String) async throws -> [Template] {
        var found: [TemplateKey: Template] = [:]
        var cursor: String?
        var seen: Set<String> = []
        repeat {
            let page = try await graph.templates(of: waba, after: cursor, limit: Self.pageSize)
            for template in page.templates { found[template.key] = template }
            guard found.count <= Self.largest, seen.count <= Self.largest / Self.pageSize * 2 else {
                throw TemplateError(
                    .tooMany, "WABA \(waba) lists more than \(Self.largest) templates; Meta's limit is 6,000: check the Graph URL")
            }
            // A cursor that comes back would be read for ever.
            guard let next = page.next, seen.insert(next).inserted else { break }
            cursor = next
        } while true
        return found.values.sorted { $0.key < $1.key }
    }
}
