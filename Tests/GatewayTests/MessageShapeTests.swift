import CloudAPI
import CloudShapes
import Foundation
import TestSupport
import Testing

@testable import Gateway

/// Every documented message, from the caller to Meta.
@Suite struct MessageShapeTests {
    @Test func everyDocumentedMessageGoesOutAsItCame() async throws {
        let samples = MessageSample.all
        let bodies = try samples.enumerated().map { try Self.addressed($1, $0) }
        try await Rig.with { rig in
            let batch = zip(samples, bodies).map { Submission(sender: Rig.sender, body: $1, edge: $0.edge) }
            let ids = try await rig.gateway.submit(batch: batch).map { try $0.get().id }
            try await eventually("every message is sent") { rig.meta.seen.count >= samples.count }
            let seen = rig.meta.seen
            #expect(seen.count == samples.count)
            for (place, sample) in samples.enumerated() {
                let name = CallbackName.text(ids[place])
                let request = try #require(seen.first { $0.callback == name }, "\(sample)")
                #expect(request.path == "/v25.0/\(Rig.sender)/\(sample.edge.rawValue)", "\(sample)")
                let shape = sample.edge == .marketing ? MessageShapes.marketing : MessageShapes.message
                #expect(shape.problems(request.body) == [], "\(sample)")
                // Ours takes the place of the caller's own callback data; nothing else is another.
                let expected = bodies[place].with(.string(name), at: ["biz_opaque_callback_data"])
                #expect(request.body.canonical() == expected.canonical(), "\(sample)")
            }
        }
    }

    /// Whatever way the number is written, it goes out as E.164, and the rest as it came.
    @Test(arguments: ["+1 (631) 555-0142", "(631) 555-0142", "631-555-0142"])
    func theNumberIsNormalised(to: String) async throws {
        let body = try #require(MessageSample.named("template")).body.with(.string(to), at: ["to"])
        try await Rig.with { rig in
            let receipt = try await rig.submit(body) { $0.region = "US" }
            try await rig.reach(receipt.id, .accepted)
            let sent = try #require(rig.meta.seen.first?.body)
            #expect(sent["to"] == "+16315550142" && sent["template"]?.encoded() == body["template"]?.encoded())
            #expect(MessageShapes.message.problems(sent) == [])
        }
    }

    // MARK: Refusals

    struct Refusal: Sendable, CustomStringConvertible {
        var sample: String
        /// The place of the mistake, and what stands there; nil: nothing.
        var path: String
        var value: JSONValue?
        var code: Int
        var description: String { "\(sample), \(path)" }

        init(_ sample: String, _ path: String, _ value: JSONValue?, _ code: Int) {
            self.sample = sample
            self.path = path
            self.value = value
            self.code = code
        }
    }

    private static func long(_ count: Int) -> JSONValue { .string(String(repeating: "a", count: count)) }

    static let refusals: [Refusal] = ofEnvelope + ofText + ofMedia + ofOthers

    private static let ofEnvelope: [Refusal] = [
        Refusal("text", "messaging_product", nil, 100), Refusal("text", "messaging_product", "sms", 100),
        Refusal("text", "recipient_type", "group", 131009), Refusal("text", "to", nil, 131008), Refusal("text", "to", [:], 131009),
        Refusal("text: user id", "recipient", "16315550142", 131009), Refusal("text: reply", "context", "wamid.x", 100),
        Refusal("text: reply", "context.message_id", nil, 131008), Refusal("text: hash", "recipient_identity_key_hash", "", 100),
        Refusal("text: callback data", "biz_opaque_callback_data", long(513), 100), Refusal("image", "type", nil, 131008),
        Refusal("image", "type", "", 131009), Refusal("template: marketing edge", "type", "text", 131055),
    ]

    private static let ofText: [Refusal] = [
        Refusal("text", "text", nil, 131008), Refusal("text", "text", "hello", 100), Refusal("text", "text.body", nil, 131008),
        Refusal("text", "text.body", "", 131008), Refusal("text", "text.body", 7, 100), Refusal("text", "text.body", long(4097), 100),
        Refusal("template", "template", nil, 131008), Refusal("template", "template.name", nil, 131008),
        Refusal("template", "template.name", "", 100), Refusal("template", "template.language", nil, 131008),
        Refusal("template", "template.language.code", nil, 131008), Refusal("template", "template.language.code", 7, 100),
        Refusal("template", "template.components", [:], 100), Refusal("template", "template.components.0.type", nil, 131008),
        Refusal("template", "template.components.1.parameters", [:], 100),
    ]

    private static let ofMedia: [Refusal] = [
        Refusal("image", "image", nil, 131008), Refusal("image", "image.id", nil, 131008), Refusal("image", "image.id", "", 100),
        Refusal("image", "image.link", "https://files.example/a.png", 100), Refusal("image", "image.caption", long(1025), 100),
        Refusal("image: link", "image.link", "ftp://files.example/a.png", 131009), Refusal("video", "video.id", nil, 131008),
        Refusal("audio", "audio.id", nil, 131008), Refusal("document", "document.id", nil, 131008),
        Refusal("sticker", "sticker.id", nil, 131008),
    ]

    private static let ofOthers: [Refusal] = [
        Refusal("location", "location.latitude", nil, 131008),
        Refusal("location", "location.latitude", 91, 131009), Refusal("location", "location.longitude", "east", 131009),
        Refusal("contacts", "contacts", nil, 131008), Refusal("contacts", "contacts", [], 100),
        Refusal("contacts", "contacts.0.name", nil, 131008), Refusal("contacts", "contacts.0.name.formatted_name", nil, 131008),
        Refusal("reaction", "reaction.message_id", nil, 131008), Refusal("reaction", "reaction.emoji", nil, 131008),
        Refusal("reaction", "reaction.emoji", 7, 100), Refusal("interactive: list", "interactive.type", nil, 131008),
        Refusal("interactive: cta_url", "interactive.action", nil, 131008), Refusal("interactive: flow", "interactive.action", "flow", 100),
        Refusal("interactive: button", "interactive.action.buttons", nil, 131008),
        Refusal("interactive: button", "interactive.action.buttons", [], 100),
        Refusal("interactive: list, long body", "interactive.body.text", long(4097), 100),
    ]

    @Test(arguments: refusals)
    func whatIsWrongIsRefusedWithMetasCode(mistake: Refusal) throws {
        let sample = try #require(MessageSample.named(mistake.sample))
        let right = try sample.body
        let wrong = right.with(mistake.value, at: mistake.path.components(separatedBy: "."))
        _ = try CheckedBody(right, edge: sample.edge, maximumBytes: 256 << 10)
        let refusal = #expect(throws: GatewayRefusal.self) { _ = try CheckedBody(wrong, edge: sample.edge, maximumBytes: 256 << 10) }
        #expect(refusal?.code == mistake.code)
        // The words name the field.
        let field = mistake.path.split(separator: ".").last { Int($0) == nil } ?? ""
        #expect(refusal?.details.contains(field) == true, "\(refusal?.details ?? "")")
        let shape = sample.edge == .marketing ? MessageShapes.marketing : MessageShapes.message
        #expect(shape.problems(right) == [] && shape.problems(wrong) != [])
    }

    @Test func everyKindHasARefusal() {
        func kinds(_ names: [String]) -> Set<String> { Set(names.map { String($0.prefix { $0 != ":" }) }) }
        #expect(kinds(Self.refusals.map(\.sample)) == kinds(MessageSample.all.map(\.name)))
    }

    /// A recipient of their own for every message that goes to a number, so that no pair has to rest.
    private static func addressed(_ sample: MessageSample, _ place: Int) throws -> JSONValue {
        let body = try sample.body
        return body["to"] == nil ? body : body.with(.string("+1631555\(1000 + place)"), at: ["to"])
    }
}
