import CloudAPI
import CloudShapes
import Foundation
import Recipients
import Testing

@testable import Templates
@testable import Webhooks

/// Every documented webhook: who takes it, and what goes on to a client's system.
@Suite struct SampleTests {
    @Test(arguments: WebhookSample.all)
    func everySampleFindsItsOwner(sample: WebhookSample) throws {
        let updates = try WebhookUpdates(body: Data(sample.text.utf8), post: 1, receivedAt: .distantPast)
        #expect(updates.count == 1 && updates.unreadable.isEmpty)
        switch sample.landing {
        case .status: #expect(updates.statuses.first?.phoneNumberID == "209990000000001")
        case .inbound: #expect(updates.inbound.first?.phoneNumberID == "209990000000001")
        case .template(let kind, let value):
            let change = try #require(updates.templates.first)
            let tree = try #require(JSONTree(change.place.raw.encoded()))
            let event = try #require(TemplateEvents.Event(field: change.place.field, tree: tree))
            #expect(event.kind == kind && event.value == value && event.id == "1600000000000009")
            #expect(event.key == TemplateKey(name: "order_update", language: "pt_BR"))
            #expect(change.occurredAt == Date(timeIntervalSince1970: 1_739_321_024))
        case .preference(let stops):
            let preference = try #require(updates.preferences.first)
            let change = try #require(MarketingPreference.change(preference, .distantPast))
            #expect(change.active == stops && change.waID == "16315550142" && change.scope == .marketing)
            #expect(change.at == Date(timeIntervalSince1970: 1_750_269_342))
        case .notice(let event):
            let notice = try #require(updates.notices.first)
            #expect(notice.event == event)
        }
    }

    /// Whoever wrote, or was written to, is found among the contacts.
    @Test(arguments: WebhookSample.all.filter { $0.landing == .inbound && !$0.name.hasPrefix("system") })
    func aWriterIsKnown(sample: WebhookSample) throws {
        let updates = try WebhookUpdates(body: Data(sample.text.utf8), post: 1, receivedAt: .distantPast)
        #expect(updates.inbound.first?.contact?.name == "Ana")
    }

    /// Meta's envelope again; only contacts are added, where Meta left them out.
    @Test(arguments: WebhookSample.all)
    func whatIsRelayedMeansWhatCame(sample: WebhookSample) throws {
        let relayed = try RelayUpdate.all(of: Data(sample.text.utf8))
        #expect(relayed.count == 1)
        let body = try JSONValue(parsing: try #require(relayed.first).body(nil))
        let came = try JSONValue(parsing: sample.text.utf8)
        let place = ["entry", "0", "changes", "0", "value", "contacts"]
        let value = try #require(came["entry"]?[0]?["changes"]?[0]?["value"])
        let bare = value["contacts"] == nil ? body.with(nil, at: place) : body
        #expect(bare.canonical() == came.canonical(), "\(String(decoding: body.encoded(), as: UTF8.self))")
        let contacts = body["entry"]?[0]?["changes"]?[0]?["value"]?["contacts"]?.elements ?? []
        guard sample.landing == .status || sample.landing == .inbound else { return }
        let number = (contacts.first?["wa_id"] ?? contacts.first?["user_id"])?.text
        #expect(contacts.count == 1 && number?.hasPrefix("1631555") == true || number?.hasPrefix("US.") == true)
    }
}
