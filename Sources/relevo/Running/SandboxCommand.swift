import App
import ArgumentParser
import CloudAPI
import Fleet
import Foundation
import Logging
import Sandbox

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Run a simulated Cloud API to rehearse against.",
        discussion: """
            Secrets come from the environment: RELEVO_APP_SECRET signs its webhooks, RELEVO_WEBHOOK_VERIFY_TOKEN is what it verifies them with,
            RELEVO_SANDBOX_TOKEN lists the access tokens it takes, by commas (none: it takes every one).
            """)
    @OptionGroup var common: Common
    @Option(help: "Address to listen on.") var host = "127.0.0.1"
    @Option(help: "Port; 0 takes a free one.") var port = 8090
    @Option(help: "Everything that looks like chance follows from it.") var seed: UInt64 = 1
    @Option(help: "Business seconds in one real second.") var speed = 1.0
    @Option(help: ArgumentHelp("A scenario in JSON.", valueName: "file")) var scenario: String?
    @Option(help: ArgumentHelp("A fleet file; the scenario is made of it.", valueName: "file")) var fleet: String?
    @Option(name: .customLong("webhook-url"), help: ArgumentHelp("Where webhooks go.", valueName: "url")) var webhookURL: String?
    @Option(help: ArgumentHelp("Business time at the start; now if not given.", valueName: "time")) var start: String?
    @Option(help: ArgumentHelp("A file that gets a JSON line for every request.", valueName: "file")) var log: String?

    func validate() throws {
        if scenario != nil && fleet != nil { throw ValidationError("--scenario and --fleet exclude each other.") }
        if speed < 0 || !speed.isFinite { throw ValidationError("--speed: found \(speed); expected 0 or more.") }
        if !(0...65535).contains(port) { throw ValidationError("--port: found \(port); expected 0 to 65535.") }
    }

    func run() async throws {
        let settings = try common.settings()
        let logger = settings.makeLogger("sandbox")
        let tokens = (ProcessInfo.processInfo.environment["RELEVO_SANDBOX_TOKEN"] ?? "").split(separator: ",").map(String.init)
        let server = SandboxServer(
            settings: SandboxSettings(
                host: host, port: port, seed: seed, speed: speed, startAt: try start.map { try readTime($0, "--start") },
                appSecret: settings.appSecrets.first?.reveal() ?? "", webhookURL: webhookURL, verifyToken: settings.verifyToken?.reveal(),
                accessTokens: tokens, scenario: try world(), logFile: log),
            logger: logger)
        let said = Task { [host, common] in
            let bound = try await server.boundPort
            let url = "http://\(host):\(bound)"
            if common.json { try Output.jsonLine(["url": url]) } else { Output.line("the sandbox listens on \(url)") }
        }
        defer { said.cancel() }
        try await Roles.run([server], logger: logger)
    }

    private func world() throws -> SandboxScenario {
        if let scenario {
            do {
                return try SandboxScenario(contentsOf: URL(fileURLWithPath: scenario))
            } catch {
                throw Failure(.wrongUsage, "\(scenario) is not a scenario: \(error)")
            }
        }
        guard let fleet else { return SandboxScenario() }
        return SandboxScenario.fleet(FleetFile.read(Array(try readFile(fleet))), seed: seed)
    }
}
