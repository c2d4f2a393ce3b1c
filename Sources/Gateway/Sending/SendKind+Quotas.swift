import Foundation
import Jobs
import Postgres
import Recipients

extension SendKind {
    /// Holds messages that a quota has no place for, in the order they come in. Only templates count: nothing else reaches anybody outside
    /// a service window.
    func holdForQuotas(
        _ messages: [Waiting], _ senders: [String: SenderRow], _ states: [RecipientKey: RecipientState], _ verdicts: inout [Admission],
        on db: PostgresConnection
    ) async throws -> [Waiting] {
        let templates = messages.filter { $0.kind == "template" }
        guard !templates.isEmpty else { return messages }
        var wants: [UUID: [QuotaItem]] = [:]
        for message in templates { wants[message.send.id] = Self.wants(message, senders[message.send.sender]?.sender) }
        var book = try await Quotas.open(Set(wants.values.joined()), on: db)
        guard !book.standings.isEmpty || templates.contains(where: { !$0.quotas.isEmpty }) else { return messages }
        let inside = try await inWindow(templates, book, wants, states, on: db)
        var going: [Waiting] = []
        var held: [String: [(Waiting, String)]] = [:]
        var hits: [LimitHits.Hit] = []
        for var message in messages {
            guard let all = wants[message.send.id] else {
                going.append(message)
                continue
            }
            let counted = all.filter {
                book.standings[$0.key] != nil && !($0.key.hasPrefix(Quotas.portfolioPrefix) && inside.contains(message.send.id))
            }
            switch book.admit(counted, reserved: message.quotas) {
            case .go(let over):
                message.uses = counted
                message.over = over
                going.append(message)
            case .hold(let key):
                hits.append(.init(rule: HoldReason.code(quota: key), key: key, isShadow: false))
                let reason = HoldReason.text(quota: key, perDay: book.standings[key]?.perDay ?? 0)
                held[key, default: []].append((message, reason))
                verdicts[message.place] = .drop(reason: "held: \(reason)")
            }
        }
        for (key, messages) in held.sorted(by: { $0.key < $1.key }) {
            try await hold(messages, code: HoldReason.code(quota: key), for: key, on: db)
        }
        if !held.isEmpty {
            try await db.query("UPDATE gateway.quota SET waiting = true WHERE key = ANY (\(held.keys.sorted())) AND NOT waiting")
        }
        try await LimitHits.note(hits, on: db)
        return going
    }

    private static func wants(_ message: Waiting, _ sender: Sender?) -> [QuotaItem] {
        var wants: [QuotaItem] = []
        if let portfolio = sender?.portfolioID { wants.append(.init(key: Quotas.portfolio(portfolio), item: message.address)) }
        if let template = message.template {
            let key = TemplateHolds.lane(message.send.wabaID, template, message.language ?? "")
            wants.append(.init(key: key, item: message.send.id.uuidString.lowercased()))
        }
        return wants
    }

    /// Messages that go to somebody whose service window is open: those are not counted by their portfolio.
    private func inWindow(
        _ messages: [Waiting], _ book: QuotaBook, _ wants: [UUID: [QuotaItem]], _ states: [RecipientKey: RecipientState],
        on db: PostgresConnection
    ) async throws -> Set<UUID> {
        var names: [UUID: [[String]]] = [:]
        for message in messages
        where (wants[message.send.id] ?? []).contains(where: { $0.key.hasPrefix(Quotas.portfolioPrefix) && book.standings[$0.key] != nil })
        {
            let state = states[message.recipient]
            let addresses = [message.send.e164.map { String($0.dropFirst()) }, message.send.userID, state?.waID, state?.userID]
            names[message.send.id] = Set(addresses.compactMap { $0 }).map { [message.send.sender, $0] }
        }
        let open = try await Quotas.open(windows: Set(names.values.joined()).map { ($0[0], $0[1]) }, on: db)
        return Set(names.filter { $0.value.contains(where: open.contains) }.keys)
    }

    /// Counts what goes, and frees what a message had reserved and does not need.
    func countQuotas(_ begun: [Waiting], on db: PostgresConnection) async throws {
        let over = begun.flatMap { one in one.uses.filter { one.over.contains($0.key) } }
        try await Quotas.take(
            begun.flatMap { one in one.uses.map { ($0, one.send.id, one.attempts + 1) } }, over: Set(over), on: db)
        // A message that comes again, because its slot was missed or Meta was not reached, is counted already.
        let news = begun.flatMap { one in one.over.filter { !one.quotas.contains($0) } }
        try await LimitHits.note(news.map { .init(rule: HoldReason.code(quota: $0), key: $0, isShadow: true) }, on: db)
        let unneeded = begun.flatMap { one in
            one.quotas.filter { key in !one.uses.contains { $0.key == key } }.map { key in
                let item = key.hasPrefix(Quotas.portfolioPrefix) ? one.address : one.send.id.uuidString.lowercased()
                return (QuotaItem(key: key, item: item), message: one.send.id, attempt: one.attempts + 1)
            }
        }
        try await Quotas.free(unneeded, on: db)
    }
}
