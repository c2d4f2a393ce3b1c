import App
import ArgumentParser
import Foundation

@main
enum Main {
    /// Parses, runs, and ends with the exit code that is promised: 2 for wrong usage, not the library's 64.
    static func main() async {
        // A pipe that is closed early ends the output, not the process by signal.
        signal(SIGPIPE, SIG_IGN)
        var command: any ParsableCommand
        do {
            command = try Relevo.parseAsRoot()
        } catch {
            endParsing(error)
        }
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(error)
        }
    }

    /// Wrong usage, or what comes as an error too: help, version, completion scripts.
    private static func endParsing(_ error: any Error) -> Never {
        let text = Relevo.fullMessage(for: error)
        if Relevo.exitCode(for: error).isSuccess {
            Output.line(text)
            exit(ExitStatus.done.rawValue)
        }
        Output.problem(text)
        exit(ExitStatus.wrongUsage.rawValue)
    }

    private static func end(_ error: any Error) -> Never {
        // Help is a command whose running is an error, and a group without a subcommand shows its help.
        let code = Relevo.exitCode(for: error)
        if code.isSuccess || code == .validationFailure { endParsing(error) }
        if error is CancellationError { exit(ExitStatus.failed.rawValue) }
        let failure = Failure(error)
        if !failure.message.isEmpty { Output.problem("relevo: \(failure.message)") }
        exit(failure.status.rawValue)
    }
}

struct Relevo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relevo",
        abstract: "Moves fleets of WhatsApp Business numbers to Meta's Cloud API, and sends for them afterwards.",
        discussion: """
            Settings come from the environment, or from the JSON file given by --config (the same names in lower case without RELEVO_):
            \(Setting.table)

            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 input rejected, 4 needs a person, 5 a dependency is unreachable.
            """,
        version: version,
        subcommands: [
            Up.self, Serve.self, Work.self, DatabaseCommand.self, DoctorCommand.self, JobsCommand.self, SandboxCommand.self,
            FleetCommand.self,
            PlanCommand.self,
            MigrationCommand.self, TemplatesCommand.self, SenderCommand.self, CredentialCommand.self, KeyCommand.self, Send.self,
            MessagesCommand.self, WhyMessage.self, OverridesCommand.self, LimitsCommand.self, RelayCommand.self, WebhooksCommand.self,
            RecipientsCommand.self,
            RebuildCommand.self,
            PhoneCommand.self,
            Rehearse.self,
            BenchCommand.self,
        ])

    static let version = "0.1.0"
}
