import Foundation
import Hummingbird
import Quality
import Templates

private struct RebuildsView {
    var rebuilds: [RebuildLine]
    var hasRebuilds: Bool
}

private struct RebuildView {
    struct Step {
        var step: String
        var began: String
        var target: String
        var sent: String
        var arrived: String
        var read: String
        var failed: String
        var bad: String
        var state: String
        var decision: String
    }
    struct VerdictLine {
        var at: String
        var decision: String
        var kind: String
        var reason: String
        var step: String
        var moment: String
    }
    struct ActionLine {
        var at: String
        var action: String
        var why: String
        var actor: String
    }
    var template: String
    var state: String
    var kind: String
    var reason: String?
    var bad: Bool
    var profile: String
    var figures: [FactView]
    var chart: String
    var steps: [Step]
    var verdicts: [VerdictLine]
    var actions: [ActionLine]
    var hasActions: Bool
}

extension Pages {
    @Sendable func rebuildsPage(_ request: Request, _ context: RelevoContext) async throws -> Content {
        var filter = Rebuilds.Filter()
        filter.senders = try await dependencies.visibleSenders(context.caller?.clientID)
        let lines = try await dependencies.rebuilds.list(filter).map { RebuildLine($0) }
        return Content(
            title: "Rebuilds", template: "rebuilds", view: RebuildsView(rebuilds: lines, hasRebuilds: !lines.isEmpty), section: .rebuilds,
            now: try await now())
    }

    @Sendable func rebuildPage(_ request: Request, _ context: RelevoContext) async throws -> Content {
        let status = try await dependencies.rebuilds.status(context.id("id"))
        let rebuild = status.rebuild
        guard try await isVisible(sender: rebuild.phoneNumberID, context) else {
            throw RebuildError(.notFound, "there is no rebuild \(rebuild.id)")
        }
        // Days gone by, then those to come; the last size repeats, so that a few are enough to see where it goes.
        var columns = status.steps.map { (all: $0.counts.submitted, bad: $0.counts.failed) }
        let ahead = rebuild.steps.dropFirst(status.steps.count).prefix(max(0, 12 - columns.count))
        if rebuild.state != .done, rebuild.state != .stopped { columns += ahead.map { _ in (all: 0, bad: 0) } }
        let total = status.total
        let view = RebuildView(
            template: rebuild.template.description, state: Drawing.words(rebuild.state.rawValue),
            kind: Drawing.kind(rebuild.state.rawValue),
            reason: rebuild.reason, bad: rebuild.state == .stopped,
            profile:
                "\(rebuild.profile): \(rebuild.steps.prefix(8).map(String.init).joined(separator: ", "))\(rebuild.steps.count > 8 ? ", …" : "")",
            figures: FactView.list([
                ("quality", rebuild.quality), ("template", rebuild.templateStatus), ("recipients", Drawing.number(rebuild.recipients)),
                ("waiting", Drawing.number(rebuild.waiting)), ("sent", Drawing.number(total.submitted)),
                ("arrived", Drawing.number(total.arrived)), ("read", Drawing.number(total.read)), ("failed", Drawing.number(total.failed)),
                ("blocked or reported", Drawing.number(total.bad)), ("next step", Drawing.time(rebuild.nextStepAt)),
                ("next size", Drawing.number(rebuild.nextSize)),
            ]),
            chart: Drawing.columns(
                columns, label: "messages sent by day: " + status.steps.map { String($0.counts.submitted) }.joined(separator: ", ")),
            steps: status.steps.map { step in
                RebuildView.Step(
                    step: String(step.step), began: Drawing.time(step.startedAt), target: Drawing.number(step.target),
                    sent: Drawing.number(step.counts.submitted), arrived: Drawing.number(step.counts.arrived),
                    read: Drawing.number(step.counts.read), failed: Drawing.number(step.counts.failed),
                    bad: Drawing.number(step.counts.bad),
                    state: step.state, decision: step.decision?.rawValue ?? "")
            },
            verdicts: status.verdicts.prefix(60).map { verdict in
                RebuildView.VerdictLine(
                    at: Drawing.time(verdict.at), decision: Drawing.words(verdict.decision.rawValue),
                    kind: Drawing.kind(verdict.decision.rawValue), reason: verdict.reason, step: String(verdict.step),
                    moment: Drawing.words(verdict.moment))
            },
            actions: status.actions.map { .init(at: Drawing.time($0.at), action: $0.action, why: $0.why, actor: $0.actor) },
            hasActions: !status.actions.isEmpty)
        return Content(title: rebuild.template.description, template: "rebuild", view: view, section: .rebuilds, now: try await now())
    }
}
