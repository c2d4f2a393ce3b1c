import App
import ArgumentParser
import Fleet
import Foundation
import Migration

struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "The numbers to move.", subcommands: [Check.self, Import.self, List.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Check a fleet file; no database is needed.")
        @OptionGroup var common: Common
        @OptionGroup var file: FleetInput

        func run() async throws {
            // The rows themselves are not needed: a file of any length is checked in little memory.
            let fleet = try FleetInput.read(file.file, encoding: file.encoding, keepsRows: false)
            let report = FleetReport(file: file.file, fleet: fleet)
            try common.show(report, report.text)
            if !fleet.problems.isEmpty { throw Failure(.rejected, "") }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Store a fleet file as a new revision; the file is the whole fleet.")
        @OptionGroup var common: Common
        @OptionGroup var file: FleetInput
        @OptionGroup var actor: Actor
        @Flag(help: "Import the good rows of a file with errors.") var acceptGoodRows = false

        struct Result: Encodable {
            var revision: FleetRevision
            var unchanged: Bool
            var added: [String]
            var changed: [String]
            var removed: [String]
            var problems: [FleetProblem]
        }

        func run() async throws {
            let fleet = try file.read()
            if !fleet.problems.isEmpty && !acceptGoodRows {
                let report = FleetReport(file: file.file, fleet: fleet)
                try common.show(report, report.text)
                throw Failure(.rejected, "nothing was imported; correct the file, or import its good rows with --accept-good-rows")
            }
            let (file, name, accept) = (file, actor.name, acceptGoodRows)
            let done = try await common.with { parts in
                try await parts.migrations.fleet.importFile(
                    fleet, name: URL(fileURLWithPath: file.file).lastPathComponent, by: name, acceptGoodRows: accept)
            }
            let result = Result(
                revision: done.revision, unchanged: done.unchanged, added: done.added, changed: done.changed, removed: done.removed,
                problems: done.problems)
            let words =
                done.unchanged
                ? "nothing has changed; revision \(done.revision.id) holds \(done.revision.rows) rows"
                : "revision \(done.revision.id): \(done.revision.rows) rows; \(done.added.count) added, \(done.changed.count) changed, \(done.removed.count) removed, \(done.revision.rejected) rejected"
            try common.show(result, ([words] + done.problems.map(FleetReport.line)).joined(separator: "\n"))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The stored fleet, and its revisions.")
        @OptionGroup var common: Common
        @Flag(help: "List the imports rather than the rows.") var revisions = false

        struct Row: Encodable, Sendable {
            var row_ref: String
            var client_id: String
            var e164: String
            var route: String
            var source_waba_id: String?
            var dest_waba_id: String
            var time_zone: String
        }

        func run() async throws {
            if revisions {
                let list = try await common.with { try await $0.migrations.fleet.revisions() }
                return try common.show(
                    ["revisions": list],
                    Output.table(
                        ["revision", "imported", "by", "file", "rows", "added", "changed", "removed", "rejected"],
                        list.map {
                            [
                                "\($0.id)", Output.time($0.importedAt), $0.importedBy, $0.fileName, "\($0.rows)", "\($0.added)",
                                "\($0.changed)",
                                "\($0.removed)", "\($0.rejected)",
                            ]
                        }))
            }
            let rows = try await common.with { parts -> [Row] in
                guard let (_, fleet, _) = try await parts.migrations.fleet.current() else { return [] }
                return fleet.rows.map {
                    Row(
                        row_ref: $0.rowRef, client_id: $0.clientID, e164: $0.e164, route: $0.route.rawValue, source_waba_id: $0.sourceWABA,
                        dest_waba_id: $0.destWABA, time_zone: $0.fields["time_zone"] ?? "")
                }
            }
            try common.show(
                ["rows": rows],
                Output.table(
                    ["row", "client", "number", "route", "source WABA", "destination WABA", "time zone"],
                    rows.map { [$0.row_ref, $0.client_id, $0.e164, $0.route, $0.source_waba_id ?? "-", $0.dest_waba_id, $0.time_zone] }))
        }
    }
}

/// A fleet file on the command line.
struct FleetInput: ParsableArguments {
    @Argument(help: ArgumentHelp("The fleet file (CSV); - is stdin.", valueName: "file")) var file: String
    @Option(help: "utf-8 or latin1.") var encoding = "utf-8"

    func read() throws -> FleetFile { try Self.read(file, encoding: encoding) }

    /// Reads a file, or stdin, as it comes. Throws `Failure` for one that cannot be read at all; what is wrong in it is listed in the result.
    static func read(_ file: String, encoding: String, keepsRows: Bool = true) throws -> FleetFile {
        guard let form = FileEncoding(rawValue: encoding.lowercased()) else {
            throw Failure(.wrongUsage, "--encoding: found \(encoding.debugDescription); expected utf-8 or latin1")
        }
        var reader = FleetReader(encoding: form, keepsRows: keepsRows)
        do {
            let handle = file == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { reader.feed(piece) }
        } catch {
            throw Failure(.wrongUsage, "\(file) cannot be read: \((error as NSError).localizedDescription)")
        }
        return reader.finish()
    }
}

/// What is wrong with a fleet file, line by line.
struct FleetReport: Encodable {
    var file: String
    var rows: Int
    var good: Int
    var problems: [FleetProblem]
    var warnings: [String]

    init(file: String, fleet: FleetFile) {
        self.file = file
        rows = fleet.rowCount
        good = fleet.goodCount
        problems = fleet.problems
        warnings = fleet.warnings
    }

    static func line(_ problem: FleetProblem) -> String {
        let value = problem.value.map { " \(String($0.prefix(80)).debugDescription)" } ?? ""
        return "line \(problem.line)\(problem.column.map { ", \($0)" } ?? ""): \(problem.code):\(value) \(problem.message)"
    }

    var text: String {
        let head = "\(file): \(rows) rows, \(good) good" + (problems.isEmpty ? "" : ", \(problems.count) problems")
        return (problems.map(Self.line) + warnings.map { "note: \($0)" } + [head]).joined(separator: "\n")
    }
}
