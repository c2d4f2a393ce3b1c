import Foundation
import Gateway
import Hummingbird

private struct MessagePageView {
    var state: String
    var kind: String
    var reason: String?
    var bad: Bool
    var facts: [FactView]
    var why: [LineView]
    var hasWhy: Bool
    var lines: [StoryLine]
}

extension Pages {
    @Sendable func messagePage(_ request: Request, _ context: RelevoContext) async throws -> Content {
        let id = try context.uuid("id")
        guard let message = try await dependencies.gateway.message(id),
            try await isVisible(sender: message.sender, context)
        else { throw HTTPProblem.notFound("there is no message \(id.uuidString.lowercased())") }
        let why = message.state.isFinal ? [] : try await dependencies.gateway.why(id)
        let lines = try await dependencies.gateway.history(of: id).map { event in
            let word = event.kind.split(separator: ".").last.map(String.init) ?? event.kind
            return StoryLine(
                at: Drawing.time(event.occurredAt ?? event.at), state: Drawing.words(word), kind: Drawing.kind(word),
                message: [event.code.map { "(#\($0))" }, event.detail, event.wamid].compactMap { $0 }.joined(separator: " "), actor: nil)
        }
        let view = MessagePageView(
            state: Drawing.words(message.state.rawValue), kind: Drawing.kind(message.state.rawValue), reason: message.reason,
            bad: message.state == .failed,
            facts: FactView.list([
                ("Id", id.uuidString.lowercased()), ("From", message.sender), ("To", message.to),
                ("Read as", message.e164 ?? message.userID),
                ("Reading rule", message.rule.map(Drawing.words)), ("Kind", message.kind),
                ("Template", message.templateName.map { "\($0):\(message.templateLanguage ?? "")" }), ("Lane", message.lane.rawValue),
                ("Attempts", String(message.attempts)), ("Identity hash", message.hashAttached ? "attached" : "not attached"),
                ("Handed in", Drawing.time(message.createdAt)), ("Accepted", Drawing.time(message.acceptedAt)),
                ("Delivered", Drawing.time(message.deliveredAt)), ("Read", Drawing.time(message.readAt)),
                ("Failed", Drawing.time(message.failedAt)), ("Expires", Drawing.time(message.expiresAt)), ("Meta's id", message.wamid),
                ("Tag", message.tag),
            ]),
            why: why.map { reason in LineView(line: reason.text + (reason.until.map { ", until \(Drawing.time($0))" } ?? "")) },
            hasWhy: !why.isEmpty, lines: lines)
        return Content(title: "Message", template: "message", view: view, section: nil, now: try await now())
    }

    func isVisible(sender: String, _ context: RelevoContext) async throws -> Bool {
        guard let caller = context.caller else { return false }
        return try await dependencies.isVisible(sender: sender, to: caller.clientID)
    }
}
