import Foundation
import Gateway
import Hummingbird
import Migration

/// A name and a value on a page.
struct FactView {
    var name: String
    var value: String

    /// Those that have a value.
    static func list(_ facts: [(String, String?)]) -> [FactView] {
        facts.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : FactView(name: name, value: $0) } }
    }
}

struct LineView { var line: String }

struct StoryLine {
    var at: String
    var state: String
    var kind: String
    var message: String
    var actor: String?
}

private struct NumbersView {
    struct Row {
        var path: String
        var ref: String
        var client: String
        var number: String
        var wave: String
        var state: String
        var kind: String
        var cutover: String
        var reason: String
    }
    var filter: String?
    var rows: [Row]
    var hasRows: Bool
    var next: String?
}

private struct NumberView {
    struct Message {
        var path: String
        var at: String
        var to: String
        var what: String
        var state: String
        var kind: String
        var reason: String
    }
    struct Call {
        var at: String
        var outcome: String
    }
    struct Check {
        var code: String
        var message: String
        var remedy: String
    }
    var ref: String
    var state: String
    var kind: String
    var reason: String?
    var bad: Bool
    var facts: [FactView]
    var why: [LineView]
    var hasWhy: Bool
    var findings: [Check]
    var hasFindings: Bool
    var lines: [StoryLine]
    var calls: [Call]
    var hasCalls: Bool
    var messages: [Message]
    var hasMessages: Bool
}

extension Pages {
    @Sendable func numbersPage(_ request: Request, _ context: RelevoContext) async throws -> Content {
        var filter = Migrations.Filter()
        filter.client = context.caller?.clientID
        filter.state = request.query("state").flatMap(NumberState.init)
        filter.after = request.query("cursor")
        filter.limit = 200
        let numbers = try await dependencies.migrations.list(filter)
        let rows = numbers.map { number in
            NumbersView.Row(
                path: "/numbers/\(Self.escapedPath(number.rowRef))", ref: number.rowRef, client: number.clientID, number: number.e164,
                wave: String(number.wave), state: Drawing.words(number.state.rawValue), kind: Drawing.kind(number.state.rawValue),
                cutover: Drawing.time(number.registeredAt ?? number.cutoverStart), reason: number.reason ?? "")
        }
        var next: String?
        if numbers.count == filter.limit, let last = numbers.last {
            next = "/numbers?cursor=\(Self.escapedPath(last.rowRef))" + (filter.state.map { "&state=\($0.rawValue)" } ?? "")
        }
        let view = NumbersView(filter: filter.state.map { Drawing.words($0.rawValue) }, rows: rows, hasRows: !rows.isEmpty, next: next)
        return Content(title: "Numbers", template: "numbers", view: view, section: .numbers, now: try await now())
    }

    @Sendable func numberPage(_ request: Request, _ context: RelevoContext) async throws -> Content {
        let ref = try context.part("ref")
        let story = try await dependencies.migrations.show(ref)
        let number = story.number
        guard context.caller?.sees(client: number.clientID) ?? false else { throw MigrationError.unknown(ref) }
        let why = number.state == .done ? [] : try await dependencies.migrations.why(ref).lines
        var messages: [NumberView.Message] = []
        // The number may have become another client's since.
        if let id = number.phoneNumberID, try await isVisible(sender: id, context) {
            var filter = MessageFilter(senders: [id])
            filter.limit = 30
            messages = try await dependencies.gateway.messages(filter).messages.map { message in
                NumberView.Message(
                    path: "/messages/\(message.id.uuidString.lowercased())", at: Drawing.time(message.createdAt),
                    to: message.e164 ?? message.userID ?? message.to, what: message.templateName.map { "template \($0)" } ?? message.kind,
                    state: Drawing.words(message.state.rawValue), kind: Drawing.kind(message.state.rawValue), reason: message.reason ?? "")
            }
        }
        let view = NumberView(
            ref: number.rowRef, state: Drawing.words(number.state.rawValue), kind: Drawing.kind(number.state.rawValue),
            reason: number.reason, bad: number.state == .failed, facts: Self.facts(number), why: why.dropFirst().map { LineView(line: $0) },
            hasWhy: why.count > 1, findings: story.findings.map { .init(code: $0.code, message: $0.message, remedy: $0.remedy) },
            hasFindings: !story.findings.isEmpty,
            lines: story.story.map {
                StoryLine(
                    at: Drawing.time($0.at), state: Drawing.words($0.state), kind: Drawing.kind($0.state), message: $0.message,
                    actor: $0.actor)
            },
            calls: story.registerCalls.map { .init(at: Drawing.time($0.calledAt), outcome: $0.outcome ?? "no answer recorded") },
            hasCalls: !story.registerCalls.isEmpty, messages: messages, hasMessages: !messages.isEmpty)
        return Content(title: number.rowRef, template: "number", view: view, section: .numbers, now: try await now())
    }

    private static func facts(_ number: NumberRecord) -> [FactView] {
        FactView.list([
            ("Number", number.e164), ("Client", number.clientID), ("Route", Drawing.words(number.route)),
            ("Wave", number.wave == 0 ? "0 canary" : String(number.wave)), ("Plan", String(number.planID)), ("Step", number.step),
            ("From WABA", number.sourceWABA), ("To WABA", number.destWABA), ("Code due", Drawing.time(number.otpStart)),
            ("Operator", number.operatorID), ("Code", number.codeState == "none" ? nil : number.codeState),
            ("Verified", Drawing.time(number.verifiedAt)),
            ("Cut-over", "\(Drawing.time(number.cutoverStart)) to \(Drawing.time(number.cutoverEnd))"),
            ("Registered", Drawing.time(number.registeredAt)), ("Done", Drawing.time(number.doneAt)),
            ("Old phone number id", number.sourcePhoneNumberID), ("Phone number id", number.phoneNumberID),
        ])
    }
}
