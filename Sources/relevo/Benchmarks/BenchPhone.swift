import ArgumentParser
import Benchmarks
import Foundation

struct BenchPhone: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "phone", abstract: "Read phone numbers, beside libphonenumber in C++ on the same file.",
        discussion: """
            Needs no database. The loop in C++ is compiled for the run and needs g++ and libphonenumber-dev. Broken when the engine reads less \
            than ten times its numbers per second, or takes 4 MiB.
            """)
    @OptionGroup var common: Common
    @Option(help: "Valid numbers of all regions to make up.") var numbers = 200_000
    @Option(help: ArgumentHelp("Numbers to read instead: lines of a region (may be empty), a tab and a number.", valueName: "path"))
    var file: String?
    @Option(help: "Passes of each, in turn; medians count.") var rounds = 5
    @Flag(inversion: .prefixedNo, help: "Measure libphonenumber too.") var peer = true

    func validate() throws {
        try check("--numbers", numbers, 100...10_000_000)
        try check("--rounds", rounds, 1...1000)
        if let file, !FileManager.default.isReadableFile(atPath: file) {
            throw ValidationError("--file: \(file) cannot be read.")
        }
    }

    func run() async throws {
        let parameters = PhoneBenchmark.Parameters(numbers: numbers, file: file, rounds: rounds, peer: peer)
        try await common.bench { _, _ in try await PhoneBenchmark(parameters).run() }
    }
}
