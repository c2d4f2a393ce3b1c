import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import TestProcesses
import TestSupport
import Testing

/// Whether all faults are wanted, not only the few of every test run: `make test/faults` names a folder for them.
enum Faults {
    static let folder = ProcessInfo.processInfo.environment["RELEVO_TEST_FAULTS"].map { URL(filePath: $0) }
    static var areWanted: Bool { folder != nil }
}

/// Processes of one case: a sandbox that receives, and whatever the case starts, in a folder of its own.
final class Machine {
    static let line = "555001"
    static let waba = "102001"
    static let token = "fault-token"
    static let appSecret = "fault-app-secret"

    let folder: URL
    let database: String
    private(set) var graph = ""
    var environment: [String: String]
    private var children: [Child] = []

    /// - Parameter database: the URL processes are given.
    init(database: String) throws {
        self.database = database
        let root = Faults.folder ?? URL(filePath: "/tmp")
        folder = root.appending(path: "relevo-fault-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("RELEVO_") }
        environment["RELEVO_APP_SECRET"] = Self.appSecret
        environment["RELEVO_WEBHOOK_VERIFY_TOKEN"] = "fault-verify"
        environment["RELEVO_LOG_LEVEL"] = "notice"
    }

    /// Runs `body` with a machine on `client`'s database; what it started is ended.
    static func with(_ client: PostgresClient, _ body: (Machine) async throws -> Void) async throws {
        try await with(database: client.configuration.url, body)
    }

    static func with(database: String, _ body: (Machine) async throws -> Void) async throws {
        let machine = try Machine(database: database)
        do {
            try await body(machine)
        } catch {
            machine.tell()
            await machine.end()
            throw error
        }
        await machine.end()
    }

    func start(_ program: String, _ arguments: [String], _ more: [String: String] = [:], input: String? = nil) async throws -> Child {
        let child = try await Child(
            Package.program(program), arguments, environment: environment.merging(more) { $1 }, input: input, folder: folder)
        children.append(child)
        note(child)
        return child
    }

    /// Starts the receiver; `webhookURL` is told statuses.
    func startSandbox(webhookURL: String? = nil, sentAfter: Double = 0.05) async throws {
        let scenario = folder.appending(path: "scenario.json")
        try Data(
            """
            {"wabas":[{"id":"\(Self.waba)"}],
             "numbers":[{"id":"\(Self.line)","waba":"\(Self.waba)","phone":"+16505550001","throughput":"HIGH"}],
             "rules":{"sent_after":\(sentAfter),"delivered_after":[\(sentAfter + 0.1),\(sentAfter + 0.3)],"read_share":0,"service_window":false}}
            """.utf8
        ).write(to: scenario)
        let child = try await start(
            "relevo",
            ["sandbox", "--json", "--port", "0", "--scenario", scenario.path(), "--log", log.path()]
                + (webhookURL.map { ["--webhook-url", $0] } ?? []), ["RELEVO_SANDBOX_TOKEN": Self.token])
        try await eventually("the sandbox listens", tries: 4800) {
            guard child.isRunning else { throw Ended(text: child.errorText) }
            guard let json = try? JSONSerialization.jsonObject(with: Data(child.text.utf8)) as? [String: Any] else { return false }
            graph = json["url"] as? String ?? ""
            return !graph.isEmpty
        }
    }

    private var log: URL { folder.appending(path: "sandbox.jsonl") }

    /// What the receiver has written down.
    func received() throws -> Receipts { try Receipts(log) }

    /// Plants a fault for messages.
    func plant(_ kind: String, times: Int, _ more: String = "") async throws {
        let answer = try await call(
            .POST, "\(graph)/_sandbox/faults",
            #"{"kind":"\#(kind)","times":\#(times),"match":{"kind":"message"}\#(more.isEmpty ? "" : "," + more)}"#)
        #expect(answer.status == 200, "\(answer.text)")
    }

    struct Ended: Error, CustomStringConvertible {
        var text: String
        var description: String { "a process ended: \(text.suffix(1500))" }
    }

    func call(
        _ method: HTTPMethod, _ address: String, _ body: String = "", headers: [String: String] = [:]
    ) async throws -> (status: Int, text: String) {
        var request = HTTPClientRequest(url: address)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if !body.isEmpty {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 4 << 20)))
    }

    /// For whoever cleans up after a suite that was cut short.
    private func note(_ child: Child) {
        guard Faults.folder != nil, let file = fopen(folder.appending(path: "pids").path(), "a") else { return }
        fputs("\(child.id)\n", file)
        fclose(file)
    }

    private func tell() {
        for child in children.suffix(5) {
            let name = child.arguments.first ?? ""
            Issue.record("\(name) said: \(child.errorText.suffix(1500)) \(child.text.suffix(300))")
        }
    }

    private func end() async {
        for child in children where child.isRunning {
            child.signal(SIGCONT)
            child.signal(SIGKILL)
        }
        for child in children { await child.exit() }
        if ProcessInfo.processInfo.environment["RELEVO_TEST_KEEP"] == nil { try? FileManager.default.removeItem(at: folder) }
    }
}

extension PostgresConfiguration {
    /// For processes that are started: the same place as a URL.
    var url: String {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        let query = parameters.sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
        }
        return "postgresql:///?" + query.joined(separator: "&")
    }
}
