import Foundation
import Logging
import Postgres
import Synchronization
import Testing

@testable import Templates

/// Two WABAs in memory.
final class FakeTemplates: TemplateGraph {
    struct State {
        var wabas: [String: [Template]] = [:]
        var refused: [String: String] = [:]
        var requests: [TemplateCopyRequest] = []
        var troubles: [GraphTrouble] = []
        var listings = 0
        /// Copies are made, but not shown.
        var hidden: Set<String> = []
        var endless = false
    }

    let state = Mutex(State())

    func templates(of waba: String, after cursor: String?, limit: Int) async throws -> TemplatePage {
        state.withLock { state in
            state.listings += 1
            if state.endless { return TemplatePage(templates: [template("t\(state.listings)")], next: "\(state.listings)") }
            let all = (state.wabas[waba] ?? []).filter { !state.hidden.contains($0.key.name) }.sorted { $0.key < $1.key }
            let start = cursor.flatMap { Int($0) } ?? 0
            let end = min(all.count, start + limit)
            return TemplatePage(templates: Array(all[start..<end]), next: end < all.count ? "\(end)" : nil)
        }
    }

    func copyTemplates(_ request: TemplateCopyRequest) async throws -> TemplateCopyAnswer {
        try state.withLock { state in
            state.requests.append(request)
            if !state.troubles.isEmpty { throw state.troubles.removeFirst() }
            let all = (state.wabas[request.source] ?? []).sorted { $0.key < $1.key }
            var chosen = all
            if let ids = request.ids {
                chosen = all.filter { ids.contains($0.id) }
            } else if let page = request.page, let count = request.count {
                chosen = Array(all.dropFirst(page * count).prefix(count))
            }
            var answer = TemplateCopyAnswer(migrated: [], failed: [:])
            for template in chosen where template.eligibility.isEligible {
                if let reason = state.refused[template.key.name] {
                    answer.failed[template.id] = reason
                } else if state.wabas[request.destination]?.contains(where: { $0.key == template.key }) != true {
                    var copy = template
                    copy.id = "9\(template.id)"
                    copy.quality = "UNKNOWN"
                    state.wabas[request.destination, default: []].append(copy)
                }
            }
            return answer
        }
    }
}

func template(_ name: String, status: String = "APPROVED", quality: String = "GREEN") -> Template {
    Template(
        key: TemplateKey(name: name, language: "en_US"), id: "1\(name.utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 0xFFFFFF)", status: status,
        category: "UTILITY", quality: quality, components: #"[{"type":"BODY","text":"\#(name)"}]"#)
}

@Suite struct CopierTests {
    private func with(_ source: [Template], _ body: (TemplateCopier, FakeTemplates, PostgresClient) async throws -> Void) async throws {
        try await DatabaseRig.withDatabase { client in
            let graph = FakeTemplates()
            graph.state.withLock { $0.wabas["11"] = source }
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            try await body(TemplateCopier(graph: graph, client: client, logger: logger), graph, client)
        }
    }

    @Test func whatIsEligibleIsCopiedByPagesAndProved() async throws {
        let source = (0..<730).map { template("t\($0)") } + [template("red", quality: "RED"), template("new", status: "PENDING")]
        try await with(source) { copier, graph, client in
            let report = try await copier.copy(source: "11", destination: "22")
            #expect(report.verified && report.isReady && report.copied == 730)
            #expect(report.diff.ineligible.map(\.key.name) == ["new", "red"])
            #expect(graph.state.withLock { $0.requests.map(\.page) } == [0, 1])
            #expect(try await TemplateCopies.verified(source: "11", destination: "22", on: client))
            #expect(try await TemplateStore.list(waba: "22", on: client).count == 730)
        }
    }

    @Test func aSecondRunAsksForNothing() async throws {
        try await with([template("a"), template("b")]) { copier, graph, _ in
            let first = try await copier.copy(source: "11", destination: "22")
            let second = try await copier.copy(source: "11", destination: "22")
            #expect(graph.state.withLock { $0.requests.count } == 1)
            #expect(second.copied == first.copied && second.verified)
        }
    }

    @Test func whatTheSourceHasGotSinceIsAskedForById() async throws {
        try await with([template("a")]) { copier, graph, _ in
            _ = try await copier.copy(source: "11", destination: "22")
            graph.state.withLock { $0.wabas["11"]?.append(template("b")) }
            let report = try await copier.copy(source: "11", destination: "22")
            #expect(report.verified && report.copied == 2)
            #expect(graph.state.withLock { $0.requests.last?.ids } == [template("b").id])
        }
    }

    @Test func aRefusalIsTriedOnceMoreAndKeptWithItsReason() async throws {
        try await with([template("a"), template("b")]) { copier, graph, client in
            graph.state.withLock { $0.refused["b"] = "Formatting error - dangling parameter" }
            let report = try await copier.copy(source: "11", destination: "22")
            #expect(report.verified)
            #expect(report.refused.map(\.detail) == ["Formatting error - dangling parameter"])
            #expect(graph.state.withLock { $0.requests.count } == 2)
            graph.state.withLock { $0.refused = [:] }
            #expect(try await copier.copy(source: "11", destination: "22").refused.isEmpty)
        }
    }

    @Test func aCallWithoutAnAnswerIsFollowedByALookAndSmallerCalls() async throws {
        try await with((0..<200).map { template("t\($0)") }) { copier, graph, _ in
            graph.state.withLock { $0.troubles = [GraphTrouble(.reconcile, message: "timed out")] }
            let report = try await copier.copy(source: "11", destination: "22")
            #expect(report.verified)
            #expect(graph.state.withLock { $0.requests.dropFirst().allSatisfy { ($0.count ?? $0.ids?.count ?? 999) <= 125 } })
        }
    }

    @Test func callsThatNeverAnswerEndWithTheTrouble() async throws {
        try await with([template("a")]) { copier, graph, client in
            graph.state.withLock { $0.troubles = Array(repeating: GraphTrouble(.reconcile, message: "timed out"), count: 99) }
            await #expect(throws: GraphTrouble.self) { try await copier.copy(source: "11", destination: "22") }
            let verified = try await TemplateCopies.verified(source: "11", destination: "22", on: client)
            #expect(!verified)
        }
    }

    @Test func aCopyThatMetaDoesNotShowIsNotVerified() async throws {
        try await with([template("a"), template("b")]) { copier, graph, client in
            graph.state.withLock { _ = $0.hidden.insert("none") }
            _ = try await copier.inventory.refresh(waba: "11")
            graph.state.withLock { $0.wabas["22"] = [template("a")] }
            graph.state.withLock { $0.troubles = [GraphTrouble(.person, code: 10, message: "no permission")] }
            await #expect(throws: GraphTrouble.self) { try await copier.copy(source: "11", destination: "22") }
            let state = try #require(try await TemplateCopies.state(source: "11", destination: "22", on: client))
            #expect(!state.report.verified && state.report.unexplained.map(\.name) == ["b"] && state.verifiedAt == nil)
        }
    }

    @Test func anInventoryThatDoesNotEndIsCutOff() async throws {
        try await with([]) { copier, graph, _ in
            graph.state.withLock { $0.endless = true }
            await #expect(throws: TemplateError.self) { try await copier.inventory.refresh(waba: "11") }
            #expect(graph.state.withLock { $0.listings } < 13_000)
        }
    }
}
