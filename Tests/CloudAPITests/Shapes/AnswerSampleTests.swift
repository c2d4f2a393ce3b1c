import CloudShapes
import Foundation
import Testing

@testable import CloudAPI

/// Every documented answer, through the client's own readers.
@Suite struct AnswerSampleTests {
    @Test(arguments: AnswerSample.all)
    func whatIsDocumentedIsRead(sample: AnswerSample) throws {
        let read = try #require(try Self.read(sample))
        let expected = try JSONValue(parsing: sample.reads.utf8)
        #expect(read.canonical() == expected.canonical(), "\(String(decoding: read.encoded(), as: UTF8.self))")
    }

    /// Nodes are kept, and passed on to callers, as they came.
    @Test(arguments: AnswerSample.all)
    func whatCameIsKept(sample: AnswerSample) throws {
        guard let kept = try Self.kept(sample) else { return }
        #expect(kept.encoded() == (try JSONValue(parsing: sample.text.utf8)).encoded())
    }

    @Test func namesAreNamedOnce() { #expect(Set(AnswerSample.all.map(\.name)).count == AnswerSample.all.count) }

    private static func read(_ sample: AnswerSample) throws -> JSONValue? {
        if case .error(let status) = sample.kind { return AnswerReading.json(GraphError(status: status, body: Data(sample.text.utf8))) }
        let json = try JSONValue(parsing: sample.text.utf8)
        switch sample.kind {
        case .send: return SendAnswer(json).map { AnswerReading.json($0) }
        case .media: return MediaNode(json).map { AnswerReading.json($0) }
        case .number: return PhoneNumberNode(json).map { AnswerReading.json($0) }
        case .numbers:
            return GraphPage(json, PhoneNumberNode.init).map { AnswerReading.page($0.elements.map { .string($0.id) }, next: $0.next) }
        case .waba: return WABANode(json).map { AnswerReading.json($0) }
        case .templates:
            return GraphPage(json, TemplateNode.init).map { AnswerReading.page($0.elements.map { AnswerReading.json($0) }, next: $0.next) }
        case .createdTemplate: return CreatedTemplate(json).map { AnswerReading.json($0) }
        case .copiedTemplates: return MigratedTemplates(json).map { AnswerReading.json($0) }
        case .subscribedApps:
            return .array(json["data"]?.elements?.compactMap { SubscribedApp($0).map { AnswerReading.json($0) } } ?? [])
        case .token: return TokenInfo(json).map { AnswerReading.json($0) }
        case .success: return json["success"]?.bool.map { .bool($0) }
        case .id: return json["id"]?.text.map { .string($0) }
        case .error: return nil
        }
    }

    private static func kept(_ sample: AnswerSample) throws -> JSONValue? {
        if case .error(let status) = sample.kind {
            guard sample.text.hasPrefix("{") else { return Optional.none }
            return GraphError(status: status, body: Data(sample.text.utf8)).envelope
        }
        let json = try JSONValue(parsing: sample.text.utf8)
        switch sample.kind {
        case .send: return SendAnswer(json)?.raw
        case .media: return MediaNode(json)?.raw
        case .number: return PhoneNumberNode(json)?.raw
        case .waba: return WABANode(json)?.raw
        case .copiedTemplates: return MigratedTemplates(json)?.raw
        default: return nil
        }
    }
}
