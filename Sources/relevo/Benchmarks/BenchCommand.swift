import App
import ArgumentParser
import Benchmarks
import Foundation
import Logging
import Server

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this program on this machine.",
        discussion: """
            Each benchmark works on a database of its own, which it makes on the server of RELEVO_DATABASE_URL and drops at the end; nothing \
            real is touched and nothing is sent to Meta. Use a release build and an otherwise idle machine. It exits with 1 when what is \
            promised was not kept.
            """,
        subcommands: [
            BenchSink.self, BenchSend.self, BenchSendCeiling.self, BenchLimit.self, BenchFairness.self, BenchLatency.self,
            BenchWebhooks.self, BenchBacklog.self, BenchSnapshot.self, BenchJobs.self, BenchPhone.self, BenchPlan.self,
        ])
}

extension Common {
    /// Runs a benchmark and prints its report; its problems end the command with 1. Ctrl-C ends it and cleans up.
    func bench<Result, Parameters>(
        _ body: @escaping @Sendable (Settings, Logger) async throws -> BenchmarkReport<Result, Parameters>
    ) async throws {
        let settings = try settings()
        let logger = quietLogger(settings)
        let report = try await Interruption.cancels { try await body(settings, logger) }
        try show(report, Self.words(report))
        if !report.problems.isEmpty { throw Failure(.failed, report.problems.joined(separator: "; ")) }
    }

    /// The figures one below the other, as they are called in JSON.
    private static func words<Result, Parameters>(_ report: BenchmarkReport<Result, Parameters>) -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        var lines: [[String]] = []
        for part in [try? encoder.encode(report.result), try? encoder.encode(report.environment), try? encoder.encode(report.parameters)] {
            guard let object = part.flatMap({ try? JSONSerialization.jsonObject(with: $0) }) as? [String: Any] else { continue }
            lines += flat(object)
        }
        return Output.table([report.benchmark, ""], lines)
    }

    private static func flat(_ object: [String: Any], under prefix: String = "") -> [[String]] {
        object.sorted { $0.key < $1.key }.flatMap { key, value -> [[String]] in
            let name = prefix + key
            switch value {
            case let inner as [String: Any]: return flat(inner, under: name + ".")
            case let list as [Any] where list.count > 30: return [[name, "\(list.count) entries (see --json)"]]
            case let list as [[String: Any]]:
                return list.enumerated().map { number, entry in
                    [number == 0 ? name : "", flat(entry).map { $0.joined(separator: " ") }.joined(separator: ", ")]
                }
            case let list as [Any]: return [[name, list.map { "\($0)" }.joined(separator: " ")]]
            case let number as Double where number != number.rounded(): return [[name, String(format: "%.2f", number)]]
            default: return [[name, "\(value)"]]
            }
        }
    }
}

/// Checks a count given on the command line.
func check(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
        throw ValidationError("\(option): found \(value); expected \(range.lowerBound) to \(range.upperBound).")
    }
}

func check(_ option: String, url: String) throws {
    // Thousands of made-up messages a second: to nobody else's machine.
    guard let address = URL(string: url), address.scheme == "http" || address.scheme == "https",
        let host = address.host, ServerConfiguration.isLoopback(host)
    else {
        throw ValidationError(
            "\(option): found \(url.debugDescription); expected an http URL on this machine, such as http://127.0.0.1:9191.")
    }
}
