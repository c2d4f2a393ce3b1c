import Foundation
import TestProcesses
import TestSupport
import Testing

/// `make demo`, and a search for the planted secrets in everything it leaves behind.
@Suite(.serialized)
struct DemoTests {
    @Test func demoLeavesNoSecretBehind() async throws {
        let folder = URL(filePath: "/tmp/relevo-demo-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appending(path: "data")
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("RELEVO_") }
        environment["RELEVO_DEMO_DIR"] = data.path()
        environment["RELEVO_BIN"] = Rehearsal.program.path()
        environment["RELEVO_DEMO_TOKEN"] = Rehearsal.token
        environment["RELEVO_DEMO_APP_SECRET"] = Rehearsal.appSecret
        environment["RELEVO_DEMO_VERIFY_TOKEN"] = Rehearsal.verifyToken
        let secrets = [Rehearsal.token, Rehearsal.appSecret, Rehearsal.verifyToken]

        let demo = try await Child(
            URL(filePath: "/bin/bash"), [Rehearsal.example.appending(path: "demo.sh").path()], environment: environment, folder: folder)
        var arguments = 0
        var shown: Set<String> = []
        // While it runs: no process shows a secret in its arguments.
        try await eventually("the demo has ended", tries: 12000) {
            for line in Self.commandLines() {
                if line.contains(data.path()) || line.contains("relevo") { arguments += 1 }
                for secret in secrets where line.contains(secret) { shown.insert(line) }
            }
            return !demo.isRunning
        }
        #expect(await demo.exit() == 0, "\(demo.errorText.suffix(1500))")
        #expect(arguments > 0)
        #expect(shown.isEmpty)

        let summary = demo.text
        for word in ["rows", "planned", "moved", "templates", "delivered", "ramp", "duplicates", "limits exceeded", "http://127.0.0.1:"] {
            #expect(summary.lowercased().contains(word), "the summary lacks \(word): \(summary)")
        }
        // Logs, and the database's files byte for byte: a plain column would show there (the server has checkpointed at its stop).
        var searched = 0
        for case let file as URL in FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) ?? .init() {
            // The demo's own settings hold two of them by intent, mode 0600.
            if file.lastPathComponent == "demo.env" || file.hasDirectoryPath { continue }
            guard let content = try? Data(contentsOf: file) else { continue }
            searched += 1
            for secret in secrets { #expect(content.range(of: Data(secret.utf8)) == nil, "\(file.path()) holds a secret") }
        }
        #expect(searched > 100)
    }

    private static func commandLines() -> [String] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { Int($0) != nil }.compactMap { id in
            (try? Data(contentsOf: URL(filePath: "/proc/\(id)/cmdline"))).map {
                String(decoding: $0, as: UTF8.self).replacing("\u{0}", with: " ")
            }
        }
    }
}
