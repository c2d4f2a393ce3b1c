import CloudAPI
import Foundation
import Gateway
import Jobs
import Postgres

/// Hands updates to the systems they go on to: one job an update and system, in the transaction of what they are of.
struct RelayOutbox {
    let owners: WebhookOwners

    private struct Target {
        var id: Int64
        var lane: Int64
        var isFull: Bool
        var url: String
        /// The client it belongs to; empty: to nobody in particular.
        var client: String
    }

    /// What an update is of.
    private struct Subject {
        /// Empty: nobody's in particular, or the account's. Nil: a number that nobody knows.
        var client: String?
        /// The ids that the number has or had.
        var ids: [String]

        /// Numbers of several clients may stand in one account: each client is told of its own, and of a number that nobody knows none is.
        func isFor(_ target: Target) -> Bool { target.client.isEmpty || client?.isEmpty == true || target.client == client }
    }

    /// The updates of POSTs of Meta's.
    func put(_ bodies: [Data], on db: PostgresConnection) async throws {
        try await put(on: db) { try bodies.flatMap { try RelayUpdate.all(of: $0) } }
    }

    /// Ends of messages that Meta has not had.
    func put(_ ends: [MessageEnd], on db: PostgresConnection) async throws {
        try await put(on: db) { ends.map { RelayUpdate($0) } }
    }

    /// Read only where somebody is to be told.
    private func put(on db: PostgresConnection, _ read: () throws -> [RelayUpdate]) async throws {
        let kinds = try await db.query(
            "SELECT EXISTS (SELECT FROM webhooks.relay), EXISTS (SELECT FROM webhooks.relay WHERE scope = 'number')"
        ).decodeFirst((Bool, Bool).self)
        guard let (hasAny, hasNumbers) = kinds, hasAny else { return }
        let updates = try read()
        let numbers = Set(updates.compactMap(\.phoneNumberID))
        // A number has a new id once it has moved: its relays go on with it.
        let former = try await hasNumbers ? owners.former(numbers, db) : [:]
        let clients = try await owners.clients(numbers, db)
        // Some updates name a number without its id. And Meta tells of a new id before the move has come so far that it is a sender's: the number
        // itself says whose it is.
        let strange = Set(updates.compactMap { update in update.phoneNumberID.flatMap { clients[$0] } == nil ? update.e164 : nil })
        let known = try await strange.isEmpty ? [:] : owners.numbers(strange, db)
        let subjects = updates.map { update -> Subject in
            let id = update.phoneNumberID
            if let id, let client = clients[id] { return Subject(client: client, ids: [id] + (former[id] ?? [])) }
            guard let e164 = update.e164, let (client, ids) = known[e164] else {
                return Subject(client: id == nil && update.e164 == nil ? "" : nil, ids: id.map { [$0] } ?? [])
            }
            return Subject(client: client, ids: (id.map { [$0] } ?? []) + ids)
        }
        let targets = try await targets(Set(updates.map(\.waba)), numbers.union(subjects.flatMap(\.ids)), on: db)
        guard !targets.isEmpty else { return }
        let going = zip(updates, subjects).compactMap { update, subject -> (RelayUpdate, [Target])? in
            let number = subject.ids.flatMap { targets["number:\($0)"] ?? [] }.filter(subject.isFor)
            let theirs = number.isEmpty ? (targets["waba:\(update.waba)"] ?? []).filter(subject.isFor) : number
            // One that was added again for the new id is the same system: it is told once.
            var urls: Set<String> = []
            let own = theirs.filter { urls.insert($0.url).inserted }
            return own.isEmpty ? nil : (update, own)
        }
        let statuses = going.enumerated().compactMap { place, one in one.0.status.map { (place, $0) } }
        let origins = try await owners.origins(statuses.map(\.1), db)
        var byPlace: [Int: RelayOrigin] = [:]
        for (n, (place, _)) in statuses.enumerated() { byPlace[place] = origins[n] }
        var jobs: [NewJob] = []
        var dropped: [Int64: RelayTally] = [:]
        for (place, (update, all)) in going.enumerated() {
            let body = update.body(byPlace[place] ?? update.origin)
            for target in all {
                guard !target.isFull else {
                    dropped[target.id, default: RelayTally(target.id)].dropped += 1
                    continue
                }
                jobs.append(RelayKind.job(target.id, lane: target.lane, body: body))
            }
        }
        for start in stride(from: 0, to: jobs.count, by: 500) {
            _ = try await JobQueue.enqueue(Array(jobs[start..<min(start + 500, jobs.count)]), on: db)
        }
        try await RelayTally.add(dropped.values.sorted { $0.relay < $1.relay }, on: db)
    }

    /// By `waba:` or `number:` and the id.
    private func targets(_ wabas: Set<String>, _ numbers: Set<String>, on db: PostgresConnection) async throws -> [String: [Target]] {
        let rows = try await db.query(
            """
            SELECT scope || ':' || scope_id, id, lane_id, is_full, url, client_id FROM webhooks.relay
            WHERE (scope = 'waba' AND scope_id = ANY (\(wabas.sorted()))) OR (scope = 'number' AND scope_id = ANY (\(numbers.sorted())))
            ORDER BY id
            """
        ).decode((String, Int64, Int64, Bool, String, String).self)
        return Dictionary(grouping: rows, by: \.0).mapValues {
            $0.map { Target(id: $0.1, lane: $0.2, isFull: $0.3, url: $0.4, client: $0.5) }
        }
    }
}
