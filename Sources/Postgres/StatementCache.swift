/// Which statements are prepared on one connection, least recently used first out.
struct StatementCache {
    enum Use: Equatable {
        case off
        case known(String)
        case prepare(String, evicted: String?)
    }

    private struct Entry {
        var name: String
        var oids: [UInt32]
        var used: UInt64
    }

    private let capacity: Int
    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0

    init(capacity: Int) { self.capacity = capacity }

    mutating func use(_ sql: String, oids: [UInt32]) -> Use {
        guard capacity > 0 else { return .off }
        clock += 1
        var evicted: String?
        if let entry = entries[sql] {
            if entry.oids == oids {
                entries[sql]?.used = clock
                return .known(entry.name)
            }
            evicted = entry.name
        } else if entries.count >= capacity, let oldest = entries.min(by: { $0.value.used < $1.value.used }) {
            evicted = oldest.value.name
            entries[oldest.key] = nil
        }
        let name = "relevo_\(clock)"
        entries[sql] = Entry(name: name, oids: oids, used: clock)
        return .prepare(name, evicted: evicted)
    }

    mutating func remove(_ sql: String) -> String? { entries.removeValue(forKey: sql)?.name }

    mutating func removeAll() { entries.removeAll() }
}
