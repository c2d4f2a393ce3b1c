import CrashPoints
import Foundation
import NIOHTTP1
import Postgres
import TestProcesses
import TestSupport
import Testing

/// `relevo serve`, `relevo work` and a sandbox on one database: messages are handed in by HTTP and told of by webhooks.
final class ProductCase {
    let machine: Machine
    let client: PostgresClient
    private let port: Int
    private var key = ""
    /// Messages that a caller was told are taken, by their own number.
    private(set) var taken: [Int: String] = [:]

    private init(_ machine: Machine, _ client: PostgresClient) throws {
        self.machine = machine
        self.client = client
        port = try freePort()
        machine.environment["RELEVO_DATABASE_URL"] = machine.database
        machine.environment["RELEVO_DATA_DIR"] = machine.folder.appending(path: "data").path()
        machine.environment["RELEVO_HTTP_PORT"] = "\(port)"
    }

    static func with(sentAfter: Double = 0.05, _ body: (ProductCase) async throws -> Void) async throws {
        try await TestDatabase.with { client in
            try await Machine.with(client) { machine in
                let product = try ProductCase(machine, client)
                try await machine.startSandbox(webhookURL: "http://127.0.0.1:\(product.port)/webhooks/whatsapp", sentAfter: sentAfter)
                machine.environment["RELEVO_GRAPH_URL"] = machine.graph
                // Business time is the sandbox's, so that a day can pass.
                machine.environment["RELEVO_REHEARSAL"] = "true"
                try await product.prepare()
                try await body(product)
            }
        }
    }

    private func prepare() async throws {
        try await command("credential", "add", "meta", input: Machine.token + "\n")
        try await command("sender", "add", Machine.line, "--number", "+16505550001", "--waba", Machine.waba)
        let made = try await command("key", "create", "faults", "--scope", "send", "--json")
        let json = try JSONSerialization.jsonObject(with: Data(made.text.utf8)) as? [String: Any]
        key = try #require(json?["key"] as? String)
    }

    @discardableResult
    private func command(_ arguments: String..., input: String? = nil) async throws -> Child {
        let child = try await machine.start("relevo", arguments, input: input)
        let code = await child.exit()
        #expect(code == 0, "relevo \(arguments.joined(separator: " ")): \(child.errorText.suffix(600))")
        return child
    }

    // MARK: - Processes

    @discardableResult
    func serve(crashAt: String? = nil) async throws -> Child {
        let child = try await machine.start("relevo", ["serve"], crashAt.map { ["RELEVO_CRASH_AT": $0] } ?? [:])
        try await eventually("the HTTP side is ready", tries: 4800) {
            guard child.isRunning else { throw Machine.Ended(text: child.errorText) }
            return (try? await self.machine.call(.GET, "http://127.0.0.1:\(self.port)/health/ready").status) == 200
        }
        return child
    }

    func work(crashAt: String? = nil, stopAt: String? = nil, _ more: [String: String] = [:]) async throws -> Child {
        var more = more
        if let crashAt { more["RELEVO_CRASH_AT"] = crashAt }
        if let stopAt { more["RELEVO_STOP_AT"] = stopAt }
        return try await machine.start("relevo", ["work"], more)
    }

    /// A worker that must be killed by the point it is given.
    func crash(at point: CrashPoint) async throws {
        let child = try await work(crashAt: point.rawValue)
        #expect(await child.exit() == -SIGKILL, "\(point.rawValue) was not passed: \(child.errorText.suffix(800))")
    }

    // MARK: - Messages

    /// Hands in one message; nil when no answer said that it is taken.
    func post(_ number: Int) async throws -> String? {
        let digits = String(repeating: "0", count: max(0, 4 - "\(number)".count)) + "\(number)"
        let answer = try? await machine.call(
            .POST, "http://127.0.0.1:\(port)/v25.0/\(Machine.line)/messages",
            #"{"messaging_product":"whatsapp","to":"+1631555\#(digits)","type":"text","text":{"body":"\#(number)"}}"#,
            headers: ["Authorization": "Bearer \(key)", "Relevo-Wait": "0", "Idempotency-Key": "fault-\(number)"])
        guard let answer, answer.status == 200 else { return nil }
        let json = try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any]
        let id = (json?["messages"] as? [[String: Any]])?.first?["id"] as? String
        return id?.hasPrefix("relevo.") == true ? id.map { String($0.dropFirst(7)).lowercased() } : ""
    }

    /// Hands in messages as a caller does who repeats what was not answered. Once one is taken, each repetition is the same message.
    func handIn(_ numbers: Range<Int>) async throws {
        for number in numbers {
            try await eventually("message \(number) is taken", tries: 2400) {
                guard let id = try await self.post(number) else { return false }
                self.taken[number] = id
                return true
            }
        }
    }

    struct Message {
        var id: String
        var state: String
        var needsPerson: Bool
        var attempts: Int
        var address: String
    }

    func messages() async throws -> [Message] {
        try await client.query("SELECT id::text, state, needs_person, attempts, address FROM gateway.message")
            .decode((String, String, Bool, Int, String).self)
            .map { Message(id: $0.0, state: $0.1, needsPerson: $0.2, attempts: $0.3, address: $0.4) }
    }

    /// Waits until nothing is on its way any more, lets a day pass, and waits until what is unknown is listed for a person.
    func settle() async throws {
        try await eventually("nothing is on its way: \(machine.folder.lastPathComponent)", tries: 7200) {
            guard let messages = try? await self.messages(), let jobs = try? await JobStories.read(self.client) else { return false }
            let astray = jobs.filter { $0.live + $0.ends != 1 }
            #expect(astray.isEmpty, "in several places or in none")
            let accepted = try self.machine.received().accepted
            return jobs.allSatisfy { $0.live == 0 }
                && messages.allSatisfy { message in
                    switch message.state {
                    case "delivered": true
                    // Its status is still to come when the receiver has it.
                    case "unknown": accepted["relevo:\(message.id)"] == nil
                    default: false
                    }
                }
        }
        let answer = try await machine.call(.POST, "\(machine.graph)/_sandbox/clock", #"{"advance_seconds":90000}"#)
        #expect(answer.status == 200)
        try await eventually("what is unknown is listed", tries: 2400) {
            let messages = (try? await self.messages()) ?? [Message(id: "", state: "unknown", needsPerson: false, attempts: 0, address: "")]
            return messages.allSatisfy { $0.state != "unknown" || $0.needsPerson }
        }
    }

    /// Compares what Relevo says with what the receiver has; returns how many messages are left for a person.
    @discardableResult
    func judge() async throws -> Int {
        let received = try machine.received()
        let messages = try await messages()
        #expect(Set(taken.values).subtracting([""]).isSubset(of: Set(messages.map(\.id))), "lost: taken and not there")
        #expect(messages.count == taken.count, "one message for each that was handed in")
        #expect(Set(received.accepted.keys).isSubset(of: Set(messages.map { "relevo:\($0.id)" })))
        for message in messages {
            let accepted = received.accepted["relevo:\(message.id)"] ?? 0
            #expect((received.serious["relevo:\(message.id)"] ?? 0) <= 1, "doubled: \(message)")
            #expect(accepted == (message.state == "delivered" ? 1 : 0), "\(message) was accepted \(accepted) times")
            #expect(message.state == "delivered" || (message.state == "unknown" && message.needsPerson), "\(message)")
        }
        let wrong = try await client.query("SELECT attempt_id FROM jobs.outcome WHERE unsettled IS NOT NULL")
        #expect(wrong.isEmpty)
        return messages.count { $0.state == "unknown" }
    }
}
