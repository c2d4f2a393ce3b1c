import CloudAPI
import Foundation
import Jobs
import Postgres

/// Hands the updates of POSTs to the systems they go on to: one job an update and system, in the transaction of the POSTs.
struct RelayOutbox {
    let owners: WebhookOwners

    private struct Target {
        var id: Int64
        var lane: Int64
        var isFull: Bool
        /// The client it belongs to; empty: to nobody in particular.
        var client: String
    }

    func put(_ bodies: [Data], on db: PostgresConnection) async throws {
        guard !bodies.isEmpty, try await !db.query("SELECT FROM webhooks.relay LIMIT 1").isEmpty else { return }
        for body in bodies { try await put(body, on: db) }
    }

    private func put(_ body: Data, on db: PostgresConnection) async throws {
        let updates = try RelayUpdate.all(of: body)
        let targets = try await targets(updates, on: db)
        guard !targets.isEmpty else { return }
        let clients = try await owners.clients(Set(updates.compactMap(\.phoneNumberID)), db)
        let going = updates.compactMap { update -> (RelayUpdate, [Target])? in
            let number = update.phoneNumberID.flatMap { targets["number:\($0)"] }
            guard let all = number ?? targets["waba:\(update.waba)"] else { return nil }
            // Numbers of several clients may stand in one account: each client is told of its own.
            let client = update.phoneNumberID.flatMap { clients[$0] } ?? ""
            let own = all.filter { $0.client.isEmpty || client.isEmpty || $0.client == client }
            return own.isEmpty ? nil : (update, own)
        }
        let statuses = going.enumerated().compactMap { place, one in one.0.status.map { (place, $0) } }
        let origins = try await owners.origins(statuses.map(\.1), db)
        var byPlace: [Int: RelayOrigin] = [:]
        for (n, (place, _)) in statuses.enumerated() { byPlace[place] = origins[n] }
        var jobs: [NewJob] = []
        var dropped: [Int64: Int] = [:]
        for (place, (update, all)) in going.enumerated() {
            let body = update.body(byPlace[place])
            for target in all {
                guard !target.isFull else {
                    dropped[target.id, default: 0] += 1
                    continue
                }
                jobs.append(RelayKind.job(target.id, lane: target.lane, body: body))
            }
        }
        for start in stride(from: 0, to: jobs.count, by: 500) {
            _ = try await JobQueue.enqueue(Array(jobs[start..<min(start + 500, jobs.count)]), on: db)
        }
        for (id, count) in dropped.sorted(by: { $0.key < $1.key }) {
            try await db.query("UPDATE webhooks.relay SET dropped = dropped + \(count) WHERE id = \(id)")
        }
    }

    private func targets(_ updates: [RelayUpdate], on db: PostgresConnection) async throws -> [String: [Target]] {
        let (wabas, numbers) = (Set(updates.map(\.waba)).sorted(), Set(updates.compactMap(\.phoneNumberID)).sorted())
        let rows = try await db.query(
            """
            SELECT scope || ':' || scope_id, id, lane_id, is_full, client_id FROM webhooks.relay
            WHERE (scope = 'waba' AND scope_id = ANY (\(wabas))) OR (scope = 'number' AND scope_id = ANY (\(numbers))) ORDER BY id
            """
        ).decode((String, Int64, Int64, Bool, String).self)
        return Dictionary(grouping: rows, by: \.0).mapValues { $0.map { Target(id: $0.1, lane: $0.2, isFull: $0.3, client: $0.4) } }
    }
}
