import Foundation
import TestProcesses
import TestSupport
import Testing

/// Limits as the receiver sees them, with four worker processes of which one is killed: two numbers share a portfolio of 40 recipients in 24 hours, and
/// one of them has a template with a quota. The sandbox's day takes a minute.
@Suite(.serialized)
struct LimitTests {
    private static let first = ("106540352242922", "102290129340398")
    private static let second = ("106540352242933", "102290129340399")
    private static let (perDay, quota, people, failing) = (40, 30, 75, 10)

    @Test func fourWorkersAndAKill() async throws {
        try await Rehearsal.with { rehearsal in
            let scenario = rehearsal.folder.appending(path: "scenario.json")
            try JSONSerialization.data(withJSONObject: Self.scenario).write(to: scenario)
            try await rehearsal.startSandbox("--speed", "1440", scenario: scenario)
            let serve = try await rehearsal.start(["serve"])
            try await rehearsal.answers("http://127.0.0.1:\(rehearsal.port)/health/ready", of: serve)
            var workers: [Child] = []
            for _ in 0..<4 { workers.append(try await rehearsal.start(["work"])) }
            try await rehearsal.run("credential", "add", "meta", input: Rehearsal.token + "\n")
            let key = try await rehearsal.apiKey()
            // A tier that Meta does not have.
            try await rehearsal.run("limits", "set", "tier.TIER_\(Self.perDay)", "\(Self.perDay)", "--source", "the sandbox")
            for (place, sender) in [Self.first, Self.second].enumerated() {
                try await rehearsal.run(
                    "sender", "add", sender.0, "--number", "+1650555010\(place)", "--waba", sender.1, "--client", "tests")
            }
            try await rehearsal.run("limits", "quota", "template:\(Self.first.1):offer:en_US", "--per-day", "\(Self.quota)")
            try await eventually("Meta has told the portfolio's limit") {
                let text = try await rehearsal.run("limits", "list").text
                let senders = try await rehearsal.run("sender", "list", "--json").text
                return text.contains("portfolio:900000000000001") && senders.components(separatedBy: "\"portfolio_id\"").count == 3
            }

            let sent = try await handIn(rehearsal, key)
            try await eventually("thirty requests") { try messages(rehearsal).count >= 30 }
            workers[0].signal(SIGKILL)
            #expect(await workers[0].exit() == -SIGKILL)
            _ = try await rehearsal.start(["work"])
            try await eventually("the portfolio is full, and somebody waits") {
                try await rehearsal.run("messages", "list", "--state", "held", "--limit", "1").text.contains("portfolio")
            }
            try await eventually("nothing waits any more", tries: 2_000) {
                let waiting = ["queued", "held", "sending"].flatMap { ["--state", $0] }
                return try await rehearsal.run(["messages", "list", "--json", "--limit", "1"] + waiting).text.contains(#""id""#) == false
            }
            // What the killed worker was about to send, and perhaps did, is never sent again by itself.
            let unknown =
                try await rehearsal.run("messages", "list", "--json", "--state", "unknown").text.components(separatedBy: #""seq""#).count
                - 1
            let log = try messages(rehearsal)
            #expect((sent - unknown...sent).contains(log.count), "\(log.count) of \(sent), \(unknown) unknown")
            #expect(Set(log.compactMap { $0["callback_data"] as? String }).count == log.count)
            // The most at any moment is all that is allowed, and no more.
            let counted = try Self.most(log.filter { !Self.fails($0["to"] as? String ?? "") }) { $0["to"] as? String ?? "" }
            #expect((Self.perDay - unknown...Self.perDay).contains(counted))
            let ofTemplate = try Self.most(log.filter { $0["waba_id"] as? String == Self.first.1 }) { $0["callback_data"] as? String ?? "" }
            #expect((Self.quota - unknown...Self.quota).contains(ofTemplate))
            let limits = try #require((try await rehearsal.sandboxState())["limits_exceeded"] as? [String: Any])
            for name in ["portfolio", "pair", "throughput"] {
                #expect((limits[name] as? [String: Any])?["refusals"] as? Int == 0, "\(name)")
            }
            for worker in workers.dropFirst() { #expect(worker.isRunning) }
        }
    }

    /// Each gets a message from one of the numbers, every third one another from it. Returns how many.
    private func handIn(_ rehearsal: Rehearsal, _ key: String) async throws -> Int {
        var lines: [String] = []
        for person in 0..<Self.people {
            let sender = person % 2 == 0 ? Self.first.0 : Self.second.0
            for _ in 0..<(person % 3 == 0 ? 2 : 1) {
                lines.append(
                    #"{"sender":"\#(sender)","message":{"messaging_product":"whatsapp","to":"\#(Self.phone(person))","type":"template","#
                        + #""template":{"name":"offer","language":{"code":"en_US"}}}}"#)
            }
        }
        let answer = try await rehearsal.post(
            "http://127.0.0.1:\(rehearsal.port)/api/v1/messages/batch", bearer: key, lines.joined(separator: "\n") + "\n")
        #expect(answer.status == 200 && !String(decoding: answer.body, as: UTF8.self).contains("error"))
        return lines.count
    }

    /// Messages that the sandbox took.
    private func messages(_ rehearsal: Rehearsal) throws -> [[String: Any]] {
        try rehearsal.sandboxLog().filter { $0["kind"] as? String == "message" && $0["status"] as? Int == 200 }
    }

    /// The most different items within any 24 hours of the receiver's time.
    private static func most(_ log: [[String: Any]], _ item: ([String: Any]) -> String) throws -> Int {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let seen = try log.map { line in (try style.parse(try #require(line["at"] as? String)), item(line)) }
        return seen.map { start, _ in Set(seen.filter { $0.0 >= start && $0.0 < start.addingTimeInterval(86_400) }.map(\.1)).count }.max()
            ?? 0
    }

    private static func phone(_ person: Int) -> String { "+1650555\(2000 + person)" }
    /// Whom nothing is delivered to: they take no place.
    private static func fails(_ phone: String) -> Bool { (0..<failing).contains { Self.phone($0) == phone } }

    private static var scenario: [String: Any] {
        [
            "wabas": [["id": first.1, "name": "One"], ["id": second.1, "name": "Two"]],
            "numbers": [
                ["id": first.0, "waba": first.1, "phone": "+16505550100"], ["id": second.0, "waba": second.1, "phone": "+16505550101"],
            ],
            "templates": [first, second].enumerated().map { place, sender in
                [
                    "id": "20000000000000\(place)", "waba": sender.1, "name": "offer", "language": "en_US", "category": "UTILITY",
                    "components": [["type": "BODY", "text": "Hello."]],
                ]
            },
            "people": (0..<failing).map { ["phone": phone($0), "fails_with": 131026] },
            "portfolio_limits": ["900000000000001": perDay],
        ]
    }
}
