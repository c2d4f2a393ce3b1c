import App
import ArgumentParser
import Foundation
import Schema

struct DatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "db", abstract: "The schema.", subcommands: [Migrate.self, Status.self])

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Bring the database to this program's schema.")
        @OptionGroup var common: Common

        struct Result: Encodable { var applied: [String] }

        func run() async throws {
            let applied = try await migrator(common) { try await $0.migrate() }
            try common.show(
                Result(applied: applied), applied.isEmpty ? "up to date, nothing to do" : "applied \(applied.joined(separator: ", "))")
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Which files of the schema are applied.")
        @OptionGroup var common: Common

        struct File: Encodable {
            var file: String
            var applied: Date?
            var state: String
        }

        func run() async throws {
            let files = try await migrator(common) { try await $0.status() }.map { status in
                File(
                    file: status.file, applied: status.applied,
                    state: !status.isKnown
                        ? "of a newer program" : !status.checksumOK ? "changed" : status.applied == nil ? "pending" : "applied")
            }
            try common.show(
                ["files": files], Output.table(["file", "state", "applied"], files.map { [$0.file, $0.state, Output.time($0.applied)] }))
            if files.contains(where: { $0.state != "applied" }) { throw Failure(.failed, "") }
        }
    }
}

private func migrator<T: Sendable>(_ common: Common, _ body: (SchemaMigrator) async throws -> T) async throws -> T {
    let settings = try common.settings()
    let logger = common.quietLogger(settings)
    let database = try await Database.open(settings, logger: logger)
    do {
        let value = try await Database.explained(database.configuration) {
            try await body(SchemaMigrator(configuration: database.configuration, logger: logger))
        }
        await database.close()
        return value
    } catch {
        await database.close()
        throw error
    }
}
