import App
import ArgumentParser
import Foundation
import PhoneNumbers

struct PhoneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "phone", abstract: "Phone numbers.", subcommands: [Normalize.self])

    struct Normalize: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read one number a line from stdin and write one line each, in order.",
            discussion: "Never stops on a bad number; what is wrong with it stands in its line.")
        @Option(help: ArgumentHelp("Numbers without a plus are national numbers of this region.", valueName: "XX")) var region: String?
        @Option(help: ArgumentHelp("Country of the sending number, for numbers with neither plus nor region.", valueName: "XX"))
        var senderCountry: String?
        @Flag(help: "Write JSON on a terminal too; a pipe always gets JSON.") var json = false

        func run() throws {
            let json = json || isatty(1) == 0
            while let input = readLine(strippingNewline: true) {
                let reading = PhoneNumberReader.read(input, region: region, senderCountry: senderCountry)
                if json {
                    try Output.jsonLine(reading)
                } else {
                    Output.line("\(input)\t\(reading.status.rawValue)\t\(reading.e164 ?? "-")\t\(reading.reason ?? reading.region ?? "")")
                }
            }
        }
    }
}
