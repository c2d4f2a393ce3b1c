import Foundation
import TestProcesses
import TestSupport
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The whole program as its users have it: a sandbox, `relevo up` on a private PostgreSQL, and commands; in a folder of its own, on free ports.
final class Rehearsal {
    static let token = "EAAG-planted-token-5f1c9b"
    static let appSecret = "planted-app-secret-77aa10"
    static let verifyToken = "planted-verify-token-19de"

    /// The tests' build has made it beside the test bundle.
    static let program: URL = {
        if let named = ProcessInfo.processInfo.environment["RELEVO_TEST_PROGRAM"] { return URL(filePath: named) }
        let beside = Bundle.main.bundleURL.deletingLastPathComponent().appending(path: "relevo")
        return FileManager.default.isExecutableFile(atPath: beside.path()) ? beside : sources.appending(path: ".build/debug/relevo")
    }()
    static var sources: URL { URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent() }
    static var example: URL { sources.appending(path: "Sources/relevo/Example") }

    let folder: URL
    let port: Int
    let graphPort: Int
    var environment: [String: String]
    private(set) var children: [Child] = []

    static func with(_ body: (Rehearsal) async throws -> Void) async throws {
        let rehearsal = try Rehearsal()
        do {
            try await body(rehearsal)
            await rehearsal.end()
        } catch {
            rehearsal.tell()
            await rehearsal.end()
            throw error
        }
    }

    private init() throws {
        // Not in the user's own temporary folder: PostgreSQL runs as another user when the tests run as root.
        folder = URL(filePath: "/tmp/relevo-e2e-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        port = try freePort()
        graphPort = try freePort()
        environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("RELEVO_") }
        environment["RELEVO_DATA_DIR"] = folder.appending(path: "data").path()
        environment["RELEVO_HTTP_PORT"] = String(port)
        environment["RELEVO_GRAPH_URL"] = "http://127.0.0.1:\(graphPort)"
        environment["RELEVO_REHEARSAL"] = "true"
        environment["RELEVO_APP_SECRET"] = Self.appSecret
        environment["RELEVO_WEBHOOK_VERIFY_TOKEN"] = Self.verifyToken
    }

    func start(_ arguments: [String], _ more: [String: String] = [:], input: String? = nil) async throws -> Child {
        let child = try await Child(
            Self.program, arguments, environment: environment.merging(more) { $1 }, input: input, folder: folder)
        children.append(child)
        return child
    }

    /// Runs a command to its end.
    @discardableResult
    func run(_ arguments: String..., input: String? = nil, more: [String: String] = [:], expect: Int32? = 0) async throws -> Child {
        try await run(arguments, input: input, more: more, expect: expect)
    }

    @discardableResult
    func run(_ arguments: [String], input: String? = nil, more: [String: String] = [:], expect: Int32? = 0) async throws -> Child {
        let child = try await start(arguments, more, input: input)
        let code = await child.exit()
        if let expect {
            #expect(code == expect, "relevo \(arguments.joined(separator: " ")): \(child.errorText.suffix(600))")
        }
        return child
    }

    /// - Parameter scenario: the world; nil: the one of the example's fleet.
    @discardableResult
    func startSandbox(_ more: String..., scenario: URL? = nil) async throws -> Child {
        let world = scenario.map { ["--scenario", $0.path()] } ?? ["--fleet", Self.example.appending(path: "fleet.csv").path()]
        let rest = [
            "--port", String(graphPort), "--start", "2026-11-25T06:00:00Z", "--speed", "60", "--seed", "1", "--webhook-url",
            "http://127.0.0.1:\(port)/webhooks/whatsapp", "--log", folder.appending(path: "sandbox.jsonl").path(),
        ]
        let child = try await start(["sandbox"] + world + rest + more, ["RELEVO_SANDBOX_TOKEN": Self.token])
        try await answers("http://127.0.0.1:\(graphPort)/_sandbox/state", of: child)
        return child
    }

    @discardableResult
    func startUp(wait: Bool = true) async throws -> Child {
        let child = try await start(["up"])
        if wait { try await answers("http://127.0.0.1:\(port)/health/ready", of: child) }
        return child
    }

    /// Waits until an address answers 200; fails at once when the process that should serve it has ended.
    func answers(_ address: String, of child: Child) async throws {
        try await eventually("\(address) answers") {
            if !child.isRunning { throw Gone(text: child.errorText) }
            return (try? await self.get(address).status) == 200
        }
    }

    struct Gone: Error { var text: String }

    func get(_ address: String, bearer: String? = nil) async throws -> (status: Int, body: Data) {
        try await request("GET", address, bearer: bearer, body: nil)
    }

    func post(_ address: String, bearer: String? = nil, _ body: String, headers: [String: String] = [:]) async throws -> (
        status: Int, body: Data
    ) {
        try await request("POST", address, bearer: bearer, body: body, headers: headers)
    }

    private func request(_ method: String, _ address: String, bearer: String?, body: String?, headers: [String: String] = [:]) async throws
        -> (
            status: Int, body: Data
        )
    {
        var request = URLRequest(url: try #require(URL(string: address)))
        request.httpMethod = method
        request.timeoutInterval = 20
        if let bearer { request.setValue("Bearer \(bearer)", forHTTPHeaderField: "Authorization") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        if let body {
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            request.httpBody = Data(body.utf8)
        }
        let (data, response) = try await URLSession.shared.data(for: request)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, data)
    }

    func sandboxState() async throws -> [String: Any] {
        let body = try await get("http://127.0.0.1:\(graphPort)/_sandbox/state").body
        return try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
    }

    /// Every request the sandbox has logged: the oracle, kept by another process than the one under test.
    func sandboxLog() throws -> [[String: Any]] {
        let text = try String(contentsOf: folder.appending(path: "sandbox.jsonl"), encoding: .utf8)
        // The last line may be half written.
        return try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    var postmaster: Int32? {
        let file = folder.appending(path: "data/postgres/data/postmaster.pid")
        return (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").first.flatMap { Int32($0) }
    }

    private func tell() {
        for child in children.suffix(3) {
            let name = child.arguments.first ?? ""
            Issue.record("relevo \(name) said: \(child.errorText.suffix(1500)) \(child.text.suffix(500))")
        }
    }

    private func end() async {
        for child in children where child.isRunning { child.signal(SIGTERM) }
        for child in children { _ = await child.exit() }
        if let postmaster { kill(postmaster, SIGQUIT) }
        if ProcessInfo.processInfo.environment["RELEVO_TEST_KEEP"] == nil { try? FileManager.default.removeItem(at: folder) }
    }
}
