/// Which statements are prepared on one connection, least recently used first out.
struct StatementCache {
    enum Use: Equatable {
        case off
        case known(String)
        case prepare(String, evicted: String?)
    }

    private struct Key: Hashable {
        var sql: String
        var oids: [UInt32]
    }
    private struct Entry {
        var name: String
        var used: UInt64
    }

    let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0

    init(capacity: Int) { self.capacity = capacity }

    mutating func use(_ sql: String, oids: [UInt32]) -> Use {
        guard capacity > 0 else { return .off }
        clock += 1
        let key = Key(sql: sql, oids: oids)
        if let entry = entries[key] {
            entries[key]?.used = clock
            return .known(entry.name)
        }
        var evicted: String?
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.used < $1.value.used }) {
            evicted = oldest.value.name
            entries[oldest.key] = nil
        }
        let name = "relevo_\(clock)"
        entries[key] = Entry(name: name, used: clock)
        return .prepare(name, evicted: evicted)
    }

    /// Forgets a text with whatever types; returns the names to deallocate.
    mutating func remove(_ sql: String) -> [String] {
        let keys = entries.keys.filter { $0.sql == sql }
        return keys.compactMap { entries.removeValue(forKey: $0)?.name }
    }

    /// Forgets one that could not be prepared.
    mutating func remove(_ sql: String, oids: [UInt32]) { entries[Key(sql: sql, oids: oids)] = nil }

    mutating func removeAll() { entries.removeAll() }
}
