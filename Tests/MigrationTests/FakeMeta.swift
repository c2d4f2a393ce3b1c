import CloudAPI
import Foundation
import Postgres
import Synchronization
import Templates

@testable import Migration

/// Meta as far as a migration sees it, in memory, with troubles that a test plants.
final class FakeMeta: MigrationGraph, TemplateGraph {
    struct State {
        /// Facts by WABA, then by phone number id.
        var numbers: [String: [String: NumberFacts]] = [:]
        var wabas: [String: WABAFacts] = [:]
        var subscribed: Set<String> = []
        var templates: [String: [Template]] = [:]
        /// Reasons for which single templates are not copied, by name.
        var refusedTemplates: [String: String] = [:]
        /// Troubles thrown, in order, by the calls of a name.
        var troubles: [String: [GraphTrouble]] = [:]
        /// The calls made, in order.
        var calls: [String] = []
        /// The right code of each number.
        var codes: [String: String] = [:]
        /// PINs with which numbers were registered.
        var pins: [String: [String]] = [:]
        var identityCheck: Set<String> = []
        /// The register call has its effect, but its answer is lost.
        var loseRegisterAnswer = false
    }

    let state = Mutex(State())

    func count(_ call: String) -> Int { state.withLock { $0.calls.count { $0 == call } } }

    private func enter(_ call: String) throws {
        try state.withLock {
            $0.calls.append(call)
            guard var list = $0.troubles[call], !list.isEmpty else { return }
            let trouble = list.removeFirst()
            $0.troubles[call] = list
            throw trouble
        }
    }

    func number(_ id: String, of waba: String) async throws -> NumberFacts {
        try enter("number")
        guard let number = state.withLock({ $0.numbers[waba]?[id] }) else {
            throw GraphTrouble(.person, code: 100, subcode: 33, message: "Unsupported get request")
        }
        return number
    }

    func numbers(of waba: String) async throws -> [NumberFacts] {
        try enter("numbers")
        return state.withLock { ($0.numbers[waba] ?? [:]).values.sorted { $0.id < $1.id } }
    }

    func waba(_ id: String) async throws -> WABAFacts {
        try enter("waba")
        return state.withLock { $0.wabas[id] ?? WABAFacts(id: id) }
    }

    func isSubscribed(_ waba: String) async throws -> Bool {
        try enter("subscribed")
        return state.withLock { $0.subscribed.contains(waba) }
    }

    func subscribe(_ waba: String) async throws {
        try enter("subscribe")
        state.withLock { _ = $0.subscribed.insert(waba) }
    }

    func addNumber(countryCode: String, national: String, to waba: String) async throws -> String {
        try enter("add")
        return try state.withLock { state in
            let digits = countryCode + national
            if state.numbers[waba]?.values.contains(where: { $0.digits == digits }) == true {
                throw GraphTrouble(.person, code: 100, subcode: 2_388_012, message: "already in your WABA")
            }
            let id = "9\(digits.suffix(6))"
            state.numbers[waba, default: [:]][id] = NumberFacts(
                id: id, displayNumber: "+\(digits)", status: "PENDING", platformType: "NOT_APPLICABLE",
                codeVerificationStatus: "NOT_VERIFIED")
            return id
        }
    }

    func requestCode(_ number: String, of waba: String, method: String, language: String) async throws {
        try enter("request_code")
        state.withLock { $0.codes[number] = "123830" }
    }

    func verifyCode(_ number: String, of waba: String, code: Secret) async throws {
        try enter("verify_code")
        try state.withLock {
            guard $0.codes[number] == code.reveal() else { throw GraphTrouble(.person, code: 136_025, message: "code is not right") }
            $0.numbers[waba]?[number]?.codeVerificationStatus = "VERIFIED"
        }
    }

    func register(_ number: String, of waba: String, pin: Secret, dataRegion: String?) async throws {
        try enter("register")
        let lost = state.withLock {
            $0.pins[number, default: []].append(pin.reveal())
            $0.numbers[waba]?[number]?.status = "CONNECTED"
            $0.numbers[waba]?[number]?.platformType = "CLOUD_API"
            return $0.loseRegisterAnswer
        }
        if lost { throw GraphTrouble(.reconcile, message: "connection reset before an answer") }
    }

    func enableIdentityCheck(_ number: String, of waba: String) async throws {
        try enter("settings")
        state.withLock { _ = $0.identityCheck.insert(number) }
    }

    func templates(of waba: String, after cursor: String?, limit: Int) async throws -> TemplatePage {
        try enter("templates")
        return state.withLock { state in
            let all = (state.templates[waba] ?? []).sorted { $0.key < $1.key }
            let start = cursor.flatMap { Int($0) } ?? 0
            let end = min(all.count, start + limit)
            return TemplatePage(templates: Array(all[start..<end]), next: end < all.count ? "\(end)" : nil)
        }
    }

    func copyTemplates(_ request: TemplateCopyRequest) async throws -> TemplateCopyAnswer {
        try enter("migrate_message_templates")
        return state.withLock { state in
            let all = (state.templates[request.source] ?? []).sorted { $0.key < $1.key }
            var chosen = all
            if let ids = request.ids {
                chosen = all.filter { ids.contains($0.id) }
            } else if let page = request.page, let count = request.count {
                chosen = Array(all.dropFirst(page * count).prefix(count))
            }
            var answer = TemplateCopyAnswer(migrated: [], failed: [:])
            for template in chosen where template.eligibility.isEligible {
                if let reason = state.refusedTemplates[template.key.name] {
                    answer.failed[template.id] = reason
                } else if state.templates[request.destination]?.contains(where: { $0.key == template.key }) == true {
                    answer.failed[template.id] = "already exists"
                } else {
                    var copy = template
                    copy.id = "7\(template.id)"
                    copy.quality = "UNKNOWN"
                    state.templates[request.destination, default: []].append(copy)
                    answer.migrated.append(copy.id)
                }
            }
            return answer
        }
    }
}

/// A gateway that delivers, or fails, what it is told to.
final class FakeGateway: MigrationGateway {
    struct State {
        var senders: [NewSender] = []
        var messages: [UUID: TestMessage] = [:]
        var keys: [String: UUID] = [:]
        var outcome = TestOutcome(state: "delivered", reason: nil)
        var refuse: String?
    }

    let state = Mutex(State())
    let engine: ScriptedEngine

    init(engine: ScriptedEngine) { self.engine = engine }

    func addSender(_ sender: NewSender, on db: PostgresConnection) async throws { state.withLock { $0.senders.append(sender) } }

    func submitTest(_ message: TestMessage, run: String, on db: PostgresConnection) async throws -> UUID {
        let id = try state.withLock { state -> UUID in
            if let refuse = state.refuse { throw TestRefusal(code: "100", message: refuse) }
            if let known = state.keys[message.idempotencyKey] { return known }
            let id = UUID()
            state.messages[id] = message
            state.keys[message.idempotencyKey] = id
            return id
        }
        engine.emit(run, "message:\(id.uuidString.lowercased())", Wake(.message, by: "gateway"))
        return id
    }

    func outcome(of message: UUID) async throws -> TestOutcome { state.withLock { $0.outcome } }
}

/// Not encryption: turns bytes over, so that a test sees whether anything was stored as it is.
struct FakeSealing: Sealing {
    func seal(_ secret: Secret, for place: String) throws -> Data { Data(secret.reveal().utf8.reversed().map { $0 ^ 0x5A }) }
    func open(_ data: Data, for place: String) throws -> Secret {
        Secret(String(decoding: data.reversed().map { $0 ^ 0x5A }, as: UTF8.self))
    }
}
