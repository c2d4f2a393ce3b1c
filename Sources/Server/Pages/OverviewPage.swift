import Foundation
import Hummingbird
import Migration
import Quality
import Templates

/// One state in a table.
struct StateView {
    var key: String
    var name: String
    var kind: String
    var count: String
    var share: String

    /// States in the order given, then any others by name; those without a number are left out.
    static func list(_ counts: [String: Int], order: [String]) -> [StateView] {
        let total = max(1, counts.values.reduce(0, +))
        let known = order + counts.keys.filter { !order.contains($0) }.sorted()
        return known.compactMap { name in
            guard let count = counts[name], count > 0 else { return nil }
            let share = Double(count) / Double(total) * 100
            return StateView(
                key: name, name: Drawing.words(name), kind: Drawing.kind(name), count: Drawing.number(count),
                share: share < 1 ? "under 1 %" : "\(Int(share.rounded())) %")
        }
    }
}

struct RebuildLine {
    var path: String
    var template: String
    var number: String
    var state: String
    var kind: String
    var quality: String
    var step: String
    var sent: String
    var recipients: String
    var next: String

    init(_ record: RebuildRecord) {
        path = "/rebuilds/\(record.id)"
        template = record.template.description
        number = record.phoneNumberID
        state = Drawing.words(record.state.rawValue)
        kind = Drawing.kind(record.state.rawValue)
        quality = record.quality
        step = String(record.step)
        sent = Drawing.number(record.submitted)
        recipients = Drawing.number(record.recipients)
        next = Drawing.time(record.nextStepAt)
    }
}

private struct OverviewView {
    struct Wave {
        var wave: String
        var done: String
        var count: String
        var first: String
        var last: String
        var note: String?
    }
    struct Window {
        var start: String
        var relative: String
        var task: String
        var row: String
        var path: String?
        var client: String
        var wave: String
        var person: String
        var state: String
        var kind: String
        var strip: String
    }
    struct Attention {
        var kind: String
        var subject: String
        var reason: String
        var path: String
    }

    var total: String
    var plan: String?
    var states: [StateView]
    var hasStates: Bool
    var stack: String
    var waves: [Wave]
    var templates: String?
    var attention: [Attention]
    var hasAttention: Bool
    var attentionCount: String
    var windows: [Window]
    var hasWindows: Bool
    var windowCount: String
    var chart: String
    var messagesHour: String
    var peak: String
    var failedHour: String
    var messageStates: [StateView]
    var hasMessages: Bool
    var rebuilds: [RebuildLine]
    var hasRebuilds: Bool

    init(_ overview: Overview) {
        let order = NumberState.allCases.map(\.rawValue)
        let numbers = overview.states.values.reduce(0, +)
        total = "\(Drawing.number(numbers)) \(numbers == 1 ? "number" : "numbers")"
        plan = overview.progress?.plan.map(String.init)
        states = StateView.list(overview.states, order: order)
        hasStates = !states.isEmpty
        // The bar goes from done to not begun, so that it fills from the left.
        let filling =
            ["done", "testing", "cutting_over", "verified"]
            + order.filter { !["done", "testing", "cutting_over", "verified"].contains($0) }
        stack = Drawing.stack(filling.map { ($0, overview.states[$0] ?? 0) })
        waves = (overview.progress?.waves ?? []).map { wave in
            Wave(
                wave: wave.wave == 0 ? "0 canary" : String(wave.wave), done: Drawing.number(wave.states["done"] ?? 0),
                count: Drawing.number(wave.states.values.reduce(0, +)), first: Drawing.time(wave.firstStart),
                last: Drawing.time(wave.lastEnd),
                note: wave.released ? "released by a person" : wave.frozen ? "held by a failure before it" : nil)
        }
        if let progress = overview.progress, progress.templatesCopied + progress.templatesVerified + progress.templatesRefused > 0 {
            templates =
                "Templates: \(Drawing.number(progress.templatesCopied)) copied, \(Drawing.number(progress.templatesVerified)) proved the same, "
                + "\(Drawing.number(progress.templatesRefused)) refused by Meta."
        }
        attention = overview.attention.map {
            Attention(
                kind: $0.kind, subject: $0.kind == "message" ? String($0.subject.prefix(8)) : $0.subject, reason: $0.reason, path: $0.path)
        }
        hasAttention = !attention.isEmpty
        attentionCount = Drawing.number(max(attention.count, overview.progress?.needsPerson ?? 0))
        let last = overview.windows.map(\.end).max() ?? overview.now
        windows = overview.windows.map { window in
            Window(
                start: Drawing.time(window.start), relative: Drawing.relative(window.start, to: overview.now), task: Self.task(window.kind),
                row: window.rowRef ?? window.id.replacing("copy:", with: ""),
                path: window.rowRef.map { "/numbers/\(Pages.escapedPath($0))" },
                client: window.client ?? "", wave: window.wave.map(String.init) ?? "", person: window.operatorID ?? "",
                state: Drawing.words(window.state), kind: Drawing.kind(window.state),
                strip: Drawing.strip(from: window.start, to: window.end, now: overview.now, until: last))
        }
        hasWindows = !windows.isEmpty
        windowCount = String(windows.count)
        let hour = overview.minutes.reduce(0) { $0 + $1.messages }
        messagesHour = Drawing.number(hour)
        peak = Drawing.number(overview.minutes.map(\.messages).max() ?? 0)
        failedHour = Drawing.number(overview.minutes.reduce(0) { $0 + $1.failed })
        chart = Drawing.columns(
            overview.minutes.map { ($0.messages, $0.failed) }, label: "messages handed in, by minute, over the last hour: \(hour) in all")
        messageStates = StateView.list(
            overview.messages,
            order: ["queued", "held", "sending", "accepted", "sent", "delivered", "read", "failed", "unknown", "expired", "cancelled"])
        hasMessages = !messageStates.isEmpty
        rebuilds = overview.rebuilds.prefix(10).map { RebuildLine($0) }
        hasRebuilds = !rebuilds.isEmpty
    }

    static func task(_ kind: String) -> String {
        switch kind {
        case "otp": "Code read aloud"
        case "cutover": "Cut-over"
        case "template_copy": "Template copy"
        default: Drawing.words(kind)
        }
    }
}

extension Pages {
    @Sendable func overviewPage(_ request: Request, _ context: RelevoContext) async throws -> Content {
        let snapshot = try await overview.snapshot(client: context.caller?.clientID)
        return Content(title: "Overview", template: "overview", view: OverviewView(snapshot), section: .overview, now: snapshot.now)
    }
}
