import App
import ArgumentParser
import CloudAPI
import Fleet
import Foundation

struct Rehearse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Drive a fleet through a rehearsal against a sandbox, as a person and the clients would.",
        discussion: """
            Wants `relevo up` with RELEVO_REHEARSAL=true on the same database, and `relevo sandbox --fleet FILE` behind RELEVO_GRAPH_URL. Can be \
            stopped and run again at any moment. Exits with 0 only when everything was as it must be.
            """)
    @OptionGroup var common: Common
    @Option(help: ArgumentHelp("The fleet file.", valueName: "file")) var fleet: String
    @Option(help: ArgumentHelp("PLANNING.json.", valueName: "file")) var settings: String
    @Option(help: ArgumentHelp("OPERATORS.csv.", valueName: "file")) var operators: String?
    @Option(help: ArgumentHelp("The sandbox; RELEVO_GRAPH_URL if not given.", valueName: "url")) var graph: String?
    @Option(help: "Recipients of the rebuild at the end.") var recipients = 60
    @Option(help: "Steps of its ramp to wait for.") var steps = 3
    @Option(help: ArgumentHelp("Give up after this long.", valueName: "seconds")) var limit = 1200.0

    func validate() throws {
        if !(1...10_000).contains(recipients) { throw ValidationError("--recipients: found \(recipients); expected 1 to 10000.") }
        if !(1...100).contains(steps) { throw ValidationError("--steps: found \(steps); expected 1 to 100.") }
    }

    func run() async throws {
        let settings = try common.settings()
        guard settings.isRehearsal else {
            throw Failure(
                .wrongUsage, "RELEVO_REHEARSAL is not true: a rehearsal wants a sandbox behind RELEVO_GRAPH_URL, and nothing else")
        }
        let file = FleetFile.read(Array(try readFile(fleet)))
        if file.rows.isEmpty { throw Failure(.rejected, FleetReport(file: fleet, fleet: file).text) }
        var options = Rehearsal.Options(
            fleet: file, fileName: URL(fileURLWithPath: fleet).lastPathComponent, settings: try readFile(self.settings),
            operators: try operators.map(readFile), sandboxURL: graph ?? settings.graphURL)
        let tokens = (ProcessInfo.processInfo.environment["RELEVO_SANDBOX_TOKEN"] ?? "").split(separator: ",")
        if let token = tokens.first { options.token = Secret(String(token)) }
        options.recipients = recipients
        options.rampSteps = steps
        options.limit = limit
        let wanted = options
        let summary = try await common.with { try await Rehearsal.run($0, wanted) { Output.progress($0) } }
        try common.show(summary, summary.text)
        if !summary.problems.isEmpty { throw Failure(.failed, "") }
    }
}
