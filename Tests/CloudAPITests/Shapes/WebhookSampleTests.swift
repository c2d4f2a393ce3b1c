import CloudShapes
import Foundation
import Testing

@testable import CloudAPI

/// Every documented webhook, through the parser.
@Suite struct WebhookSampleTests {
    @Test(arguments: WebhookSample.all)
    func whatIsDocumentedIsRead(sample: WebhookSample) throws {
        let read = WebhookReading.json(try WebhookEnvelope(body: sample.text.utf8))
        let expected = try JSONValue(parsing: sample.reads.utf8)
        #expect(read.canonical() == expected.canonical(), "\(String(decoding: read.encoded(), as: UTF8.self))")
    }

    /// The value of a change, and each status and message in it, are kept to the letter.
    @Test(arguments: WebhookSample.all)
    func whatCameIsKept(sample: WebhookSample) throws {
        let json = try JSONValue(parsing: sample.text.utf8)
        let envelope = try WebhookEnvelope(body: sample.text.utf8)
        let change = try #require(envelope.entries.first?.changes.first)
        let value = try #require(json["entry"]?[0]?["changes"]?[0]?["value"])
        #expect(envelope.entries.count == 1 && envelope.dropped == 0 && change.value.encoded() == value.encoded())
        #expect(change.messages?.statuses.map(\.raw) ?? [] == (change.messages == nil ? [] : value["statuses"]?.elements ?? []))
        #expect(change.messages?.messages.map(\.raw) ?? [] == (change.messages == nil ? [] : value["messages"]?.elements ?? []))
        let raws = [
            change.templateStatus?.raw, change.templateQuality?.raw, change.templateCategory?.raw, change.phoneNumberQuality?.raw,
        ]
        #expect(raws.compactMap { $0 }.allSatisfy { $0 == value })
    }

    @Test func namesAreNamedOnce() { #expect(Set(WebhookSample.all.map(\.name)).count == WebhookSample.all.count) }
}
