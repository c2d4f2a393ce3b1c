import Foundation
import TestProcesses
import Testing

/// Runs the built program.
@Suite("Commands end with the promised exit codes", .enabled(if: Command.program != nil))
struct CommandTests {
    @Test("Help and version end with 0")
    func help() async throws {
        #expect(try await Command.run(["--help"]).status == 0)
        #expect(try await Command.run(["--version"]).status == 0)
        for name in [
            "up", "sandbox", "fleet", "plan", "migration", "templates", "sender", "credential", "key", "send", "messages", "why",
            "recipients", "rebuild", "phone", "rehearse", "doctor", "db",
        ] {
            #expect(try await Command.run([name, "--help"]).status == 0, "\(name)")
        }
    }

    @Test(
        "Wrong usage ends with 2 and says what is wrong on stderr",
        arguments: [
            ["nonsense"], ["fleet", "check"], ["fleet", "check", "/nonexistent.csv"], ["send", "--from", "1"],
            ["up", "--config", "/nonexistent.json"],
            ["sandbox", "--port", "70000"], ["plan", "/nonexistent.csv", "--out", "/tmp/x"], ["rebuild", "pause"],
        ])
    func wrongUsage(arguments: [String]) async throws {
        let result = try await Command.run(arguments)
        #expect(result.status == 2, "\(result.error)")
        #expect(!result.error.isEmpty && result.output.isEmpty)
    }

    @Test("A malformed setting ends with 2 and is not echoed when it is a secret")
    func badSetting() async throws {
        let port = try await Command.run(["db", "status"], environment: ["RELEVO_HTTP_PORT": "x"])
        #expect(port.status == 2 && port.error.contains("RELEVO_HTTP_PORT"))
        let secret = try await Command.run(["db", "status"], environment: ["RELEVO_MASTER_KEY": "hunter2"])
        #expect(secret.status == 2 && !secret.error.contains("hunter2"))
    }

    @Test("A database that is not there ends with 5")
    func unreachable() async throws {
        let result = try await Command.run(
            ["db", "status"], environment: ["RELEVO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"])
        #expect(result.status == 5, "\(result.error)")
    }

    @Test("Bad rows end with 3, good files with 0")
    func fleet() async throws {
        let head = "row_ref,client_id,phone,route,source_waba_id,dest_waba_id,time_zone,cutover_windows\n"
        let good = try Command.file(head + "A-1,c1,+16505550101,partner,11,22,UTC,Daily 00:00-24:00\n")
        let bad = try Command.file(head + "A-1,c1,+1650555,partner,11,22,Mars/Base,Daily 00:00-24:00\n")
        defer { for path in [good, bad] { try? FileManager.default.removeItem(atPath: path) } }
        #expect(try await Command.run(["fleet", "check", good]).status == 0)
        let result = try await Command.run(["fleet", "check", bad, "--json"])
        #expect(result.status == 3 && result.output.contains("bad_time_zone"))
    }

    @Test("Numbers are read line by line, bad ones too")
    func phone() async throws {
        let result = try await Command.run(["phone", "normalize", "--json"], input: "+1 650 555 0101\nnonsense\n")
        let lines = result.output.split(separator: "\n")
        #expect(result.status == 0 && lines.count == 2)
        #expect(lines.first?.contains("+16505550101") == true && lines.last?.contains("invalid") == true)
    }

    @Test("Line ends of other systems, the last line without one, and lines of any length")
    func phoneLines() async throws {
        let input = "(631) 555-1234\r\n\n" + String(repeating: "1", count: 200_000) + "\n1 (631) 555-1234"
        let result = try await Command.run(["phone", "normalize", "--sender-country", "IN"], input: input)
        let lines = result.output.split(separator: "\n")
        try #require(result.status == 0 && lines.count == 4, "\(result)")
        #expect(
            lines[0].replacing(/"9\.[0-9.]+"/, with: "VERSION") == #"""
                {"candidates":["+916315551234"],"e164":null,"input":"(631) 555-1234","metadata":VERSION,"possible":true,\#
                "reason":"a national number without a region; write it with a plus, or give the region","region":null,"rule":"only_reading",\#
                "status":"ambiguous","type":"unknown","valid":false}
                """#)
        #expect(lines[1].contains("it is empty") && lines[2].contains("longer than 65536 bytes"))
        #expect(lines[3].contains(#""e164":"+16315551234""#) && lines[3].contains(#""rule":"only_reading""#), "\(lines[3])")
    }

    @Test("What cannot be written is told, and whoever stops reading is not")
    func phoneOutput() async throws {
        for (target, status) in [("/dev/full", Int32(1)), ("/dev/null", 0)] {
            let result = try await Child.run(
                URL(filePath: "/bin/sh"), ["-c", #"exec "$0" phone normalize >"$1""#, try #require(Command.program), target],
                input: "+16505550101\n")
            let said = result.error
            #expect(result.code == status && said.contains("stdout cannot be written") == (status == 1), "\(said)")
        }
    }

    @Test("A region that there is not is wrong usage")
    func phoneRegion() async throws {
        for option in ["--region", "--sender-country"] {
            let result = try await Command.run(["phone", "normalize", option, "Mars"], input: "+16505550101\n")
            #expect(result.status == 2 && result.output.isEmpty && result.error.contains("ISO 3166-1"), "\(result)")
        }
    }
}

enum Command {
    struct Result {
        var status: Int32
        var output: String
        var error: String
    }

    /// Beside the test bundle.
    static let program: String? = {
        let folder =
            Bundle.main.bundleURL.path.contains(".build")
            ? Bundle.main.bundleURL.path : URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        let path = folder + "/relevo"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    static func run(_ arguments: [String], environment: [String: String] = [:], input: String = "") async throws -> Result {
        var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("RELEVO_") }
        all.merge(environment) { _, new in new }
        let ended = try await Child.run(URL(filePath: try #require(program)), arguments, environment: all, input: input)
        return Result(status: ended.code, output: ended.output, error: ended.error)
    }

    static func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("relevo-\(UUID().uuidString)").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }
}
