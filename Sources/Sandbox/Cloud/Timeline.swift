import Foundation
import HeapModule

/// Business time, which runs at a speed of its own and can be set, and what is due at times of it.
struct Timeline<Event> {
    private struct Entry: Comparable {
        let at: Date
        let order: UInt64
        let event: Event

        static func < (a: Entry, b: Entry) -> Bool { (a.at, a.order) < (b.at, b.order) }
        static func == (a: Entry, b: Entry) -> Bool { a.order == b.order }
    }

    private(set) var speed: Double
    private var anchor: Date
    private var anchorMicros: Int64
    private var entries = Heap<Entry>()
    private var order: UInt64 = 0

    init(start: Date, speed: Double, micros: Int64) {
        anchor = start
        self.speed = speed
        anchorMicros = micros
    }

    var count: Int { entries.count }
    var nextDue: Date? { entries.min?.at }

    /// Business time at a monotonic time.
    func now(_ micros: Int64) -> Date { anchor.addingTimeInterval(Double(micros - anchorMicros) / 1e6 * speed) }

    mutating func set(now: Date, speed: Double, micros: Int64) {
        anchor = now
        anchorMicros = micros
        self.speed = speed
    }

    /// Returns whether the event is the next one due.
    mutating func schedule(_ event: Event, at: Date) -> Bool {
        order += 1
        entries.insert(Entry(at: at, order: order, event: event))
        return entries.min?.order == order
    }

    /// Takes the first event that is due; those of the same time come in the order in which they were scheduled.
    mutating func take(until now: Date) -> (at: Date, event: Event)? {
        guard let first = entries.min, first.at <= now else { return nil }
        _ = entries.popMin()
        return (first.at, first.event)
    }

    /// Real time until the next event is due; nil when there is none or time stands still.
    func wait(_ micros: Int64) -> Duration? {
        guard let next = entries.min?.at, speed > 0 else { return nil }
        let seconds = next.timeIntervalSince(now(micros)) / speed
        return .microseconds(Int64(min(max(seconds, 0), 3_600) * 1e6) + 1)
    }
}
