import Fleet
import Foundation
import Logging
import Postgres
import Synchronization
import Templates
import Testing

@testable import Migration

/// A small fleet with an armed plan, a Meta and a gateway to carry it out on.
struct Scenario {
    struct Row {
        var ref: String
        var phone: String
        var wave = 0
        var route = "partner"
        /// Hours from the start of the plan.
        var codeAt = 48.0
        var cutoverAt = 60.0
        var more: [String: String] = [:]
    }

    static let start = Date(timeIntervalSince1970: 1_796_083_200)  // 2026-12-01T00:00:00Z
    static let one = [Row(ref: "A-1", phone: "+16505550101")]

    let client: PostgresClient
    let engine: ScriptedEngine
    let meta: FakeMeta
    let gateway: FakeGateway
    let world: World
    let migrations: Migrations

    static func with(_ rows: [Row] = one, soakHours: Double = 1, arm: Bool = true, _ body: (Scenario) async throws -> Void) async throws {
        try await DatabaseRig.withDatabase { client in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let engine = ScriptedEngine(client: client)
            let meta = FakeMeta()
            let gateway = FakeGateway(engine: engine)
            var settings = MigrationSettings()
            settings.settleSeconds = 0
            let world = World(
                client: client, graph: meta, copier: TemplateCopier(graph: meta, client: client, logger: logger), gateway: gateway,
                sealing: FakeSealing(), control: engine, settings: settings, logger: logger)
            let scenario = Scenario(
                client: client, engine: engine, meta: meta, gateway: gateway, world: world, migrations: Migrations(world: world))
            try await engine.setClock(start)
            scenario.populate(rows)
            if arm { try await scenario.arm(rows, soakHours: soakHours) }
            try await body(scenario)
        }
    }

    private func populate(_ rows: [Row]) {
        meta.state.withLock { state in
            for waba in ["11", "22"] {
                state.wabas[waba] = WABAFacts(
                    id: waba, accountReview: "APPROVED", businessVerification: "verified", ownerBusiness: "b1", fundingID: "f1")
            }
            for (index, row) in rows.enumerated() where row.route == "partner" {
                let id = "5\(index)"
                state.numbers["11", default: [:]][id] = NumberFacts(
                    id: id, displayNumber: row.phone, status: "CONNECTED", nameStatus: "APPROVED", newNameStatus: "NONE",
                    platformType: "CLOUD_API",
                    isOnBusinessApp: false, isPINEnabled: false, accountMode: "LIVE")
            }
            state.templates["11"] = ["welcome", "order_update", "reminder"].enumerated().map { index, name in
                Template(
                    key: TemplateKey(name: name, language: "en_US"), id: "10\(index)", status: "APPROVED", category: "UTILITY",
                    quality: "GREEN",
                    parameterFormat: "POSITIONAL",
                    components: #"[{"type":"BODY","text":"Hello {{1}}","example":{"body_text":[["Ana"]]}}]"#)
            }
        }
    }

    static func file(_ rows: [Row]) -> FleetFile {
        FleetFile.read(
            stored: rows.map { row in
                var fields = [
                    "row_ref": row.ref, "client_id": "c-\(row.ref)", "phone": row.phone, "route": row.route, "source_waba_id": "11",
                    "dest_waba_id": "22", "time_zone": "UTC", "cutover_windows": "Daily 00:00-24:00", "test_recipients": "+16505550199",
                    "test_template": "order_update:en_US",
                ]
                for (key, value) in row.more { fields[key] = value.isEmpty ? nil : value }
                return fields
            })
    }

    static func document(_ rows: [Row], soakHours: Double) -> Data {
        func time(_ hours: Double) -> String { start.addingTimeInterval(hours * 3600).formatted(.iso8601) }
        func task(_ id: String, _ kind: String, _ row: Row, _ at: Double, _ length: Double) -> String {
            #"{"id":"\#(id)","kind":"\#(kind)","row_ref":"\#(row.ref)","operator":null,"wave":\#(row.wave),"start":"\#(time(at))","end":"\#(time(at + length))","state":"planned"}"#
        }
        var tasks = [
            #"{"id":"copy:11>22","kind":"template_copy","source_waba_id":"11","dest_waba_id":"22","start":"\#(time(1))","end":"\#(time(1.5))","state":"planned"}"#
        ]
        for row in rows {
            if row.route == "partner" || row.route == "coexistence" { tasks.append(task("otp:\(row.ref)", "otp", row, row.codeAt, 0.25)) }
            if row.route != "coexistence" { tasks.append(task("cutover:\(row.ref)", "cutover", row, row.cutoverAt, 0.5)) }
        }
        return Data(#"{"plan":{"settings":{"soak_hours":\#(soakHours)}},"tasks":[\#(tasks.joined(separator: ","))]}"#.utf8)
    }

    func arm(_ rows: [Row], soakHours: Double = 1) async throws {
        let imported = try await migrations.fleet.importFile(Self.file(rows), name: "fleet.csv", by: "ana")
        let plan = try await migrations.plans.store(
            document: Self.document(rows, soakHours: soakHours), revision: imported.revision.id, previous: nil, by: "ana")
        _ = try await migrations.plans.approve(plan.id, by: "ana")
        _ = try await migrations.plans.arm(plan.id, by: "ana")
    }

    func hours(_ hours: Double) -> Date { Self.start.addingTimeInterval(hours * 3600) }

    /// Drives everything until `hours` after the start; hands the right code over as soon as one is waited for, unless told not to.
    func drive(_ until: Double, codes: Bool = true) async throws {
        let migrations = migrations
        for _ in 0..<200 {
            try await engine.drive(world, until: hours(until)) {
                guard codes else { return false }
                return try await !Self.awaiting(migrations).isEmpty
            }
            let waiting = codes ? try await Self.awaiting(migrations) : []
            if waiting.isEmpty { return }
            for ref in waiting { try await migrations.provideCode(ref, code: "123-830", by: "client") }
        }
    }

    private static func awaiting(_ migrations: Migrations) async throws -> [String] {
        try await migrations.list().filter { $0.state == .awaitingCode && $0.codeState == "requested" }.map(\.rowRef)
    }

    func number(_ ref: String = "A-1") async throws -> NumberRecord { try await migrations.show(ref).number }

    func story(_ ref: String = "A-1") async throws -> [String] { try await migrations.show(ref).story.map(\.message) }

    /// Changes what Meta says of the source number.
    func source(_ change: (inout NumberFacts) -> Void) { meta.state.withLock { change(&$0.numbers["11", default: [:]]["50"]!) } }
}
