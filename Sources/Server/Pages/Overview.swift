import Foundation
import Gateway
import Jobs
import Migration
import Postgres
import Quality
import Synchronization

/// What the first page and the event stream show.
struct Overview: Encodable, Sendable {
    struct Attention: Encodable, Sendable {
        /// `number`, `message`, `rebuild`, `override`.
        var kind: String
        var subject: String
        var reason: String
        /// Where it is told, on the pages.
        var path: String
    }

    struct Minute: Encodable, Sendable {
        var at: Date
        var messages: Int
        var failed: Int
    }

    /// Business time.
    var now: Date
    var progress: MigrationProgress?
    /// Numbers by state.
    var states: [String: Int]
    var windows: [WindowAhead]
    var attention: [Attention]
    /// Handed in, in the last 60 minutes of business time; the oldest first.
    var minutes: [Minute]
    /// Messages by state, of the last 100,000.
    var messages: [String: Int]
    var rebuilds: [RebuildRecord]
}

/// Reads overviews; many readers share one that is a second old at most.
final class OverviewSource: Sendable {
    private let dependencies: ServerDependencies
    private let shared = Mutex<(at: ContinuousClock.Instant, overview: Overview)?>(nil)
    private let reading = Limiter(2)

    init(_ dependencies: ServerDependencies) { self.dependencies = dependencies }

    /// - Parameter client: the client whose numbers and messages are shown; nil shows all.
    func snapshot(client: String? = nil) async throws -> Overview {
        if let client { return try await read(client: client) }
        let known = shared.withLock { $0 }
        if let known, ContinuousClock.now - known.at < .seconds(1) { return known.overview }
        // While others read, the last one is good enough.
        guard reading.enter() else {
            if let known { return known.overview }
            throw HTTPProblem.busy
        }
        defer { reading.leave() }
        let overview = try await read(client: nil)
        shared.withLock { $0 = (.now, overview) }
        return overview
    }

    private func read(client: String?) async throws -> Overview {
        let senders = try await dependencies.visibleSenders(client)
        let now = try await JobQueue.now(on: dependencies.client)
        var overview = Overview(
            now: now, progress: nil, states: [:], windows: [], attention: [], minutes: [], messages: [:], rebuilds: [])
        if let client {
            var filter = Migrations.Filter()
            filter.client = client
            filter.limit = 1000
            let numbers = try await dependencies.migrations.list(filter)
            for number in numbers { overview.states[number.state.rawValue, default: 0] += 1 }
        } else {
            let progress = try await dependencies.migrations.progress()
            overview.progress = progress
            overview.states = progress.states
            overview.windows = try await dependencies.migrations.windowsAhead(limit: 20)
        }
        var rebuilds = Rebuilds.Filter()
        rebuilds.senders = senders
        overview.rebuilds = try await dependencies.rebuilds.list(rebuilds)
        overview.attention = try await attention(client: client, senders: senders, rebuilds: overview.rebuilds)
        (overview.minutes, overview.messages) = try await MessageRates.read(until: now, senders: senders, on: dependencies.client)
        return overview
    }

    private func attention(client: String?, senders: [String]?, rebuilds: [RebuildRecord]) async throws -> [Overview.Attention] {
        var filter = Migrations.Filter()
        filter.needsPerson = true
        filter.client = client
        filter.limit = 30
        var list = try await dependencies.migrations.list(filter).map {
            Overview.Attention(
                kind: "number", subject: $0.rowRef, reason: $0.reason ?? $0.step, path: "/numbers/\(Pages.escapedPath($0.rowRef))")
        }
        for rebuild in rebuilds where rebuild.needsPerson {
            list.append(
                Overview.Attention(
                    kind: "rebuild", subject: "\(rebuild.template)", reason: rebuild.reason ?? rebuild.state.rawValue,
                    path: "/rebuilds/\(rebuild.id)"))
        }
        for override in try await dependencies.gateway.overrides(clientID: client, limit: 10) {
            list.append(Overview.Attention(kind: "override", subject: override.key, reason: override.reason, path: "/overrides"))
        }
        var messages = MessageFilter(senders: senders)
        messages.needsPerson = true
        messages.limit = 20
        for message in try await dependencies.gateway.messages(messages).messages {
            list.append(
                Overview.Attention(
                    kind: "message", subject: message.id.uuidString.lowercased(), reason: message.reason ?? message.state.rawValue,
                    path: "/messages/\(message.id.uuidString.lowercased())"))
        }
        return list
    }
}

/// How many messages were handed in, by minute and by state. Looks at the newest messages only, so that its cost does not grow with the table.
enum MessageRates {
    static let window = 100_000

    static func read(
        until now: Date, senders: [String]?, on db: PostgresClient
    ) async throws -> (minutes: [Overview.Minute], states: [String: Int]) {
        let all = senders == nil
        let rows = try await db.query(
            """
            SELECT m.state, floor(extract(epoch FROM \(now) - m.created_at) / 60)::int8 AS age, count(*)
            FROM (SELECT state, created_at, sender FROM gateway.message ORDER BY seq DESC LIMIT \(window)) AS m
            WHERE \(all) OR m.sender = ANY (\(senders ?? []))
            GROUP BY 1, 2
            """
        ).decode((String, Int64, Int64).self)
        var minutes = (0..<60).map { Overview.Minute(at: now.addingTimeInterval(Double($0 - 59) * 60), messages: 0, failed: 0) }
        var states: [String: Int] = [:]
        for (state, age, count) in rows {
            states[state, default: 0] += Int(count)
            guard (-1..<60).contains(age) else { continue }
            let place = 59 - Int(max(0, age))
            minutes[place].messages += Int(count)
            if state == MessageState.failed.rawValue { minutes[place].failed += Int(count) }
        }
        return (minutes, states)
    }
}
