import Foundation
import Gateway
import Hummingbird

private struct OverridesView {
    struct Line {
        var key: String
        var what: String
        var kind: String
        var since: String
        var until: String
        var count: String
        var reason: String
        var message: String?
    }
    var overrides: [Line]
    var hasOverrides: Bool
}

extension Pages {
    @Sendable func overridesPage(_ request: Request, _ context: RelevoContext) async throws -> Content {
        let lines = try await dependencies.gateway.overrides(clientID: context.caller?.clientID).map { override in
            OverridesView.Line(
                key: override.key, what: Drawing.words(override.kind.rawValue), kind: override.kind == .senderStopped ? "bad" : "warn",
                since: Drawing.time(override.since), until: override.until.map { Drawing.time($0) } ?? "until it is lifted",
                count: override.count.map { Drawing.number($0) } ?? "", reason: override.reason,
                message: override.messageID.map { "/messages/\($0.uuidString.lowercased())" })
        }
        return Content(
            title: "Overrides", template: "overrides", view: OverridesView(overrides: lines, hasOverrides: !lines.isEmpty), section: nil,
            now: try await now())
    }
}
