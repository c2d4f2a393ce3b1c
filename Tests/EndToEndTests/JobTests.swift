import Foundation
import TestProcesses
import TestSupport
import Testing

/// The main job as a whole, under `kill -9`, with the sandbox's own log as the judge. Serialized: each test starts a whole system.
@Suite(.serialized)
struct JobTests {
    /// Numbers that were registered, and callback data that was accepted, each counted.
    private struct Ledger {
        var registers: [String: Int] = [:]
        var messages: [String: Int] = [:]

        init(_ log: [[String: Any]]) {
            for line in log where (line["status"] as? Int) == 200 {
                let path = line["path"] as? String ?? ""
                if path.hasSuffix("/register") { registers[line["phone_number_id"] as? String ?? path, default: 0] += 1 }
                if let data = line["callback_data"] as? String { messages[data, default: 0] += 1 }
            }
        }
        var twice: [String] { (Array(registers) + Array(messages)).filter { $0.value > 1 }.map { "\($0.key): \($0.value)" } }
    }

    /// New ones in every run; RELEVO_TEST_KILLS="32 129 …" replays those of a failure.
    private static func moments() -> [Int] {
        if let given = ProcessInfo.processInfo.environment["RELEVO_TEST_KILLS"] {
            return given.split(separator: " ").compactMap { Int($0) }
        }
        return (0..<10).map { _ in Int.random(in: 20...420) }.sorted()
    }

    @Test func tenKillsDuringTheJob() async throws {
        try await Rehearsal.with { rehearsal in
            try await rehearsal.startSandbox()
            var up = try await rehearsal.startUp()
            try await rehearsal.run("credential", "add", "meta", input: Rehearsal.token + "\n")
            let job = try await rehearsal.start([
                "rehearse", "--json", "--fleet", Rehearsal.example.appending(path: "fleet.csv").path(), "--operators",
                Rehearsal.example.appending(path: "operators.csv").path(), "--settings",
                Rehearsal.example.appending(path: "planning.json").path(),
            ])
            // Moments are counted in requests that the sandbox has seen, not in seconds: a slow machine is killed at the same places.
            let moments = Self.moments()
            for moment in moments {
                try await eventually("\(moment) requests", tries: 8000) {
                    let seen = (try await rehearsal.sandboxState())["requests"] as? Int ?? 0
                    return seen >= moment || !job.isRunning
                }
                up.signal(SIGKILL)
                #expect(await up.exit() == -SIGKILL)
                up = try await rehearsal.startUp()
            }
            let code = await job.exit()
            #expect(code == 0, "killed at \(moments): \(job.text.suffix(2000)) \(job.errorText.suffix(800))")
            let ledger = Ledger(try rehearsal.sandboxLog())
            #expect(ledger.twice.isEmpty, "killed at \(moments)")
            #expect(ledger.messages.count > 20)
            #expect(ledger.registers.count > 5)
            try await allAccountedFor(rehearsal, known: Set(ledger.messages.keys))
        }
    }

    /// Every message the sandbox took is one of ours, and every one of ours is in a state that says what became of it.
    private func allAccountedFor(_ rehearsal: Rehearsal, known: Set<String>) async throws {
        let list = try await rehearsal.run("messages", "list", "--json", "--limit", "1000")
        let page = try #require(try JSONSerialization.jsonObject(with: Data(list.text.utf8)) as? [String: Any])
        let messages = try #require(page["messages"] as? [[String: Any]])
        let ids = Set(messages.compactMap { $0["id"] as? String }.map { "relevo:\($0.lowercased())" })
        #expect(known.isSubset(of: ids))
        for message in messages {
            let state = message["state"] as? String ?? ""
            // Only the ramp, which goes on after the job, may still have messages on their way.
            let ramps = (message["tag"] as? String)?.hasPrefix("rebuild:") == true
            #expect(ramps || !["queued", "sending"].contains(state), "\(message)")
        }
    }

    @Test func postmasterKilledWhileSending() async throws {
        try await Rehearsal.with { rehearsal in
            try await rehearsal.startSandbox()
            let up = try await rehearsal.startUp()
            try await rehearsal.run("credential", "add", "meta", input: Rehearsal.token + "\n")
            let key = try await rehearsal.apiKey()
            let sender = try await rehearsal.anySender()
            var accepted: Set<String> = []
            var posted = 0
            func post(_ count: Int) async throws {
                for _ in 0..<count {
                    let to = "+1631555\(String(format: "%04d", posted))"
                    posted += 1
                    let answer = try await rehearsal.post(
                        "http://127.0.0.1:\(rehearsal.port)/v25.0/\(sender)/messages", bearer: key,
                        #"{"messaging_product":"whatsapp","to":"\#(to)","type":"text","text":{"body":"\#(posted)"}}"#,
                        headers: ["Relevo-Wait": "0", "Idempotency-Key": to])
                    guard answer.status == 200 else { continue }
                    let json = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
                    let id = (json?["messages"] as? [[String: Any]])?.first?["id"] as? String
                    accepted.insert("relevo:" + (id ?? "").replacing("relevo.", with: "").lowercased())
                }
            }
            try await post(60)
            let postmaster = try #require(rehearsal.postmaster)
            kill(postmaster, SIGKILL)
            // Refused or lost while it is away: those callers know, and nothing was promised to them.
            try await post(20)
            try await eventually("the database is back") {
                guard rehearsal.postmaster != postmaster else { return false }
                return (try? await rehearsal.get("http://127.0.0.1:\(rehearsal.port)/health/ready").status) == 200
            }
            try await post(40)
            #expect(accepted.count >= 100)
            try await eventually("every accepted message has reached the sandbox") {
                let seen = try rehearsal.sandboxLog().filter { ($0["status"] as? Int) == 200 }.compactMap { $0["callback_data"] as? String }
                return accepted.isSubset(of: seen)
            }
            let ledger = Ledger(try rehearsal.sandboxLog())
            #expect(ledger.twice.isEmpty)
            #expect(up.isRunning)
            #expect(up.errorText.lowercased().contains("postgresql"))
            up.signal(SIGINT)
            #expect(await up.exit() == 0)
        }
    }
}

extension Rehearsal {
    /// An API key for sending and reading.
    func apiKey() async throws -> String {
        let made = try await run("key", "create", "tests", "--scope", "send", "--scope", "read", "--json")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(made.text.utf8)) as? [String: Any])
        return try #require(json["key"] as? String)
    }

    /// Makes a number that the sandbox's fleet has a sender, and gives its id.
    func anySender() async throws -> String {
        let numbers = try #require((try await sandboxState())["numbers"] as? [[String: Any]])
        let number = try #require(numbers.first { $0["status"] as? String == "CONNECTED" })
        let id = try #require(number["id"] as? String)
        let phone = try #require(number["phone"] as? String)
        let waba = try #require(number["waba_id"] as? String)
        try await run("sender", "add", id, "--number", phone, "--waba", waba, "--client", "tests")
        return id
    }
}
