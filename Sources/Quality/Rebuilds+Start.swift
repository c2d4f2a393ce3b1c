import CloudAPI
import Foundation
import Gateway
import Jobs
import Logging
import PhoneNumbers
import Postgres
import Templates

extension Rebuilds {
    /// Starts a rebuild for the recipients in the request. Throws `RebuildError`.
    @discardableResult
    public func start(_ request: RebuildRequest) async throws -> RebuildRecord {
        try await start(request, recipients: Lines(lines: request.recipients))
    }

    /// Starts a rebuild for recipients that arrive one by one; nothing is held in memory but one batch. Throws `RebuildError`, or what the
    /// sequence throws; then nothing is left of it.
    @discardableResult
    public func start<Recipients: AsyncSequence & Sendable>(
        _ request: RebuildRequest, recipients: Recipients
    ) async throws -> RebuildRecord where Recipients.Element == String {
        if let known = try await known(request) { return known }
        let plan = try await validated(request)
        guard let id = try await reserve(plan) else {
            if let known = try await known(request) { return known }
            if try await isLoading(request) {
                throw RebuildError(.conflict, "the first request with this key is still being read; repeat it in a moment")
            }
            throw RebuildError(
                .conflict,
                "template \(request.template) of WABA \(plan.sender.waba) has a rebuild under way; stop it before starting another")
        }
        do {
            var loader = RecipientLoader(
                rebuild: id, region: request.region ?? plan.sender.defaultRegion, isMarketing: plan.template.category == "MARKETING",
                client: client)
            for try await line in recipients { try await loader.add(line) }
            let count = try await loader.finish()
            guard count > 0 else {
                throw RebuildError(.badRecipients, "no recipient is left to write to: the list is empty, or everybody in it is excluded")
            }
            return try await begin(id, request, recipients: loader.stored)
        } catch {
            _ = try? await client.query("DELETE FROM quality.rebuild WHERE id = \(id) AND state = 'loading'")
            throw error
        }
    }

    private struct Lines: AsyncSequence, Sendable {
        struct AsyncIterator: AsyncIteratorProtocol {
            var rest: ArraySlice<String>
            mutating func next() async -> String? { rest.popFirst() }
        }
        let lines: [String]
        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: lines[...]) }
        typealias Element = String
    }

    private struct Plan {
        var request: RebuildRequest
        var sender: RebuildSender
        var template: Template
        var settings: RebuildSettings
        var components: String?
    }

    private func validated(_ request: RebuildRequest) async throws -> Plan {
        try request.profile.check()
        guard (1...200).contains(request.by.count), !request.by.utf8.contains(0), !(request.key?.utf8.contains(0) ?? false),
            (request.key?.utf8.count ?? 1) <= 200
        else { throw RebuildError(.badValue, "`by` and `key` take 1 to 200 characters") }
        guard let sender = try await gateway.sender(request.phoneNumberID) else {
            throw RebuildError(.unknownSender, "\(request.phoneNumberID.prefix(40)) is not a sender; relevo sender list shows them")
        }
        if let stopped = sender.stopped { throw RebuildError(.senderStopped, "sender \(request.phoneNumberID) is stopped: \(stopped)") }
        guard let template = try await TemplateStore.template(waba: sender.waba, request.template, on: client)?.template else {
            throw RebuildError(.unknownTemplate, "WABA \(sender.waba) has no template \(request.template) in the stored inventory")
        }
        if let verdict = Verdict.template(status: template.status, quality: template.quality), verdict.decision == .stop {
            throw RebuildError(.templateNotApproved, "template \(request.template) cannot be sent: \(verdict.reason)")
        }
        let settings = request.settings ?? .standard(category: template.category)
        try settings.check()
        return Plan(request: request, sender: sender, template: template, settings: settings, components: try components(request, template))
    }

    private func components(_ request: RebuildRequest, _ template: Template) throws -> String? {
        if let given = request.components {
            guard given.utf8.count <= 64 << 10, let json = try? JSONValue(parsing: given.utf8), json.elements != nil, !json.holdsNUL else {
                throw RebuildError(.badValue, "`components` is a JSON list of at most 64 KiB, as in a template message")
            }
            return given
        }
        do {
            return try TemplateExamples.components(of: template)
        } catch let error as TemplateError {
            throw RebuildError(.noExample, "\(error.message), or give `components`")
        }
    }

    /// What an earlier request of the same key and sender has started. Throws `RebuildError` when that is of another template.
    private func known(_ request: RebuildRequest) async throws -> RebuildRecord? {
        guard let key = request.key else { return nil }
        let row = try await client.query(
            """
            SELECT \(unescaped: RebuildRow.columns) FROM quality.rebuild
            WHERE request_key = \(key) AND phone_number_id = \(request.phoneNumberID) AND state <> 'loading'
            """
        ).first.map { try RebuildRow($0) }
        guard let row, let record = try await records([row]).first else { return nil }
        guard record.template == request.template else {
            throw RebuildError(.conflict, "the key was used for rebuild \(record.id) of \(record.template); give this one another")
        }
        return record
    }

    private func isLoading(_ request: RebuildRequest) async throws -> Bool {
        guard let key = request.key else { return false }
        return try await !client.query(
            "SELECT FROM quality.rebuild WHERE request_key = \(key) AND phone_number_id = \(request.phoneNumberID) AND state = 'loading'"
        ).isEmpty
    }

    /// The row under which recipients are stored; nil when another rebuild of the template is alive.
    private func reserve(_ plan: Plan) async throws -> Int64? {
        // What a process that died while loading has left behind.
        try await client.query(
            "DELETE FROM quality.rebuild WHERE state = 'loading' AND real_created_at < clock_timestamp() - interval '1 hour'")
        let (request, template) = (plan.request, plan.template)
        let settings = String(decoding: try JSONEncoder().encode(plan.settings), as: UTF8.self)
        return try await client.query(
            """
            INSERT INTO quality.rebuild (request_key, phone_number_id, waba_id, template_name, template_language, category, components, profile,
                steps, settings, state, quality, template_status, next_step_at, created_by)
            VALUES (\(request.key), \(request.phoneNumberID), \(plan.sender.waba), \(template.key.name), \(template.key.language),
                \(template.category), \(plan.components), \(request.profile.name), \(request.profile.steps), \(settings), 'loading',
                \(template.quality), \(template.status), coalesce(\(request.startAt), jobs.now()), \(request.by))
            ON CONFLICT DO NOTHING RETURNING id
            """
        ).decodeFirst(Int64.self)
    }

    private func begin(_ id: Int64, _ request: RebuildRequest, recipients: Int) async throws -> RebuildRecord {
        let row = try await client.withTransaction { db in
            var row = try await RebuildRow.require(id, on: db)
            row.ramp.state = .running
            try await startRun(&row, on: db)
            try await row.save(on: db)
            try await db.query("UPDATE quality.rebuild SET recipients = \(Int32(recipients)) WHERE id = \(id)")
            row.recipients = recipients
            try await note(id, "start", by: request.by, why: "profile \(request.profile.name)", on: db)
            return row
        }
        logger.info("rebuild started", metadata: ["rebuild": "\(id)", "recipients": "\(recipients)"])
        return try await records([row])[0]
    }

    /// Hands the rebuild to a new run.
    func startRun(_ row: inout RebuildRow, on db: PostgresConnection) async throws {
        row.runNumber += 1
        let run = "rebuild:\(row.id):\(row.runNumber)"
        (row.runID, row.waitEvent) = (run, nil)
        let input = try JSONEncoder().encode(RebuildWorkflow.Input(rebuild: row.id))
        try await Workflows.start(run: run, workflow: RebuildWorkflow.name, version: RebuildWorkflow.version, input: input, on: db)
    }

    func note(_ id: Int64, _ action: String, by: String, why: String, on db: PostgresConnection) async throws {
        try await db.query("INSERT INTO quality.action (rebuild_id, action, actor, why) VALUES (\(id), \(action), \(by), \(why))")
    }
}
