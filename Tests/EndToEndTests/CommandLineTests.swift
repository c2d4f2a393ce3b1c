import Foundation
import TestProcesses
import TestSupport
import Testing

/// What a person meets who gets something wrong, or stops it in the middle.
@Suite(.serialized)
struct CommandLineTests {
    private func line(_ child: Child) -> String { child.errorText.trimmingCharacters(in: .whitespacesAndNewlines) }

    @Test func wrongSettingIsOneClearLine() async throws {
        try await Rehearsal.with { rehearsal in
            let child = try await rehearsal.run("up", more: ["RELEVO_HTTP_PORT": "eighty"], expect: 2)
            #expect(line(child).contains("RELEVO_HTTP_PORT") && line(child).contains("eighty"))
            #expect(!line(child).contains("\n"))
            let secret = try await rehearsal.run("up", more: ["RELEVO_MASTER_KEY": "not-a-key-but-secret"], expect: 2)
            #expect(line(secret).contains("RELEVO_MASTER_KEY"))
            #expect(!line(secret).contains("not-a-key-but-secret"))
        }
    }

    @Test func benchmarksSendToThisMachineOnly() async throws {
        try await Rehearsal.with { rehearsal in
            for url in ["https://graph.facebook.com", "http://127.0.0.1.example.com:9191", "ftp://127.0.0.1"] {
                let child = try await rehearsal.run("bench", "send", "--sink", url, expect: 2)
                #expect(line(child).contains("this machine"))
            }
        }
    }

    /// Plans compared, without a database: what would be otherwise, and what is.
    @Test func plansAreCompared() async throws {
        try await Rehearsal.with { rehearsal in
            let folder = FileManager.default.temporaryDirectory.appending(path: "relevo-plans-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            func example(_ name: String) -> String { Rehearsal.example.appending(path: name).path() }
            let inputs = ["--settings", example("planning.json"), "--operators", example("operators.csv"), "--now", "2026-11-25T06:00:00Z"]
            func plan(_ name: String, _ more: [String]) async throws -> String {
                let out = folder.appending(path: name).path()
                try await rehearsal.run(["plan", example("fleet.csv"), "--out", out] + inputs + more)
                return out
            }
            let (first, again) = (try await plan("1.json", []), try await plan("2.json", []))
            let same = try await rehearsal.run(["plan", "diff", first, again])
            #expect(same.text.contains("as good as before on every level"))
            let what = try await rehearsal.run(
                [
                    "plan", "what-if", example("fleet.csv"), "--set", "soak_hours=96", "--extend-horizon", "7", "--json", "--add-operator",
                    "new,America/Sao_Paulo,Sat 09:00-13:00,pt", "--row", "A-00001 deadline=2026-12-20", "--out", again,
                ] + inputs)
            let json = try #require(try JSONSerialization.jsonObject(with: Data(what.text.utf8)) as? [String: Any])
            #expect((json["changes"] as? [String])?.contains("with a horizon 7 days longer") == true)
            let other = try await rehearsal.run(["plan", "diff", first, again, "--fleet", example("fleet.csv")])
            #expect(other.text.contains("completion: ") && other.text.contains("later"))
            #expect(
                (json["diff"] as? [String: Any])?["rows"] as? [Any] != nil && (json["after"] as? [String: Any])?["placed"] as? Int ?? 0 > 0)
            for (arguments, word) in [
                (["--set", "soak=1"], "soak"), ([], "nothing would be otherwise"), (["--row", "A-1"], "--row"),
                (["--set", "soak_hours"], "--set"),
                (["--remove-operator", "nobody"], "nobody"),
            ] {
                let child = try await rehearsal.run(["plan", "what-if", example("fleet.csv")] + inputs + arguments, expect: 2)
                #expect(line(child).contains(word) && !line(child).contains("\n"), "\(line(child))")
            }
            let one = try await rehearsal.run(["plan", "diff", first], expect: 2)
            #expect(line(one).contains("two files"))
        }
    }

    @Test func missingPostgreSQLProgramsNameThePackage() async throws {
        try await Rehearsal.with { rehearsal in
            let child = try await rehearsal.run("up", more: ["RELEVO_POSTGRES_BIN": "/nonexistent"], expect: 5)
            #expect(line(child).contains("postgresql"))
            #expect(!line(child).contains("\n"))
        }
    }

    @Test func unreachableDatabaseIsExit5() async throws {
        try await Rehearsal.with { rehearsal in
            let free = try freePort()
            let child = try await rehearsal.run(
                "fleet", "list", more: ["RELEVO_DATABASE_URL": "postgresql://relevo@127.0.0.1:\(free)/relevo"], expect: 5)
            #expect(line(child).contains("127.0.0.1"))
        }
    }

    /// A port in use, a second `up` on the same data, Graph away, and the end by Ctrl-C: on one running system.
    @Test func runningSystem() async throws {
        try await Rehearsal.with { rehearsal in
            let up = try await rehearsal.startUp()
            let second = try await rehearsal.run("up", expect: nil)
            #expect([2, 5].contains(second.code), "\(second.errorText.suffix(400))")
            #expect(line(second).split(separator: "\n").last?.contains(String(rehearsal.port)) == true)
            // Nothing listens on the Graph port.
            let doctor = try await rehearsal.run("doctor", expect: 5)
            #expect((doctor.text + doctor.errorText).contains("127.0.0.1:\(rehearsal.graphPort)"))
            let paused = try await rehearsal.run("jobs", "pause", "--kind", "send", "--reason", "complaints", "--by", "ana")
            #expect(["kind send", "ana", "complaints"].allSatisfy(paused.text.contains))
            try await rehearsal.run("jobs", "pause", "--kind", "send", "--lane", "workflow", "--reason", "both", expect: 2)
            let unknown = try await rehearsal.run("jobs", "pause", "--lane", "number:1", "--reason", "typo", expect: 3)
            #expect(line(unknown).contains("number:1"))
            try await rehearsal.run("jobs", "pause", "--lane", "workflow", "--reason", "audit")
            let resumed = try await rehearsal.run("jobs", "resume", "--kind", "send")
            #expect(resumed.text.contains("lane workflow") && !resumed.text.contains("kind send"))
            try await rehearsal.run("jobs", "resume", "--lane", "workflow")
            #expect(try await rehearsal.run("jobs", "status").text.contains("nothing is paused"))
            #expect(try await rehearsal.run("jobs", "dead").text.contains("none"))
            let redriven = try await rehearsal.run("jobs", "redrive", "7", expect: 1)
            #expect(line(redriven).contains("7"))
            up.signal(SIGINT)
            #expect(await up.exit() == 0, "\(up.errorText.suffix(400))")
            // The private PostgreSQL has ended with it, and is taken up again.
            try await eventually("PostgreSQL has stopped") { rehearsal.postmaster == nil }
            let again = try await rehearsal.startUp()
            again.signal(SIGTERM)
            #expect(await again.exit() == 0)
        }
    }

    @Test func fleetCheckOfTheExample() async throws {
        try await Rehearsal.with { rehearsal in
            try await rehearsal.run("fleet", "check", Rehearsal.example.appending(path: "fleet.csv").path())
            let missing = try await rehearsal.run("fleet", "check", "/nonexistent.csv", expect: 2)
            #expect(line(missing).contains("/nonexistent.csv"))
        }
    }
}
