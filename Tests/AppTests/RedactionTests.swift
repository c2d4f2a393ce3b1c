import App
import CloudAPI
import Foundation
import Logging
import Synchronization
import Testing

@Suite("Redaction")
struct RedactionTests {
    @Test("Configured secrets and whatever looks like a token are taken out, the rest stays")
    func redacts() {
        let redactor = Redactor(secrets: [Secret("s3cr3t-value"), Secret("s3cr3t")])
        let token = "EAAG" + String(repeating: "x1Y", count: 12)
        let key = "rlv_" + String(repeating: "aB", count: 20)
        let text = redactor.redact(
            "a s3cr3t-value b Bearer abcdef123 c access_token=q1w2 d \(token) e \(key) f /code/\(String(repeating: "z", count: 43)) g s3cr3t"
        )
        for hidden in ["s3cr3t", "abcdef123", "q1w2", token, key, "zzz"] { #expect(!text.contains(hidden)) }
        for word in [" b ", " c ", " d ", " e ", " f /code/", " g "] { #expect(text.contains(word)) }
        #expect(redactor.redact("EAA is short, /code/ too, number +16505550101") == "EAA is short, /code/ too, number +16505550101")
        #expect(redactor.redact("") == "")
    }

    @Test("A line of the log is one line, redacted in message and metadata, in both formats", arguments: [Settings.LogFormat.text, .json])
    func lines(format: Settings.LogFormat) throws {
        let written = Mutex(Data())
        let box = Box(written: written)
        var logger = Logger(label: "test") { _ in
            LineLogHandler(label: "test", level: .info, format: format, redactor: Redactor(secrets: [Secret("hunter2hunter2")])) {
                box.add($0)
            }
        }
        logger[metadataKey: "token"] = "hunter2hunter2"
        logger.debug("not written")
        logger.warning("two\nlines with hunter2hunter2", metadata: ["why": "because of \"it\""])
        let text = String(decoding: box.read(), as: UTF8.self)
        #expect(!text.contains("hunter2hunter2") && text.contains("[redacted]"))
        #expect(text.filter { $0 == "\n" }.count == 1 && text.hasSuffix("\n"))
        if format == .json {
            let json = try JSONValue(parsing: text.utf8)
            #expect(json["level"]?.text == "warning" && json["why"]?.text == "because of \"it\"")
        }
    }

    /// What was written.
    final class Box: Sendable {
        private let written: Mutex<Data>
        init(written: consuming Mutex<Data>) { self.written = written }
        func add(_ data: Data) { written.withLock { $0 += data } }
        func read() -> Data { written.withLock { $0 } }
    }
}
