import App
import CloudAPI
import Foundation
import Logging
import Testing
import Webhooks

@Suite("Settings")
struct SettingsTests {
    @Test("Defaults are those of the contract")
    func defaults() throws {
        let settings = try Settings.load(environment: [:])
        #expect(settings.databaseURL == nil)
        #expect(settings.dataFolder.hasSuffix("/.relevo"))
        #expect(settings.httpHost == "127.0.0.1" && settings.httpPort == 8080)
        #expect(settings.publicURL == "http://127.0.0.1:8080")
        #expect(settings.graphURL == "https://graph.facebook.com" && settings.graphVersion == "v25.0")
        #expect(settings.logLevel == .info && settings.logFormat == .json && !settings.isRehearsal)
        #expect(try Settings.load(environment: [:], onTerminal: true).logFormat == .text)
    }

    @Test(
        "A malformed setting is named, with what was found and what is expected",
        arguments: [
            ("RELEVO_HTTP_PORT", "eighty"), ("RELEVO_HTTP_PORT", "0"), ("RELEVO_HTTP_PORT", "65536"), ("RELEVO_HTTP_HOST", "a b"),
            ("RELEVO_PUBLIC_URL", "relevo.example.com"), ("RELEVO_PUBLIC_URL", "ftp://x"), ("RELEVO_GRAPH_URL", "http://"),
            ("RELEVO_GRAPH_VERSION", "25"), ("RELEVO_APP_ID", "abc"), ("RELEVO_LOG_LEVEL", "loud"), ("RELEVO_LOG_FORMAT", "xml"),
            ("RELEVO_REHEARSAL", "perhaps"), ("RELEVO_RETENTION_DAYS", "59"), ("RELEVO_RETENTION_DAYS", "3651"),
            ("RELEVO_RETENTION_DAYS", "for ever"), ("RELEVO_ALLOW_PREMIUM_NUMBERS", "some"),
            ("RELEVO_STOP_WORDS", "STOP,,BAJA"), ("RELEVO_START_WORDS", "..."),
        ])
    func malformed(name: String, value: String) throws {
        let error = try #require(throws: SettingError.self) { try Settings.load(environment: [name: value]) }
        #expect(error.name == name)
        #expect(error.description.contains(value.debugDescription) && error.source == "environment")
        #expect(!error.expected.isEmpty)
    }

    @Test(
        "A malformed secret is not echoed",
        arguments: [
            ("RELEVO_DATABASE_URL", "postgresql://relevo:hunter2hunter2@[bad"),
            ("RELEVO_DATABASE_DIRECT_URL", "postgresql://relevo:hunter2hunter2@[bad"),
            ("RELEVO_DATABASE_DIRECT_URL", "postgresql://relevo:hunter2hunter2@server-without-a-pooler/relevo"),
            ("RELEVO_MASTER_KEY", "aHVudGVyMmh1bnRlcjI="),
            ("RELEVO_APP_SECRET", "hunter2 hunter2"), ("RELEVO_WEBHOOK_VERIFY_TOKEN", "hunter2 hunter2"),
        ])
    func secretErrors(name: String, value: String) throws {
        let error = try #require(throws: SettingError.self) { try Settings.load(environment: [name: value]) }
        #expect(error.name == name)
        #expect(!error.description.contains("hunter2") && !error.description.contains(value))
    }

    @Test("The environment wins over the file, and unknown keys are ignored")
    func file() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(#"{"http_port":9000,"http_host":"0.0.0.0","rehearsal":false,"colour":"blue","app_id":null}"#.utf8)
            .write(to: URL(fileURLWithPath: path))
        let settings = try Settings.load(environment: ["RELEVO_HTTP_PORT": "9001", "RELEVO_HTTP_HOST": ""], file: path)
        #expect(settings.httpPort == 9001 && settings.httpHost == "0.0.0.0" && settings.appID == nil)
        #expect(settings.publicURL == "http://127.0.0.1:9001")
        try Data(#"{"http_port":"x"}"#.utf8).write(to: URL(fileURLWithPath: path))
        let error = try #require(throws: SettingError.self) { try Settings.load(environment: [:], file: path) }
        #expect(error.source == path)
        #expect(throws: SettingError.self) { try Settings.load(environment: [:], file: path + ".missing") }
    }

    @Test("A rehearsal never follows the clock of Meta's own API")
    func rehearsalAgainstMeta() throws {
        let error = try #require(throws: SettingError.self) { try Settings.load(environment: ["RELEVO_REHEARSAL": "true"]) }
        #expect(error.name == "RELEVO_REHEARSAL")
        let settings = try Settings.load(environment: ["RELEVO_REHEARSAL": "true", "RELEVO_GRAPH_URL": "http://127.0.0.1:8090/"])
        #expect(settings.isRehearsal && settings.graphURL == "http://127.0.0.1:8090")
    }

    @Test("No word both stops and starts")
    func words() throws {
        let stop = ["RELEVO_STOP_WORDS": "STOP,Basta ya"]
        #expect(try Settings.load(environment: stop).words == StopWords(stop: ["stop", "basta YA"]))
        let error = try #require(throws: SettingError.self) {
            try Settings.load(environment: stop.merging(["RELEVO_START_WORDS": "ALTA,stop!"]) { first, _ in first })
        }
        #expect(error.name == "RELEVO_START_WORDS" && error.expected.contains("\"stop\""))
    }

    @Test("Several app secrets are taken, newest first")
    func appSecrets() throws {
        let settings = try Settings.load(environment: ["RELEVO_APP_SECRET": "new,old"])
        #expect(settings.appSecrets.map { $0.reveal() } == ["new", "old"])
    }
}
