import Foundation
import Postgres

/// Where messages stand in the end, and what is known to have happened to them.
struct FinalStates: Sendable {
    struct Message: Hashable, Sendable {
        var wamid: String?
        var state = "accepted"
        var deliveredAt: Date?
        var readAt: Date?
        var failedAt: Date?
        var errorCode: Int?
    }

    struct Event: Hashable, Sendable {
        var message: UUID
        var kind: String
        var wamid: String?
        var at: Date?
    }

    var messages: [UUID: Message] = [:]
    var events: Set<Event> = []

    /// What the events bring about, whatever their order: the highest rank, and the earliest times. Shares no code with the gateway.
    init(of events: [StatusEvent], messages all: StatusMessages) {
        var ranks = [Int](repeating: 0, count: all.count)
        var rows = (0..<all.count).map { Message(wamid: all.wamid($0)) }
        for event in events {
            let at = Date(timeIntervalSince1970: Double(event.at))
            self.events.insert(
                Event(message: all.id(event.message), kind: "status.\(event.kind.rawValue)", wamid: all.wamid(event.message), at: at))
            let rank: Int
            switch event.kind {
            case .sent: rank = 1
            case .failed:
                rank = 2
                rows[event.message].failedAt = at
            case .delivered:
                rank = 3
                rows[event.message].deliveredAt = min(rows[event.message].deliveredAt ?? at, at)
            case .read, .played:
                rank = 4
                // Who has read it has it.
                rows[event.message].deliveredAt = min(rows[event.message].deliveredAt ?? at, at)
                rows[event.message].readAt = min(rows[event.message].readAt ?? at, at)
            }
            ranks[event.message] = max(ranks[event.message], rank)
        }
        for index in rows.indices {
            rows[index].state = ["accepted", "sent", "failed", "delivered", "read"][ranks[index]]
            // A failure that was overtaken is in the history only.
            if ranks[index] == 2 { rows[index].errorCode = StatusBody.errorCode } else { rows[index].failedAt = nil }
            messages[all.id(index)] = rows[index]
        }
    }

    /// What a database holds.
    init(_ db: some PostgresExecutor) async throws {
        let rows = try await db.query(
            "SELECT id, wamid, state, delivered_at, read_at, failed_at, error_code FROM gateway.message"
        ).decode((UUID, String?, String, Date?, Date?, Date?, Int?).self)
        for (id, wamid, state, delivered, read, failed, code) in rows {
            messages[id] = Message(
                wamid: wamid, state: state, deliveredAt: delivered, readAt: read, failedAt: failed, errorCode: code)
        }
        let events = try await db.query(
            "SELECT message_id, kind, wamid, occurred_at FROM gateway.event WHERE kind LIKE 'status.%'"
        ).decode((UUID, String, String?, Date?).self)
        self.events = Set(events.map { Event(message: $0.0, kind: $0.1, wamid: $0.2, at: $0.3) })
    }

    func differences(from wanted: FinalStates) -> StateDifferences {
        let others = Set(messages.keys).union(wanted.messages.keys).filter { messages[$0] != wanted.messages[$0] }
        let example = others.min { $0.uuidString < $1.uuidString }.map { id in
            "\(id): \(Self.words(messages[id])) instead of \(Self.words(wanted.messages[id]))"
        }
        return StateDifferences(
            messages: others.count, missingEvents: wanted.events.subtracting(events).count,
            surplusEvents: events.subtracting(wanted.events).count, example: example)
    }

    private static func words(_ message: Message?) -> String {
        guard let message else { return "none" }
        let times = [("delivered", message.deliveredAt), ("read", message.readAt), ("failed", message.failedAt)]
        return message.state + times.map { name, at in at.map { " \(name) \(Int($0.timeIntervalSince1970))" } ?? "" }.joined()
    }
}

/// In what two sets of final states differ.
package struct StateDifferences: Codable, Sendable, Equatable {
    package var messages: Int
    package var missingEvents: Int
    package var surplusEvents: Int
    /// The first of the messages.
    package var example: String?

    package var isNone: Bool { messages == 0 && missingEvents == 0 && surplusEvents == 0 }

    var words: String {
        let example = example.map { " (\($0))" } ?? ""
        return "\(messages) messages differ, \(missingEvents) events are missing, \(surplusEvents) are too many\(example)"
    }
}
