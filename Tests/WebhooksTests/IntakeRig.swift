import CloudAPI
import Foundation
import Jobs
import Logging
import Postgres
import Synchronization
import Templates
import TestSupport
import Testing

@testable import Webhooks

/// The intake on a database, with the real owners of recipients and templates, and the others written down.
final class IntakeRig: Sendable {
    struct Seen: Sendable {
        /// `wamid status` of every status, and `wamid` of every inbound message, as they were handed over.
        var statuses: [String] = []
        var inbound: [String] = []
        var templates: [String] = []
        var accounts: [String] = []
    }

    let client: PostgresClient
    let seen = Mutex(Seen())
    /// Wamids the owner of statuses cannot bear.
    let poison = Mutex<Set<String>>([])
    /// How often the owner of statuses fails as a database does.
    let outages = Mutex(0)
    static let secret = Secret("app-secret")
    static let older = Secret("older-secret")
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private init(client: PostgresClient) { self.client = client }

    static func with(_ body: @escaping (IntakeRig, WebhookIntake) async throws -> Void) async throws { try await run(engine: true, body) }

    /// Nothing is routed.
    static func withoutEngine(_ body: @escaping (IntakeRig, WebhookIntake) async throws -> Void) async throws {
        try await run(engine: false, body)
    }

    private static func run(engine: Bool, _ body: @escaping (IntakeRig, WebhookIntake) async throws -> Void) async throws {
        try await TestDatabase.with { client in
            let rig = IntakeRig(client: client)
            var webhooks = WebhookSettings()
            webhooks.words = StopWords(stop: ["STOP", "Não quero"], start: ["ALTA"])
            let intake = WebhookIntake(
                client: client, appSecrets: [secret, older], verifyToken: Secret("verify"), owners: rig.owners, settings: webhooks,
                logger: logger)
            var settings = EngineSettings()
            settings.idle = .milliseconds(10) ... .milliseconds(20)
            settings.retryBase = .milliseconds(10)
            settings.listens = false
            let jobs = JobEngine(client: client, kinds: [intake.kind], workflows: [], settings: settings, logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                if engine { group.addTask { try? await jobs.run() } }
                try await body(rig, intake)
                group.cancelAll()
            }
        }
    }

    struct Poison: Error, CustomStringConvertible { let description = "the owner cannot bear it" }

    var owners: WebhookOwners {
        WebhookOwners(
            statuses: { [self] statuses, _, db in
                for (number, update) in statuses {
                    // Stored first: what is rolled back with the savepoint must not stay.
                    try await db.query("INSERT INTO public.applied (what) VALUES (\("\(number) \(update.id) \(update.status)"))")
                    if poison.withLock({ $0.contains(update.id) }) { throw Poison() }
                    if outages.withLock({ left in
                        defer { left = max(0, left - 1) }; return left > 0
                    }) {
                        try await db.query("DO $$ BEGIN RAISE deadlock_detected; END $$")
                    }
                    seen.withLock { $0.statuses.append("\(update.id) \(update.status)") }
                }
            },
            inbound: { [self] number, messages, _ in
                for message in messages { seen.withLock { $0.inbound.append("\(number) \(message.id)") } }
            },
            enforcing: { numbers, _ in numbers.intersection(["200"]) },
            templateChanged: { [self] applied, _ in seen.withLock { $0.templates.append("\(applied.key) \(applied.kind) \(applied.value)") }
            },
            accountChanged: { [self] waba, _ in seen.withLock { $0.accounts.append(waba) } })
    }

    /// The table of the owner of statuses.
    func prepare() async throws { try await client.query("CREATE TABLE public.applied (what text NOT NULL)") }

    func applied() async throws -> [String] {
        try await client.query("SELECT what FROM public.applied ORDER BY what").decode(String.self)
    }

    /// Waits until every stored POST has been worked on.
    func settled(_ intake: WebhookIntake) async throws {
        try await eventually("every POST is routed") { try await intake.counts().pending == 0 }
    }

    /// Works on these at the same time, as a worker does.
    func run(_ kind: WebhookKind, posts: [Int64]) async throws {
        await withTaskGroup(of: Void.self) { tasks in
            for post in posts { tasks.addTask { _ = await kind.work(on: post) } }
        }
    }

    @discardableResult
    func post(_ text: String, to intake: WebhookIntake, secret: Secret = IntakeRig.secret) async throws -> IntakeVerdict {
        let body = Data(text.utf8)
        return try await intake.accept(body: body, signature: Signature.sign(body, secret: secret))
    }
}

/// Bodies as Meta sends them.
enum Body {
    static func change(_ field: String, _ value: String, waba: String = "W1", time: Int? = nil) -> String {
        let time = time.map { ",\"time\":\($0)" } ?? ""
        return
            #"{"object":"whatsapp_business_account","entry":[{"id":"\#(waba)"\#(time),"changes":[{"field":"\#(field)","value":\#(value)}]}]}"#
    }

    static func messages(_ members: String, number: String = "100") -> String {
        change(
            "messages",
            #"{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"\#(number)"},\#(members)}"#
        )
    }

    static func status(_ id: String, _ status: String, more: String = "") -> String {
        #"{"id":"\#(id)","status":"\#(status)","timestamp":"1800000000","recipient_id":"16505551234"\#(more)}"#
    }

    static func statuses(_ list: String...) -> String { messages(#""statuses":[\#(list.joined(separator: ","))]"#) }
}
