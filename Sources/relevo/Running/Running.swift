import App
import ArgumentParser

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run every role in one process; brings the schema up to date first.")
    @OptionGroup var common: Common

    func run() async throws { try await start(.all, common, migrate: true) }
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Answer HTTP only.")
    @OptionGroup var common: Common

    func run() async throws { try await start(.serve, common, migrate: false) }
}

struct Work: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Carry jobs out only.")
    @OptionGroup var common: Common

    func run() async throws { try await start(.work, common, migrate: false) }
}

private func start(_ roles: Roles, _ common: Common, migrate: Bool) async throws {
    let settings = try common.settings()
    try await Roles.run(roles, settings: settings, version: Relevo.version, migrate: migrate, logger: settings.makeLogger("relevo"))
}
