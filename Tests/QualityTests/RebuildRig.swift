import CloudAPI
import Foundation
import Gateway
import Jobs
import Logging
import Postgres
import Synchronization
import Templates
import TestSupport
import Testing

@testable import Quality

/// A gateway whose messages are rows of a table, so that it joins transactions as the real one does.
final class TableGateway: RebuildGateway {
    let client: PostgresClient
    /// The next submit loses its connection after it has stored its message.
    let breaks = Mutex(false)
    /// No message is taken, for a reason nobody foresaw.
    let isBroken = Mutex(false)
    let stopped = Mutex<String?>(nil)
    /// What the sender's stored `wa_id`s make of spellings without a reading of their own.
    let readings = Mutex<[String: String]>([:])

    init(client: PostgresClient) { self.client = client }

    static let schema = """
        CREATE TABLE public.message (id uuid PRIMARY KEY, key text UNIQUE, tag text NOT NULL, recipient text NOT NULL, body text NOT NULL,
            state text NOT NULL DEFAULT 'queued', code integer)
        """

    func sender(_ phoneNumberID: String) async throws -> RebuildSender? {
        phoneNumberID == "100" ? RebuildSender(waba: "W1", defaultRegion: "ES", stopped: stopped.withLock { $0 }) : nil
    }

    func submit(_ submission: Submission, on db: PostgresConnection) async throws -> Receipt {
        if isBroken.withLock({ $0 }) { throw RebuildError(.badValue, "broken") }
        let given = submission.body["to"]?.text ?? submission.body["recipient"]?.text ?? ""
        let to = readings.withLock { $0[given] } ?? given
        guard to.hasPrefix("+") || to.contains(".") else {
            throw GatewayRefusal(code: 131_009, title: "Parameter value is not valid", details: "\(to) has two readings")
        }
        let id = UUID()
        try await db.query(
            """
            INSERT INTO public.message (id, key, tag, recipient, body)
            VALUES (\(id), \(submission.idempotencyKey), \(submission.tag ?? ""), \(to), \(submission.body.storableText()))
            """)
        if breaks.withLock({ breaks in
            defer { breaks = false }; return breaks
        }) {
            try await db.query("SELECT pg_terminate_backend(pg_backend_pid())")
        }
        let person = to.hasPrefix("+") ? #""e164":"\#(to)""# : #""userID":"\#(to)""#
        let receipt = #"{"id":"\#(id)","input":"\#(given)",\#(person),"state":"queued","isDuplicate":false}"#
        return try JSONDecoder().decode(Receipt.self, from: Data(receipt.utf8))
    }

    func withdraw(tag: String) async throws -> [UUID] {
        try await client.query("UPDATE public.message SET state = 'cancelled' WHERE tag = \(tag) AND state = 'queued'")
        return try await client.query("SELECT id FROM public.message WHERE tag = \(tag) AND state = 'cancelled'").decode(UUID.self)
    }

    func counts(tag: String) async throws -> RebuildCounts { try await counts("\(tag)%") }
    func counts(tagPrefix: String) async throws -> RebuildCounts { try await counts("\(tagPrefix)%") }

    private func counts(_ pattern: String) async throws -> RebuildCounts {
        var counts = RebuildCounts()
        let rows = try await client.query(
            "SELECT state, code, count(*) FROM public.message WHERE tag LIKE \(pattern) AND state <> 'cancelled' GROUP BY state, code"
        ).decode((String, Int?, Int).self)
        for (state, code, number) in rows {
            counts.submitted += number
            switch state {
            case "queued": counts.queued += number
            case "delivered": counts.delivered += number
            case "failed":
                counts.failed += number
                counts.failedCodes[code ?? 0, default: 0] += number
            default: break
            }
        }
        return counts
    }
}

/// A rebuild on a database, driven by the real job engine under a clock that the test moves.
struct RebuildRig {
    let client: PostgresClient
    let gateway: TableGateway
    let rebuilds: Rebuilds
    static let start = Date(timeIntervalSince1970: 1_800_000_000)
    static let template = TemplateKey(name: "offer", language: "es_ES")

    static func with(_ body: @escaping (RebuildRig) async throws -> Void) async throws {
        try await TestDatabase.with { client in
            try await client.query(PostgresQuery(unsafeSQL: TableGateway.schema))
            try await BusinessClock.set(business: start, speed: 0, on: client)
            let rig = RebuildRig(client: client)
            try await rig.tell(status: "APPROVED", quality: "UNKNOWN")
            var settings = EngineSettings()
            settings.idle = .milliseconds(10) ... .milliseconds(20)
            settings.retryBase = .milliseconds(10)
            settings.listens = false
            let engine = JobEngine(
                client: client, kinds: [], workflows: [rig.rebuilds.workflow], settings: settings,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try? await engine.run() }
                try await body(rig)
                group.cancelAll()
            }
        }
    }

    private init(client: PostgresClient) {
        self.client = client
        gateway = TableGateway(client: client)
        rebuilds = Rebuilds(client: client, gateway: gateway, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Settings without a spread: a step goes out in one portion.
    static func settings(portions: Int = 1) -> RebuildSettings {
        var settings = RebuildSettings()
        settings.spreadMinutes = portions > 1 ? 600 : 0
        settings.portions = portions
        return settings
    }

    static func people(_ count: Int) -> [String] { (0..<count).map { "+346\(10_000_000 + $0)" } }

    func begin(_ count: Int, steps: [Int] = [4, 6, 8, 10, 12], portions: Int = 1, key: String? = nil) async throws -> RebuildRecord {
        try await rebuilds.start(
            RebuildRequest(
                phoneNumberID: "100", template: Self.template, recipients: Self.people(count), profile: RebuildProfile(steps: steps),
                settings: Self.settings(portions: portions), by: "ana", key: key))
    }

    /// What a template webhook does: the inventory first, then the rebuilds.
    func tell(status: String, quality: String) async throws {
        let rebuilds = rebuilds
        try await client.withTransaction { db in
            try await db.query(
                """
                INSERT INTO templates.template (waba_id, name, language, template_id, status, category, quality, components, content_hash,
                    status_at, quality_at, category_at, seen_at)
                VALUES ('W1', 'offer', 'es_ES', '77', \(status), 'UTILITY', \(quality),
                    '[{"type":"BODY","text":"Hola {{1}}","example":{"body_text":[["Ana"]]}}]', 'x', jobs.now(), jobs.now(), jobs.now(), jobs.now())
                ON CONFLICT (waba_id, name, language) DO UPDATE SET status = EXCLUDED.status, quality = EXCLUDED.quality
                """)
            try await rebuilds.templateChanged(waba: "W1", key: Self.template, kind: "quality", value: quality, on: db)
        }
    }

    func clock(hours: Double) async throws {
        try await BusinessClock.set(business: Self.start.addingTimeInterval(hours * 3_600), speed: 0, on: client)
    }

    func sent(_ tag: String, state: String? = nil) async throws -> Int {
        try await client.query(
            "SELECT count(*) FROM public.message WHERE tag = \(tag) AND (\(state)::text IS NULL OR state = \(state))"
        ).decodeFirst(Int.self) ?? 0
    }

    func settle(_ tag: String, _ state: String = "delivered", code: Int? = nil, limit: Int = 1_000) async throws {
        let code = code.map { Int32($0) }
        try await client.query(
            """
            UPDATE public.message SET state = \(state), code = \(code)
            WHERE id IN (SELECT id FROM public.message WHERE tag = \(tag) AND state = 'queued' LIMIT \(limit))
            """)
    }

    /// Nobody has two messages that were, or may be, sent.
    func expectNobodyTwice() async throws {
        let twice = try await client.query(
            "SELECT recipient FROM public.message WHERE state <> 'cancelled' GROUP BY recipient HAVING count(*) > 1"
        ).decode(String.self)
        #expect(twice.isEmpty)
    }
}
