import DequeModule
import Foundation
import Logging

/// The simulated Meta: every account, number, template and person, and the time they live in.
///
/// A request is carried out in one piece, so that the order of the request log is the order of effects.
actor Cloud {
    /// Something that happens by itself at a business time.
    enum Event: Sendable {
        case status(Message, Stage)
        /// Meta decides on a template.
        case review(String)
        /// A pause by quality ends.
        case unpause(String, pauses: Int)
    }

    let seed: UInt64
    let rules: SandboxRules
    let tokens: Set<String>
    let portfolioLimits: [String: Int]
    let connections: [String: ConnectionSeed]
    let verifyToken: String?
    let started = ContinuousClock.now
    let fetch: @Sendable (String) async -> (status: Int, body: String)?

    var timeline: Timeline<Event>
    /// While events are carried out: the time each was due at.
    var firing: Date?
    var sleeper: Task<Void, Never>?

    var accounts: [String: Account] = [:]
    var lines: [String: Line] = [:]
    var templates: [String: StoredTemplate] = [:]
    /// By wa_id.
    var people: [String: Person] = [:]
    var waIDs: [String: String] = [:]
    /// Line and wa_id to the last message received.
    var windows: [String: Date] = [:]
    var pairs: [String: PairLimit] = [:]
    var ledgers: [String: PortfolioLedger] = [:]
    var media = MediaShelf()
    var identifiers = 0

    var faults: [Fault] = []
    var log: RequestLog
    var note = RequestNote()
    var tally = Tally()
    var outbox: Outbox

    init(_ settings: SandboxSettings, fetch: @escaping @Sendable (String) async -> (status: Int, body: String)?) throws {
        seed = settings.seed
        rules = settings.scenario.rules
        tokens = Set(settings.accessTokens)
        portfolioLimits = settings.scenario.portfolioLimits
        connections = Dictionary(
            settings.scenario.connections.map { ($0.phone.filter { $0.isASCII && $0.isNumber }, $0) },
            uniquingKeysWith: { first, _ in first })
        verifyToken = settings.verifyToken
        self.fetch = fetch
        guard settings.speed >= 0, settings.speed.isFinite else {
            throw SandboxError(description: "speed is \(settings.speed); 0 or more is expected")
        }
        let start = settings.startAt ?? Date()
        timeline = Timeline(start: start, speed: settings.speed, micros: 0)
        log = try RequestLog(kept: settings.keptRequests, path: settings.logFile)
        outbox = Outbox(url: settings.webhookURL)
        for seed in settings.scenario.wabas { accounts[seed.id] = Account(seed: seed, isSubscribed: seed.subscribed) }
        for seed in settings.scenario.numbers {
            let line = Line(seed: seed)
            guard accounts[seed.waba] != nil else {
                throw SandboxError(description: "number \(seed.phone) is in WABA \(seed.waba), which the scenario does not have")
            }
            guard lines.updateValue(line, forKey: line.id) == nil else {
                throw SandboxError(description: "phone number id \(line.id) is there twice")
            }
            accounts[seed.waba]?.numbers.append(line.id)
        }
        for seed in settings.scenario.templates {
            guard accounts[seed.waba] != nil else {
                throw SandboxError(description: "template \(seed.name) is in WABA \(seed.waba), which the scenario does not have")
            }
            let id = seed.id ?? Seeded.id("template", seed.waba, seed.name, seed.language, prefix: 2)
            guard
                templates.updateValue(
                    StoredTemplate(id: id, seed: seed, status: seed.status, quality: seed.quality, qualityAt: start), forKey: id) == nil
            else { throw SandboxError(description: "template \(seed.name) in \(seed.language) is there twice in WABA \(seed.waba)") }
            accounts[seed.waba]?.templates.append(id)
        }
        for seed in settings.scenario.people {
            let digits = seed.phone.filter { $0.isASCII && $0.isNumber }
            let waID = WaID.of(digits)
            people[waID] = Person(waID: waID, userID: WaID.userID(waID), name: seed.name ?? "Person \(waID.suffix(4))", seed: seed)
            waIDs[WaID.userID(waID)] = waID
        }
    }

    /// Monotonic microseconds since the start.
    var micros: Int64 {
        let (seconds, attoseconds) = (ContinuousClock.now - started).components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// Business time; while an event is carried out, the time it was due at.
    var now: Date { firing ?? timeline.now(micros) }

    func nextID() -> Int {
        identifiers += 1
        return identifiers
    }

    func schedule(_ event: Event, after seconds: Double) {
        if timeline.schedule(event, at: now.addingTimeInterval(seconds)) { sleeper?.cancel() }
    }

    /// Carries out what is due, in order of time; what follows from it and is due as well comes in its place.
    func fire() {
        let until = timeline.now(micros)
        while let (at, event) = timeline.take(until: until) {
            firing = at
            carryOut(event)
        }
        firing = nil
    }

    private func carryOut(_ event: Event) {
        switch event {
        case .status(let message, let stage): advance(message, stage)
        case .review(let id): finishReview(id)
        case .unpause(let id, let pauses): unpause(id, pauses: pauses)
        }
    }

    /// Runs business time until cancelled.
    func drive() async {
        while !Task.isCancelled {
            fire()
            let wait = timeline.wait(micros) ?? .seconds(3_600)
            let sleep = Task { _ = try? await Task.sleep(for: wait) }
            sleeper = sleep
            await withTaskCancellationHandler {
                await sleep.value
            } onCancel: {
                sleep.cancel()
            }
        }
    }
}
