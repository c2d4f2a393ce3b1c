import CloudAPI
public import Foundation

/// What a rehearsal came to.
public struct RehearsalSummary: Encodable, Sendable {
    public var rows = 0
    public var rejected = 0
    public var planned = 0
    public var moved = 0
    /// Numbers that ended otherwise, by state.
    public var stopped: [String: Int] = [:]
    public var retried = 0
    public var templatesCopied = 0
    public var templatesVerified = 0
    public var templatesRefused = 0
    public var testsSubmitted = 0
    public var testsDelivered = 0
    /// Handed in by a process that died before it knew their fate, never sent again and not heard of: the next round of tests replaced them.
    public var testsUnknown = 0
    /// Steps of the rebuild's ramp that were begun.
    public var rampStep = 0
    public var rampState = ""
    public var rampDelivered = 0
    /// What the sandbox has counted.
    public var requests = 0
    public var duplicates = 0
    public var limitsExceeded = 0
    public var businessTime = Date()
    public var seconds = 0.0
    public var page = ""
    /// What was not as it must be; empty when all was.
    public var problems: [String] = []

    private enum CodingKeys: String, CodingKey {
        case rows, rejected, planned, moved, stopped, retried, templatesCopied = "templates_copied", templatesVerified =
            "templates_verified"
        case templatesRefused = "templates_refused", testsSubmitted = "tests_submitted", testsDelivered = "tests_delivered"
        case testsUnknown = "tests_unknown"
        case rampStep = "ramp_step", rampState = "ramp_state", rampDelivered = "ramp_delivered", requests, duplicates
        case limitsExceeded = "limits_exceeded", businessTime = "business_time", seconds, page, problems
    }

    mutating func count(_ sandbox: JSONValue) {
        requests = sandbox["requests"]?.integer ?? 0
        duplicates = sandbox["duplicates"]?["total"]?.integer ?? 0
        limitsExceeded = sandbox["limits_exceeded"]?["total"]?.integer ?? 0
    }

    /// Judges the figures.
    mutating func judge(rampSteps: Int) {
        if moved < planned { problems.append("\(planned - moved) of \(planned) planned numbers did not move") }
        if planned < rows - rejected { problems.append("\(rows - rejected - planned) good rows were not planned") }
        // A number is done only when each test message of its last round was delivered.
        let missing = testsSubmitted - testsDelivered - testsUnknown
        if missing > 0 { problems.append("\(missing) test messages were not delivered") }
        if testsUnknown > 0 && retried == 0 { problems.append("\(testsUnknown) test messages are unknown") }
        if duplicates > 0 { problems.append("the sandbox saw \(duplicates) duplicates") }
        if limitsExceeded > 0 { problems.append("the sandbox saw \(limitsExceeded) limits exceeded") }
        if rampStep < rampSteps && rampState != "done" {
            problems.append("the ramp reached step \(rampStep) of \(rampSteps); it is \(rampState.isEmpty ? "not begun" : rampState)")
        }
    }

    public var text: String {
        var lines = [
            "rows                 \(rows)" + (rejected > 0 ? " (\(rejected) rejected)" : ""),
            "planned              \(planned)",
            "moved                \(moved)"
                + (stopped.isEmpty
                    ? "" : " (" + stopped.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") + ")"),
            "templates            \(templatesCopied) copied, \(templatesVerified) verified, \(templatesRefused) refused",
            "test messages        \(testsDelivered) of \(testsSubmitted) delivered" + (testsUnknown > 0 ? ", \(testsUnknown) unknown" : ""),
            "ramp                 step \(rampStep), \(rampState), \(rampDelivered) delivered",
            "sandbox              \(requests) requests, \(duplicates) duplicates, \(limitsExceeded) limits exceeded",
            "business time        \(businessTime.formatted(.iso8601)), after \(Int(seconds.rounded())) s",
            "page                 \(page)",
        ]
        lines += problems.map { "PROBLEM: \($0)" }
        return lines.joined(separator: "\n")
    }
}
