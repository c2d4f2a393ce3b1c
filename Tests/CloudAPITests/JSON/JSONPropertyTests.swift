import Foundation
import TestSupport
import Testing

@testable import CloudAPI

/// What holds for every document, tried on many. Seeds are fixed: a failure can be run again.
@Suite struct JSONPropertyTests {
    @Test func whatIsWrittenIsReadAgain() throws {
        var random = SeededRandom(seed: 1)
        for _ in 0..<2_000 {
            let value = JSONValue.random(depth: 5, using: &random)
            let text = value.encoded()
            let again = try JSONValue(parsing: text)
            // Byte for byte: the spelling of numbers, the order of members and every duplicate.
            #expect(again == value && again.encoded() == text, "\(String(decoding: text, as: UTF8.self))")
        }
    }

    @Test func anotherReaderAgreesOnWhatIsWritten() throws {
        var random = SeededRandom(seed: 2)
        for _ in 0..<500 {
            let value = JSONValue.random(depth: 4, using: &random)
            // Foundation takes no number beyond a double's range.
            guard !String(decoding: value.encoded(), as: UTF8.self).contains("1e400") else { continue }
            let text = String(decoding: value.encoded(), as: UTF8.self)
            #expect(throws: Never.self, "\(text)") {
                try JSONSerialization.jsonObject(with: value.encoded(), options: [.fragmentsAllowed])
            }
        }
    }

    @Test func theCanonicalFormDoesNotDependOnTheOrderOfMembers() throws {
        var random = SeededRandom(seed: 3)
        for _ in 0..<300 {
            let members = (0..<6).map { JSONObject.Member(name: "n\($0)", value: .random(depth: 3, using: &random)) }
            let one = JSONValue.object(JSONObject(parsed: members))
            let other = JSONValue.object(JSONObject(parsed: members.shuffled(using: &random)))
            #expect(one.canonical() == other.canonical())
        }
    }

    @Test func theFormForTheDatabaseHoldsNoNULAndIsStillADocument() throws {
        var random = SeededRandom(seed: 4)
        for _ in 0..<500 {
            let value = JSONValue.random(depth: 4, using: &random)
            let text = value.storableText()
            let again = try JSONValue(parsing: text.utf8)
            #expect(!again.holdsNUL && !text.contains("\\u0000"))
            if !value.holdsNUL { #expect(again == value) }
        }
    }

    /// Mutated documents are read or refused, with an offset inside the document; never a crash, and what is read can be written.
    @Test(arguments: 0..<8) func junkIsRefusedOrRead(seed: UInt64) throws {
        var random = SeededRandom(seed: 100 + seed)
        let interesting = Array(#"{}[]",:\u0d8dDfFtrue-+.eE0123456789 "#.utf8) + [0, 0xFF, 0xC0, 0xED, 0xA0, 0x80, 0xF4, 0xEF, 0xBB, 0xBF]
        for _ in 0..<2_000 {
            var bytes = [UInt8](JSONValue.random(depth: 4, using: &random).encoded())
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: at)
                case 1: if at < bytes.count { bytes[at] = interesting.randomElement(using: &random) ?? 0 }
                case 2: bytes.removeSubrange(at..<min(bytes.count, at + 3))
                default: bytes.removeSubrange(at...)
                }
            }
            do {
                let value = try JSONValue(parsing: bytes)
                #expect(try JSONValue(parsing: value.encoded()) == value)
            } catch let error as JSONError {
                #expect((0...bytes.count).contains(error.offset), "\(error)")
            }
        }
    }

    @Test func theReadersOfMetasObjectsTakeAnyDocument() throws {
        var random = SeededRandom(seed: 5)
        for _ in 0..<1_000 {
            let value = JSONValue.random(depth: 4, using: &random)
            _ = GraphError(status: 400, body: value.encoded()).envelope.encoded()
            _ = (MessagesValue(value), TemplateStatusUpdate(value), TemplateQualityUpdate(value), TemplateCategoryUpdate(value))
            _ = (PhoneNumberQualityUpdate(value), SendAnswer(value), PhoneNumberNode(value), WABANode(value), TemplateNode(value))
            _ = (MediaNode(value), MigratedTemplates(value), HealthStatus(value))
            _ = GraphUsage(appUsage: value.storableText(), businessUsage: value.storableText())
            let envelope: JSONValue = ["entry": [["id": value, "changes": [["field": "messages", "value": value]], "time": value]]]
            #expect(try WebhookEnvelope(body: envelope.encoded()).changes.map(\.change.value) == [value])
        }
    }
}
