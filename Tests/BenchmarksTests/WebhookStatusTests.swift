import Foundation
import Testing

@testable import Benchmarks

@Suite struct WebhookStatusTests {
    private static func story(_ seed: UInt64 = 7, events: Int = 3000) -> StatusStory {
        StatusStory(events: events, rate: 300, senders: 4, failedShare: 0.1, seed: seed, base: 1_796_083_200)
    }

    private static func counts(_ events: [StatusEvent]) -> [StatusEvent: Int] { Dictionary(events.map { ($0, 1) }, uniquingKeysWith: +) }

    @Test func aSeedTellsTheSameStory() {
        let (one, two, other) = (Self.story(), Self.story(), Self.story(8))
        #expect(one.events == two.events)
        #expect(one.events != other.events)
        #expect(one.messages.id(5) == two.messages.id(5))
        #expect(one.messages.id(5) != other.messages.id(5))
        #expect(one.messages.wamid(5) == two.messages.wamid(5))
    }

    @Test func everyKindComesAndNoEventTwice() {
        let story = Self.story()
        #expect((3000...3002).contains(story.events.count))
        #expect(Set(story.events.map(\.kind)) == Set(StatusKind.allCases))
        #expect(Set(story.events).count == story.events.count)
        #expect(Set(story.events.map(\.message)) == Set(0..<story.messages.count))
        let named = Double(story.events.count { $0.isNamed }) / Double(story.events.count)
        #expect(abs(named - 0.5) < 0.05)
    }

    @Test func idsAreThoseOfTheGatewayAndRise() {
        let messages = Self.story().messages
        let ids = (0..<messages.count).map { messages.id($0).uuidString }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.dropFirst(14).first == "7" && "89AB".contains($0.dropFirst(19).first ?? " ") })
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0.prefix(13) <= $1.prefix(13) })
        #expect(Set((0..<messages.count).map { messages.wamid($0) }).count == messages.count)
    }

    @Test(arguments: [0, 0.25, 1]) func postsHoldEveryEventOnceAndInTime(_ singleShare: Double) {
        let story = Self.story()
        let posts = StatusPost.cut(story.events, rate: 300, singleShare: singleShare, batch: 20...50, seed: 1)
        #expect(Self.counts(posts.flatMap(\.events)) == Self.counts(story.events))
        #expect(posts.map(\.due) == posts.map(\.due).sorted())
        #expect(posts.allSatisfy { !$0.events.isEmpty && $0.events.count <= 50 })
        let singles = Double(posts.count { $0.events.count == 1 }) / Double(story.events.count)
        #expect(abs(singles - singleShare) < 0.05)
        let last = Double(posts.last?.due ?? 0) / 1e6
        #expect(abs(last - Double(story.events.count) / 300) < 0.1)
    }

    @Test func allAreDueAtOnceWithoutARate() {
        let posts = StatusPost.cut(Self.story().events, rate: .infinity, singleShare: 0, batch: 1...1000, seed: 1)
        #expect(posts.allSatisfy { $0.due == 0 })
    }

    @Test func aShuffleKeepsAllAndRepeatsAShare() {
        let story = Self.story()
        let shuffled = story.shuffled(duplicates: 0.2, seed: 3)
        #expect(shuffled == story.shuffled(duplicates: 0.2, seed: 3))
        #expect(Set(shuffled) == Set(story.events))
        #expect(Self.counts(shuffled).values.allSatisfy { $0 <= 2 })
        let twice = Double(shuffled.count - story.events.count) / Double(story.events.count)
        #expect(abs(twice - 0.2) < 0.05)
        #expect(Array(shuffled.prefix(100)) != Array(story.events.prefix(100)))
        let plain = story.shuffled(duplicates: 0, seed: 3)
        #expect(Self.counts(plain) == Self.counts(story.events))
    }

    @Test func statesAreThoseOfTheHighestRankWhateverTheOrder() {
        let messages = StatusMessages(count: 5, senders: 1, seed: 1, base: 1000, perSecond: 1)
        func event(_ message: Int, _ kind: StatusKind, _ at: Int) -> StatusEvent {
            StatusEvent(message: message, kind: kind, at: at, isNamed: false)
        }
        func date(_ seconds: Int) -> Date { Date(timeIntervalSince1970: Double(seconds)) }
        let events = [
            event(0, .read, 1010), event(0, .delivered, 1012), event(0, .sent, 1001), event(1, .failed, 1009), event(1, .sent, 1001),
            event(2, .failed, 1009), event(2, .delivered, 1007), event(2, .delivered, 1006), event(3, .sent, 1002),
        ]
        let wanted: [FinalStates.Message] = [
            .init(wamid: messages.wamid(0), state: "read", deliveredAt: date(1010), readAt: date(1010)),
            .init(wamid: messages.wamid(1), state: "failed", failedAt: date(1009), errorCode: 131_026),
            .init(wamid: messages.wamid(2), state: "delivered", deliveredAt: date(1006)),
            .init(wamid: messages.wamid(3), state: "sent"), .init(wamid: messages.wamid(4), state: "accepted"),
        ]
        let states = FinalStates(of: events, messages: messages)
        for (index, message) in wanted.enumerated() { #expect(states.messages[messages.id(index)] == message) }
        for _ in 0..<50 {
            let again = FinalStates(of: (events + events.prefix(4)).shuffled(), messages: messages)
            #expect(again.differences(from: states).isNone)
        }
        let fewer = FinalStates(of: Array(events.dropFirst()), messages: messages)
        let differences = fewer.differences(from: states)
        #expect(differences.messages == 1)
        #expect(differences.missingEvents == 1)
        #expect(differences.surplusEvents == 0)
    }

    @Test(arguments: [false, true]) func bodiesAreJSONWithEveryStatus(_ namesUsers: Bool) throws {
        let story = Self.story()
        let body = StatusBody(messages: story.messages, namesUsers: namesUsers)
        for start in [0, 1, 2, 100, 101] {
            let events = Array(story.events[start..<start + 40])
            let bytes = body.bytes(events)
            #expect(bytes == body.bytes(events))
            let root = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
            let entry = try #require((root["entry"] as? [[String: Any]])?.first)
            let values = try #require(entry["changes"] as? [[String: Any]]).compactMap { $0["value"] as? [String: Any] }
            let statuses = values.flatMap { $0["statuses"] as? [[String: Any]] ?? [] }
            #expect(statuses.count == 40)
            #expect(Set(statuses.compactMap { $0["id"] as? String }) == Set(events.map { story.messages.wamid($0.message) }))
            let (named, failed) = (events.count { $0.isNamed }, events.count { $0.kind == .failed })
            let found = ["biz_opaque_callback_data", "errors", "recipient_user_id"].map { name in statuses.count { $0[name] != nil } }
            #expect(found == [named, failed, namesUsers ? 40 - failed : 0])
        }
    }
}

@Suite struct IntakeTimesTests {
    private static func record(_ due: Int64, _ answered: Int64?, begun: Int64? = nil) -> WebhookDelivery.Record {
        .init(updates: 1, due: due, begun: due, lastBegun: begun ?? due, answered: answered, attempts: 1)
    }

    @Test func theRuleIsAMedianAndAShare() {
        let quick = (0..<100).map { _ in Self.record(0, 100_000) }
        #expect(IntakeTimes(quick).keepsRule)
        #expect(!IntakeTimes(quick + [Self.record(0, 2_000_000), Self.record(0, 1_000_001)]).keepsRule)
        #expect(!IntakeTimes((0..<100).map { _ in Self.record(0, 250_000) }).keepsRule)
        #expect(IntakeTimes([Self.record(0, nil)]).millis.count == 0)
    }

    @Test func anOutageEndsWithTheFirstAnswerOfAnotherProcess() {
        let records = [
            Self.record(10, 90), Self.record(80, 350, begun: 340), Self.record(95, 120), Self.record(200, 320, begun: 310),
            Self.record(400, 450),
        ]
        // The third was answered by the process that was being killed.
        let outage = Outage(killed: 100, ended: 130, records)
        #expect(outage.begin == 100)
        #expect(outage.end == 320)
        #expect(records.map { outage.touches($0) } == [false, true, true, true, false])
        #expect(Outage(killed: 500, ended: 510, records).seconds == nil)
    }
}
