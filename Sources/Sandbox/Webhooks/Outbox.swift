import DequeModule
import Foundation

/// One change for subscribers.
struct Update: Sendable {
    var waba: String
    var field: String
    var value: JSON
    /// Of management fields only.
    var time: Int?

    var json: JSON { ["field": .string(field), "value": value] }
}

/// Updates that have not been handed out yet, in order.
struct Outbox {
    /// What one POST takes.
    struct Post: Sendable {
        var url: String
        var count: Int
        var body: JSON
    }

    /// As many as memory bears; Meta keeps a week.
    static let room = 2_000_000
    /// Meta's most is 1,000.
    static let batch = 250

    /// Where updates without an override go.
    var url: String?
    let signal: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private var waiting = Deque<(url: String, update: Update)>()
    private(set) var dropped = 0
    private(set) var unaddressed = 0
    private(set) var handedOut = 0
    var delivered = 0

    init(url: String?) {
        self.url = url
        (signal, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var count: Int { waiting.count }
    var underWay: Int { handedOut - delivered }

    mutating func add(_ update: Update, override: String?) {
        guard let target = override ?? url else {
            unaddressed += 1
            return
        }
        guard waiting.count < Self.room else {
            dropped += 1
            return
        }
        waiting.append((target, update))
        continuation.yield()
    }

    /// The first updates that go to the same address, as one envelope; updates of one account that follow each other share an entry.
    mutating func take() -> Post? {
        guard let url = waiting.first?.url else { return nil }
        var entries: [JSON] = []
        var changes: [JSON] = []
        var current: (waba: String, time: Int?)?
        func close() {
            guard let current else { return }
            entries.append(.compact(["id": .string(current.waba), "time": .of(current.time), "changes": .array(changes)]))
            changes = []
        }
        var taken = 0
        while taken < Self.batch, let next = waiting.first, next.url == url {
            waiting.removeFirst()
            taken += 1
            if current?.waba != next.update.waba || current?.time != next.update.time {
                close()
                current = (next.update.waba, next.update.time)
            }
            changes.append(next.update.json)
        }
        close()
        handedOut += taken
        return Post(url: url, count: taken, body: ["object": "whatsapp_business_account", "entry": .array(entries)])
    }
}
