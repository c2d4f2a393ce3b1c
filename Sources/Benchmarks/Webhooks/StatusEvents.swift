import PhoneNumbers

/// What Meta says of a message.
enum StatusKind: String, Sendable, CaseIterable {
    case sent
    case delivered
    case read
    case played
    case failed
}

struct StatusEvent: Hashable, Sendable {
    /// Number of the message.
    var message: Int
    var kind: StatusKind
    /// Whole seconds since 1970: Meta tells no more.
    var at: Int
    /// Carries the name that the gateway gave the message; else only its wamid.
    var isNamed: Bool
}

/// Messages and all that Meta has to say of them, in the order in which it does. The same seed tells the same.
struct StatusStory: Sendable {
    private(set) var messages: StatusMessages
    private(set) var events: [StatusEvent] = []

    /// - Parameters:
    ///   - count: events; up to two more, so that the last message has all of its own.
    ///   - rate: events in a second.
    ///   - failedShare: of the messages.
    ///   - base: when the first message was accepted, in seconds since 1970.
    init(events count: Int, rate: Double, senders: Int, failedShare: Double, seed: UInt64, base: Int) {
        var random = SplitMix(state: seed)
        var messages = StatusMessages(count: 0, senders: senders, seed: seed, base: base, perSecond: rate / 3)
        var timed: [(time: Double, event: StatusEvent)] = []
        timed.reserveCapacity(count + 2)
        while timed.count < count {
            let number = messages.count
            messages.count += 1
            for (kind, at) in Self.life(from: messages.acceptedAt(number), failedShare, &random) {
                // Some are on their way much longer than others: `read` comes before `delivered`, and both before `sent`.
                var delay = Double.random(in: 0..<2, using: &random)
                if Int.random(in: 0..<50, using: &random) == 0 { delay += Double.random(in: 0..<20, using: &random) }
                let event = StatusEvent(message: number, kind: kind, at: at, isNamed: Bool.random(using: &random))
                timed.append((Double(at) + delay, event))
            }
        }
        self.messages = messages
        events = timed.sorted { $0.time < $1.time }.map(\.event)
    }

    /// Two or three statuses that differ. At most one failure, since Meta gives one message up once.
    private static func life(from start: Int, _ failedShare: Double, _ random: inout SplitMix) -> [(StatusKind, Int)] {
        let sent = start + Int.random(in: 0...1, using: &random)
        let delivered = start + Int.random(in: 1...4, using: &random)
        let read = start + Int.random(in: 2...30, using: &random)
        if Double.random(in: 0..<1, using: &random) < failedShare {
            // A quarter arrives all the same.
            var life: [(StatusKind, Int)] = [(.sent, sent), (.failed, read)]
            if Int.random(in: 0..<4, using: &random) == 0 { life.append((.delivered, delivered)) }
            return life
        }
        switch Int.random(in: 0..<10, using: &random) {
        // On a second device, or the same again: the earliest counts.
        case 0, 1: return [(.sent, sent), (.delivered, delivered), (.delivered, delivered + Int.random(in: 1...5, using: &random))]
        // `delivered` is left out when it coincides with `read`.
        case 2, 3: return [(.sent, sent), (.read, read), (.played, read + Int.random(in: 0...9, using: &random))]
        default: return [(.sent, sent), (.delivered, delivered), (.read, read)]
        }
    }

    /// The same events in no order, a share of them twice.
    func shuffled(duplicates share: Double, seed: UInt64) -> [StatusEvent] {
        var random = SplitMix(state: seed)
        var all = events
        for event in events where Double.random(in: 0..<1, using: &random) < share { all.append(event) }
        all.shuffle(using: &random)
        return all
    }
}

/// Events that go together in one POST.
struct StatusPost: Sendable {
    var events: [StatusEvent]
    /// When it is to go, in microseconds from the beginning.
    var due: Int64

    /// Puts events into POSTs, in their order.
    /// - Parameters:
    ///   - rate: events in a second; infinite: all are due at once.
    ///   - singleShare: of the events, those that go alone.
    ///   - batch: how many the others go with. A batch is due when its last event is.
    static func cut(
        _ events: [StatusEvent], rate: Double, singleShare: Double, batch: ClosedRange<Int>, seed: UInt64
    ) -> [StatusPost] {
        var random = SplitMix(state: seed)
        var (posts, gathered, due) = ([StatusPost](), [StatusEvent](), Int64(0))
        var size = Int.random(in: batch, using: &random)
        for (place, event) in events.enumerated() {
            due = Int64(Double(place) / rate * 1_000_000)
            if Double.random(in: 0..<1, using: &random) < singleShare {
                posts.append(StatusPost(events: [event], due: due))
                continue
            }
            gathered.append(event)
            guard gathered.count >= size else { continue }
            posts.append(StatusPost(events: gathered, due: due))
            gathered = []
            size = Int.random(in: batch, using: &random)
        }
        if !gathered.isEmpty { posts.append(StatusPost(events: gathered, due: due)) }
        return posts
    }
}
