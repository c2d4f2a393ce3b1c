import ArgumentParser
import Benchmarks

struct BenchPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Read and plan made-up fleets of several sizes.",
        discussion: """
            Needs no database. Broken when 300 rows take 2 s, 10,000 take 20 s, 100,000 take 120 s or 2 GiB, or twice the rows more than 2.5 times \
            as long.
            """)
    @OptionGroup var common: Common
    @Option(help: ArgumentHelp("Sizes of the fleets, separated by commas.", valueName: "list")) var rows = "300,5000,10000,50000,100000"
    @Option(help: "Another seed is another fleet.") var seed: UInt64 = 1

    private var sizes: [Int]? {
        let sizes = rows.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        return sizes.isEmpty || sizes.contains { !(1...1_000_000).contains($0) } ? nil : sizes
    }

    func validate() throws {
        if sizes == nil { throw ValidationError("--rows: expected numbers from 1 to 1,000,000, separated by commas.") }
    }

    func run() async throws {
        let parameters = PlanBenchmark.Parameters(rows: sizes ?? [], seed: seed)
        try await common.bench { _, _ in try PlanBenchmark(parameters).run() }
    }
}
