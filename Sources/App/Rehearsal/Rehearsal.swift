public import CloudAPI
import Credentials
public import Fleet
public import Foundation
import Gateway
import Jobs
import Migration
import Postgres
import Quality
import Templates

/// Drives a rehearsal from outside, as a person and the clients would: plans and arms, reads codes out, connects numbers, lets time pass, and
/// rebuilds a template's quality at the end.
///
/// Everything it does can be done again, so that it, the workers or the database may die under it at any moment.
public struct Rehearsal: Sendable {
    public struct Options: Sendable {
        public var fleet: FleetFile
        public var fileName: String
        public var settings: Data
        public var operators: Data?
        public var sandboxURL: String
        /// Taken by the sandbox.
        public var token = Secret("rehearsal")
        /// Recipients of the rebuild.
        public var recipients = 60
        /// Steps of the ramp that are waited for.
        public var rampSteps = 3
        /// Real seconds after which it gives up.
        public var limit = 1200.0

        public init(fleet: FleetFile, fileName: String, settings: Data, operators: Data?, sandboxURL: String) {
            self.fleet = fleet
            self.fileName = fileName
            self.settings = settings
            self.operators = operators
            self.sandboxURL = sandboxURL
        }
    }

    static let actor = "rehearsal"
    /// How often a number that stopped is set going again, as a patient person would; one that only missed its window, again and again.
    static let retries = 3
    static let retriesAfterMiss = 20

    let parts: Parts
    let options: Options
    let sandbox: SandboxControls
    let say: @Sendable (String) -> Void

    /// Carries a rehearsal out, and says how it went. Throws only what cannot pass by itself.
    public static func run(_ parts: Parts, _ options: Options, say: @escaping @Sendable (String) -> Void) async throws -> RehearsalSummary {
        let sandbox = SandboxControls(baseURL: options.sandboxURL)
        do {
            let summary = try await Rehearsal(parts: parts, options: options, sandbox: sandbox, say: say).run()
            try await sandbox.shutdown()
            return summary
        } catch {
            try? await sandbox.shutdown()
            throw error
        }
    }

    private func run() async throws -> RehearsalSummary {
        let begun = ContinuousClock.now
        var summary = RehearsalSummary()
        summary.rows = options.fleet.rowCount
        summary.rejected = options.fleet.rowCount - options.fleet.rows.count
        summary.page = parts.settings.publicURL + "/"
        try await patiently("the workers and their clock") {
            let (theirs, ours) = (try await sandbox.clock(), try await BusinessClock.read(on: parts.client))
            let workers = try await JobMetrics.read(on: parts.client).workers
            return workers > 0 && abs(theirs.now.timeIntervalSince(ours.now)) < max(2, theirs.speed) ? true : nil
        }
        try await patiently("the credential") { try await storeCredential() }
        let plan = try await patiently("the plan") { try await arm() }
        summary.planned = plan
        summary.retried = try await move(since: begun)
        try await rebuild(since: begun)
        try await patiently("the figures") {
            try await count(into: &summary)
            return true
        }
        summary.seconds = (ContinuousClock.now - begun) / .seconds(1)
        summary.judge(rampSteps: options.rampSteps)
        return summary
    }

    /// A rehearsal has nothing to keep secret; a token that is stored already is left alone.
    private func storeCredential() async throws -> Bool? {
        guard try await parts.credentials.list().isEmpty else { return true }
        do {
            try await parts.credentials.add(name: "sandbox", token: options.token)
        } catch let error as CredentialError where error.code == .nameTaken || error.code == .wabaTaken {
            // An earlier try whose answer was lost.
        }
        return true
    }

    // MARK: - Plan

    /// Imports the fleet and sets a plan for it in force, unless that is done; returns how many numbers it places.
    private func arm() async throws -> Int {
        let imported = try await parts.migrations.fleet.importFile(
            options.fleet, name: options.fileName, by: Self.actor, acceptGoodRows: true)
        let plans = parts.migrations.plans
        if let armed = try await plans.armed(), armed.fleetRevision == imported.revision.id { return try await placed() }
        var newest = try await plans.list(limit: 1).first
        if newest?.fleetRevision != imported.revision.id || newest?.state == "superseded" {
            newest = try await parts.createPlan(
                settings: options.settings, operators: options.operators, seed: 1, timeLimit: nil, by: Self.actor
            ).stored
        }
        guard let plan = newest else { throw Failure(.failed, "the plan that was made is gone") }
        _ = try await plans.approve(plan.id, by: Self.actor)
        let arming = try await plans.arm(plan.id, by: Self.actor)
        say("plan \(plan.id) is armed: \(arming.started) numbers, \(arming.copies) template copies")
        return try await placed()
    }

    private func placed() async throws -> Int { try await parts.migrations.progress().numbers }

    // MARK: - Move

    /// Until every number is done or stays stopped; returns how often one was set going again.
    private func move(since begun: ContinuousClock.Instant) async throws -> Int {
        var hand = RehearsalClockhand(client: parts.client, sandbox: sandbox)
        var retried: [String: Int] = [:]
        var connected: Set<String> = []
        var last = ""
        while true {
            do {
                let numbers = try await numbers()
                var open = 0
                for number in numbers where !(number.state == .done || number.state == .aborted) {
                    if number.state == .failed || number.state == .missed {
                        // Counted apart: who has missed a few windows may still fail, and the other way round.
                        let most = number.state == .missed ? Self.retriesAfterMiss : Self.retries
                        let count = "\(number.rowRef) \(number.state.rawValue)"
                        guard retried[count, default: 0] < most else { continue }
                        retried[count, default: 0] += 1
                        say("\(number.rowRef) is \(number.state.rawValue): \(number.reason ?? ""); set going again")
                        do { try await parts.migrations.retry(number.rowRef, by: Self.actor) } catch let error as MigrationError {
                            say("\(error)")
                        }
                    }
                    open += 1
                    try await help(number, &connected)
                }
                let line = Self.line(numbers)
                if line != last { say(line) }
                last = line
                if open == 0 { return retried.values.reduce(0, +) }
                if let time = try await hand.advance() { say("business time is now \(time.formatted(.iso8601))") }
            } catch {
                try Self.passing(error)
            }
            try check(begun, "numbers were still on their way: \(last)")
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func numbers() async throws -> [NumberRecord] {
        var filter = Migrations.Filter()
        filter.limit = 1000
        var all: [NumberRecord] = []
        while true {
            let page = try await parts.migrations.list(filter)
            all += page
            guard page.count == filter.limit else { return all }
            filter.after = page.last?.rowRef
        }
    }

    /// What the client would do now.
    private func help(_ number: NumberRecord, _ connected: inout Set<String>) async throws {
        do {
            if number.state == .awaitingCode, number.codeState == "requested", let code = try await sandbox.code(for: number.e164) {
                try await parts.migrations.provideCode(number.rowRef, code: code, by: "client")
            }
            if number.state == .awaitingPerson, connected.insert(number.rowRef).inserted {
                do {
                    try await sandbox.connect(number.e164)
                } catch {
                    connected.remove(number.rowRef)
                    throw error
                }
                try await parts.migrations.connected(number.rowRef, by: "client")
            }
        } catch let error as MigrationError where error.code == .noCodeExpected || error.code == .wrongState {
            // It has gone on meanwhile.
        }
    }

    private static func line(_ numbers: [NumberRecord]) -> String {
        let states = Dictionary(grouping: numbers, by: \.state).mapValues(\.count)
        return NumberState.allCases.compactMap { state in states[state].map { "\($0) \(state.rawValue)" } }.joined(separator: ", ")
    }

    // MARK: - Rebuild

    /// Rebuilds the test template of a moved number and lets it ramp a few steps.
    private func rebuild(since begun: ContinuousClock.Instant) async throws {
        guard let started = try await patiently("the rebuild", { try await startRebuild() }) else { return }
        var hand = RehearsalClockhand(client: parts.client, sandbox: sandbox)
        var last = ""
        while true {
            do {
                let status = try await parts.rebuilds.status(started)
                let record = status.rebuild
                let line =
                    "rebuild \(started): step \(record.step), \(record.state.rawValue), \(status.total.arrived) of \(status.total.submitted) delivered"
                if line != last { say(line) }
                last = line
                if record.state == .done || record.state == .stopped { return }
                if record.step >= options.rampSteps && status.total.submitted > 0 && status.total.queued == 0 { return }
                if let time = try await hand.advance() { say("business time is now \(time.formatted(.iso8601))") }
            } catch {
                try Self.passing(error)
            }
            try check(begun, "the ramp was under way: \(last)")
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Nil when no number has moved that has a test template; else the rebuild's id.
    private func startRebuild() async throws -> Int64?? {
        let templates = Dictionary(options.fleet.rows.map { ($0.rowRef, $0.testTemplate) }, uniquingKeysWith: { first, _ in first })
        for number in try await numbers() where number.state == .done {
            guard let id = number.phoneNumberID, let test = templates[number.rowRef] ?? nil else { continue }
            let key = TemplateKey(name: test.name, language: test.language)
            _ = try await parts.copier.inventory.refresh(waba: number.destWABA)
            let request = RebuildRequest(
                phoneNumberID: id, template: key, recipients: Self.recipients(options.recipients),
                profile: RebuildProfile(steps: [5, 10, 15, 20]),
                by: Self.actor, key: "rehearsal:\(number.planID)")
            let record = try await parts.rebuilds.start(request)
            say("rebuild \(record.id) of \(key) on \(number.rowRef): \(record.recipients) recipients")
            return .some(record.id)
        }
        return .some(nil)
    }

    /// Numbers of the fictitious American 555-01xx range.
    private static func recipients(_ count: Int) -> [String] {
        (0..<count).map { index in
            "+1\(201 + index / 100)5550\(100 + index % 100)"
        }
    }

    // MARK: - Figures

    private func count(into summary: inout RehearsalSummary) async throws {
        let progress = try await parts.migrations.progress()
        summary.moved = progress.states[NumberState.done.rawValue] ?? 0
        summary.stopped = progress.states.filter { $0.key != NumberState.done.rawValue }
        summary.templatesCopied = progress.templatesCopied
        summary.templatesVerified = progress.templatesVerified
        summary.templatesRefused = progress.templatesRefused
        let tests = try await parts.gateway.counts(tagPrefix: "migration:")
        summary.testsSubmitted = tests.submitted
        summary.testsDelivered = tests.delivered + tests.read
        summary.testsUnknown = tests.unknown
        if let rebuild = try await parts.rebuilds.list().first {
            let status = try await parts.rebuilds.status(rebuild.id)
            summary.rampStep = rebuild.step
            summary.rampState = rebuild.state.rawValue
            summary.rampDelivered = status.total.arrived
        }
        summary.businessTime = try await BusinessClock.read(on: parts.client).now
        summary.count(try await sandbox.state())
    }

    // MARK: - Patience

    /// Repeats until there is a value; what passes by itself (a database that restarts, a server that is away) is waited out for two minutes.
    @discardableResult
    private func patiently<T>(_ what: String, _ body: () async throws -> T?) async throws -> T {
        let begun = ContinuousClock.now
        var last = "nothing happened"
        while ContinuousClock.now - begun < .seconds(120) {
            do {
                if let value = try await body() { return value }
            } catch {
                try Self.passing(error)
                last = "\(error)"
            }
            try await Task.sleep(for: .milliseconds(250))
        }
        throw Failure(.unreachable, "\(what) did not come within two minutes: \(last)")
    }

    /// Rethrows what will not pass by itself.
    private static func passing(_ error: any Error) throws {
        if let error = error as? PostgresError, error.isTransient { return }
        if let trouble = error as? GraphTrouble, trouble.remedy == .retry || trouble.remedy == .reconcile { return }
        if error is SandboxControls.Failure { return }
        throw error
    }

    private func check(_ begun: ContinuousClock.Instant, _ what: @autoclosure () -> String) throws {
        guard ContinuousClock.now - begun < .seconds(options.limit) else {
            throw Failure(.failed, "the rehearsal was not over after \(Int(options.limit)) s; \(what())")
        }
    }
}
