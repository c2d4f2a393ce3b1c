import CloudAPI
import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

@testable import Gateway

@Suite struct StatusTests {
    /// Every order of the elements.
    private func orders<T>(_ all: [T]) -> [[T]] {
        guard all.count > 1 else { return [all] }
        return all.indices.flatMap { index in
            var rest = all
            let first = rest.remove(at: index)
            return orders(rest).map { [first] + $0 }
        }
    }

    @Test func everyOrderOfStatusesEndsTheSame() async throws {
        try await Rig.with { rig in
            let words = ["sent", "delivered", "read", "failed"]
            for (number, order) in orders(words).enumerated() {
                let receipt = try await rig.submit(Rig.text(to: "+1631555\(2000 + number)"))
                try await rig.reach(receipt.id, .accepted)
                let wamid = try #require(try await rig.record(receipt.id).wamid)
                for word in order + [order[0]] {
                    try await rig.statuses([
                        Rig.status(word, wamid, at: words.firstIndex(of: word) ?? 0, code: word == "failed" ? 131026 : nil)
                    ])
                }
                let end = try await rig.record(receipt.id)
                #expect(end.state == .read && end.reasonCode == nil && end.graphError == nil && end.failedAt == nil, "\(order)")
                #expect(end.deliveredAt == Date(timeIntervalSince1970: 1_790_000_001), "\(order)")
                #expect(end.readAt == Date(timeIntervalSince1970: 1_790_000_002), "\(order)")
                #expect(try await rig.gateway.history(of: receipt.id).count == 6, "\(order)")
            }
        }
    }

    @Test func sentIsNotDeliveredAndFailureIsTold() async throws {
        try await Rig.with { rig in
            let receipt = try await rig.submit { $0.tag = "t" }
            try await rig.reach(receipt.id, .accepted)
            try await rig.statuses([Rig.status("sent", "wamid.1")])
            #expect(try await rig.record(receipt.id).state == .sent)
            #expect(try await rig.gateway.counts(tag: "t").accepted == 1)
            try await rig.statuses([Rig.status("failed", "wamid.1", code: 131026)])
            #expect(try await rig.record(receipt.id).state == .failed)
            #expect(try await rig.gateway.counts(tag: "t").failedCodes == [131026: 1])
        }
    }

    @Test func runIsToldOnceWhatBecameOfItsMessage() async throws {
        try await Rig.with { rig in
            try await Workflows.start(run: "r", workflow: "w", version: 1, input: Data(), on: rig.client)
            let receipt = try await rig.submit { $0.notifyRun = "r" }
            try await rig.reach(receipt.id, .accepted)
            try await rig.statuses([Rig.status("sent", "wamid.1")])
            let event = "message:\(receipt.id.uuidString.lowercased())"
            let emitted = {
                try await rig.client.query("SELECT payload FROM jobs.event WHERE run_id = 'r' AND name = \(event)").decode(Data.self)
            }
            #expect(try await emitted().isEmpty)
            try await rig.statuses([Rig.status("delivered", "wamid.1", at: 1)])
            try await rig.statuses([Rig.status("read", "wamid.1", at: 2)])
            let payloads = try await emitted()
            #expect(payloads.count == 1)
            #expect(try payloads.first.map { try JSONDecoder().decode(MessageOutcome.self, from: $0).state } == .delivered)
        }
    }

    @Test func statusesOfAnotherSystemAreCountedAndDoNothing() async throws {
        try await Rig.with(sends: false) { rig in
            let receipt = try await rig.submit()
            try await rig.statuses([
                Rig.status("delivered", "wamid.foreign"), Rig.status("delivered", "wamid.x", callback: UUID()),
            ])
            #expect(try await rig.record(receipt.id).state == .queued)
            #expect(try await rig.gateway.strayStatuses(phoneNumberID: Rig.sender) == 2)
        }
    }

    @Test func optOutByStatusStopsMarketing() async throws {
        try await Rig.with { rig in
            let receipt = try await rig.submit()
            try await rig.reach(receipt.id, .accepted)
            try await rig.statuses([Rig.status("failed", "wamid.1", code: 131050)])
            let template: JSONValue = [
                "messaging_product": "whatsapp", "to": "+16315551234", "type": "template",
                "template": ["name": "promo", "language": ["code": "en_US"]],
            ]
            let refusal = await #expect(throws: GatewayRefusal.self) { try await rig.submit(template) }
            #expect(refusal?.code == 131050)
        }
    }

    @Test func inboundSpendsThroughputAndOpensTheWindow() async throws {
        try await Rig.with(sends: false) { rig in
            let now = Int(Date().timeIntervalSince1970)
            let messages = try (0..<40).map { index in
                try #require(
                    InboundMessage(["id": .string("in.\(index)"), "from": "16315551234", "timestamp": .string("\(now)"), "type": "text"]))
            }
            try await rig.client.withTransaction { try await rig.gateway.inbound(phoneNumberID: Rig.sender, messages: messages, on: $0) }
            #expect(try await rig.client.query("SELECT sum(tokens)::bigint FROM jobs.debit").decodeFirst(Int.self) == 40)
            #expect(try await rig.gateway.serviceWindow(sender: Rig.sender, address: "+16315551234") != nil)
            #expect(try await rig.gateway.serviceWindow(sender: Rig.sender, address: "+16315550000") == nil)
            // What comes late, or again, spends nothing now.
            let old = try #require(
                InboundMessage(["id": "in.old", "from": "16315551234", "timestamp": .string("\(now - 3600)"), "type": "text"]))
            try await rig.client.withTransaction { try await rig.gateway.inbound(phoneNumberID: Rig.sender, messages: [old], on: $0) }
            #expect(try await rig.client.query("SELECT sum(tokens)::bigint FROM jobs.debit").decodeFirst(Int.self) == 40)
        }
    }

    /// A status that outruns Meta's answer: who waits for the answer gets it all the same.
    @Test(arguments: ["sent", "failed"]) func aStatusThatOutrunsTheAnswerEndsNoWait(word: String) async throws {
        let (asked, ask) = AsyncStream.makeStream(of: UUID.self)
        let (told, tell) = AsyncStream.makeStream(of: Void.self)
        try await Rig.with(
            reply: { request in
                ask.yield(CallbackName.id(request.callback) ?? UUID())
                for await _ in told { break }
                return .accept
            }
        ) { rig in
            let receipt = try await rig.submit()
            async let waited = rig.gateway.wait(for: receipt.id, atMost: .seconds(60))
            for await id in asked {
                #expect(id == receipt.id)
                break
            }
            try await rig.statuses([Rig.status(word, "wamid.1", callback: receipt.id, code: word == "failed" ? 131026 : nil)])
            let state = try #require(MessageState(rawValue: word))
            #expect(try await rig.record(receipt.id).state == state)
            tell.yield()
            let record = try await waited
            #expect(record.graphAnswer != nil && record.wamid == "wamid.1" && record.state == state)
        }
    }
}
