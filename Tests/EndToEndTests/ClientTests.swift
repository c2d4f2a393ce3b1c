import Foundation
import TestProcesses
import TestSupport
import Testing

/// Client libraries that nobody here wrote: they must work by changing base URL and token alone.
@Suite(.serialized)
struct ClientTests {
    @Test func pywa() async throws {
        let python = try #require(
            ProcessInfo.processInfo.environment["RELEVO_TEST_PYTHON"], "a Python with pywa; `make test` makes one")
        try await Rehearsal.with { rehearsal in
            try await rehearsal.startSandbox()
            try await rehearsal.startUp()
            try await rehearsal.run("credential", "add", "meta", input: Rehearsal.token + "\n")
            let key = try await rehearsal.apiKey()
            let sender = try await rehearsal.anySender()
            let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Clients/pywa_client.py")
            var environment = rehearsal.environment
            // In the environment, not in the arguments: those are seen by everybody.
            environment["API_KEY"] = key
            let client = try await Child(
                URL(filePath: python), [script.path(), "http://127.0.0.1:\(rehearsal.port)/v25.0", sender], environment: environment,
                folder: rehearsal.folder)
            #expect(await client.exit() == 0, "\(client.text) \(client.errorText)")
            let answer = try #require(try JSONSerialization.jsonObject(with: Data(client.text.utf8)) as? [String: Any])
            #expect((answer["text"] as? String)?.hasPrefix("wamid.") == true)
            #expect((answer["template"] as? String)?.hasPrefix("wamid.") == true)
            #expect(answer["bad_number"] as? String == "InvalidParameter")
            #expect(answer["bad_token"] as? String == "ExpiredAccessToken")
            // Both have reached Meta's side, once each.
            let sent = try rehearsal.sandboxLog().filter { ($0["callback_data"] as? String) != nil && ($0["status"] as? Int) == 200 }
            #expect(sent.count == 2)
        }
    }
}
