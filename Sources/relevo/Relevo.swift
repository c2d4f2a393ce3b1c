import ArgumentParser

@main
struct Relevo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "relevo", abstract: "Moves fleets of WhatsApp Business numbers to Meta's Cloud API, and sends for them afterwards.")
}
