import App
import ArgumentParser
import Foundation

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check settings, database, schema, clock, Graph and the permissions of each credential.")
    @OptionGroup var common: Common

    func run() async throws {
        let settings = try common.settings()
        let findings = await Doctor.examine(settings, logger: common.quietLogger(settings))
        try common.show(
            ["checks": findings],
            findings.map { finding in
                let mark = finding.verdict.rawValue.uppercased()
                return "\(mark.padding(toLength: 11, withPad: " ", startingAt: 0)) \(finding.check): \(finding.detail)"
                    + (finding.remedy.map { "\n            → \($0)" } ?? "")
            }.joined(separator: "\n"))
        if findings.contains(where: { $0.verdict == .unreachable }) { throw Failure(.unreachable, "") }
        if findings.contains(where: { $0.verdict == .failed }) { throw Failure(.failed, "") }
    }
}
