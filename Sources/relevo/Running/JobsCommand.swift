import App
import ArgumentParser
import Foundation
import Jobs

/// The work of all workers, for whoever has to hold it or look into it.
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Work that is queued, paused or given up.",
        discussion: """
            Kinds: \(Kind.allCases.map { "\($0.rawValue) (\($0.words))" }.joined(separator: ", ")). A lane is what limits are kept for: \
            number:PHONE_NUMBER_ID, or workflow.
            """,
        subcommands: [Status.self, Pause.self, Resume.self, Dead.self, Redrive.self])

    enum Kind: String, CaseIterable, ExpressibleByArgument, Sendable {
        case send, webhook, workflow

        var words: String {
            switch self {
            case .send: "messages"
            case .webhook: "webhooks taken in"
            case .workflow: "migrations, copies, rebuilds"
            }
        }
    }

    /// Everything, a kind, or a lane.
    struct Target: ParsableArguments {
        @Option(help: "Only this kind of job.") var kind: Kind?
        @Option(help: ArgumentHelp("Only this lane.", valueName: "key")) var lane: String?

        func validate() throws {
            if kind != nil, lane != nil { throw ValidationError("--kind and --lane: one of the two, or none for everything.") }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What is queued, what runs, what is paused and by whom.")
        @OptionGroup var common: Common

        func run() async throws {
            let report = try await common.with { try await JobsReport.read($0) }
            try common.show(report, report.words)
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold everything, a kind, or a lane.",
            discussion: "Once it returns, nothing that is held begins any more; what had begun before is finished.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @OptionGroup var target: Target
        @Option(help: "Why.") var reason: String

        func run() async throws {
            let (target, name, reason) = (target, actor.name, reason)
            let report = try await common.with { parts in
                if let kind = target.kind {
                    try await KindPauses.pause(kind.rawValue, by: name, reason: reason, on: parts.client)
                } else if let lane = target.lane {
                    try await known(lane, parts)
                    try await Lanes.pause(lane, reason: reason, by: name, on: parts.client)
                    try await Lanes.awaitIntents(on: parts.client)
                } else {
                    try await Lanes.pauseEverything(by: name, reason: reason, on: parts.client)
                }
                return try await JobsReport.read(parts)
            }
            try common.show(report, report.words)
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let go on what was held.", discussion: "Without --kind or --lane: what was held with neither. Other pauses stay.")
        @OptionGroup var common: Common
        @OptionGroup var target: Target

        func run() async throws {
            let target = target
            let report = try await common.with { parts in
                if let kind = target.kind {
                    try await KindPauses.resume(kind.rawValue, on: parts.client)
                } else if let lane = target.lane {
                    try await known(lane, parts)
                    try await Lanes.resume(lane, on: parts.client)
                } else {
                    try await Lanes.resumeEverything(on: parts.client)
                }
                return try await JobsReport.read(parts)
            }
            try common.show(report, report.words)
        }
    }

    struct Dead: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Jobs that were given up, newest first.")
        @OptionGroup var common: Common
        @Option(help: "Only this kind of job.") var kind: Kind?
        @Option(help: "How many.") var limit = 100
        @Option(help: ArgumentHelp("Those before this one.", valueName: "job")) var before: Int64?

        func validate() throws { try check("--limit", limit, 1...1000) }

        func run() async throws {
            let (kind, before, limit) = (kind?.rawValue, before, limit)
            let letters = try await common.with {
                try await DeadLetters.list(kind: kind, before: before, limit: limit, on: $0.client)
            }.map(JobsReport.Letter.init)
            try common.show(
                ["jobs": letters],
                Output.table(
                    ["job", "kind", "lane", "given up", "reason"],
                    letters.map { ["\($0.job)", $0.kind, $0.lane, Output.time($0.at), $0.reason ?? "-"] }))
        }
    }

    struct Redrive: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try jobs again that were given up, with a new budget of attempts.",
            discussion: "A message that has failed is not sent again by this: hand it in anew.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "Jobs.") var jobs: [Int64] = []
        @Option(help: "Instead of jobs: the oldest thousand of this kind.") var kind: Kind?

        func validate() throws {
            if jobs.isEmpty == (kind == nil) { throw ValidationError("Name the jobs (see relevo jobs dead), or a --kind.") }
        }

        func run() async throws {
            let (jobs, kind, name) = (jobs, kind, actor.name)
            let done = try await common.with { parts in
                var ids = jobs
                if let kind { ids = try await DeadLetters.oldest(kind: kind.rawValue, limit: 1000, on: parts.client) }
                return try await DeadLetters.redrive(ids, by: name, on: parts.client)
            }
            try common.show(["jobs": done], done.isEmpty ? "nothing to try again" : "\(done.count) jobs are tried again")
            let lost = Set(jobs).subtracting(done).sorted()
            if !lost.isEmpty { throw Failure(.failed, "not given up, or unknown: \(lost.map(String.init).joined(separator: ", "))") }
        }
    }

    private static func known(_ lane: String, _ parts: Parts) async throws {
        guard try await Lanes.state(lane, on: parts.client) == nil else { return }
        throw Failure(.rejected, "there is no lane \(lane.debugDescription); a number's is number:PHONE_NUMBER_ID")
    }
}

/// What `relevo jobs` shows.
private struct JobsReport: Encodable {
    struct Hold: Encodable {
        var what: String
        var by: String
        var reason: String
    }

    struct Letter: Encodable {
        var job: Int64
        var kind: String
        var lane: String
        var at: Date
        var reason: String?

        init(_ letter: DeadLetter) {
            (job, kind, lane, at, reason) = (letter.job, letter.kind, letter.laneKey, letter.at, letter.reason)
        }
    }

    var ready: Int
    var later: Int
    var running: Int
    var dead: Int
    var unknown: Int
    var workers: Int
    var oldestDueSeconds: Double
    var paused: [Hold]

    static func read(_ parts: Parts) async throws -> JobsReport {
        let metrics = try await JobMetrics.read(on: parts.client)
        var paused: [Hold] = []
        if let stop = try await Lanes.everythingPaused(on: parts.client) {
            paused.append(Hold(what: "everything", by: stop.by, reason: stop.reason))
        }
        paused += try await KindPauses.list(on: parts.client).map { Hold(what: "kind \($0.kind)", by: $0.by, reason: $0.reason) }
        paused += try await Lanes.paused(on: parts.client).map { Hold(what: "lane \($0.key)", by: $0.by, reason: $0.reason) }
        return JobsReport(
            ready: metrics.ready, later: metrics.later, running: metrics.running, dead: metrics.dead, unknown: metrics.unknown,
            workers: metrics.workers, oldestDueSeconds: metrics.oldestDueSeconds, paused: paused)
    }

    var words: String {
        let numbers = Output.table(
            ["ready", "later", "running", "given up", "unknown", "workers", "oldest due"],
            [["\(ready)", "\(later)", "\(running)", "\(dead)", "\(unknown)", "\(workers)", String(format: "%.1f s", oldestDueSeconds)]])
        guard !paused.isEmpty else { return numbers + "\nnothing is paused" }
        return numbers + "\n" + Output.table(["paused", "by", "why"], paused.map { [$0.what, $0.by, $0.reason] })
    }
}
