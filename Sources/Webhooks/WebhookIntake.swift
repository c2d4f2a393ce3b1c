public import CloudAPI
import Crypto
public import Foundation
public import Jobs
public import Logging
public import Postgres
import Synchronization

/// The door for Meta's webhooks: checks the signature on the raw bytes, stores them, and leaves the work to a job.
///
/// Nothing of the content is looked at before it is stored. A POST that is answered with anything but 200 comes back for seven days, all of
/// its updates with it, so that one bad update must never decide over the answer.
public struct WebhookIntake: Sendable {
    let client: PostgresClient
    let appSecrets: [Secret]
    let verifyToken: Secret?
    let owners: WebhookOwners
    let settings: WebhookSettings
    let logger: Logger
    private let door = Door()
    private let arrivals: Gathering<Arrival, Bool>

    /// - Parameters:
    ///   - appSecrets: every secret that may have signed; two while a secret is being changed.
    ///   - verifyToken: nil refuses every subscription.
    public init(
        client: PostgresClient, appSecrets: [Secret], verifyToken: Secret?, owners: WebhookOwners,
        settings: WebhookSettings = WebhookSettings(), logger: Logger
    ) {
        self.client = client
        self.appSecrets = appSecrets
        self.verifyToken = verifyToken
        self.owners = owners
        self.settings = settings
        self.logger = logger
        arrivals = Gathering(parallel: 2, largest: 256) { [door] in
            try await Self.store($0, lane: try await Self.lane(door, settings, client), client)
        }
    }

    /// What is shared by the copies of an intake in one process.
    final class Door: Sendable {
        let lane = Mutex<Int64?>(nil)
        let tally = Mutex(IntakeTally())
    }

    /// Takes one POST. It throws only when the database did not: answer 500 then, and Meta comes again.
    /// - Parameter signature: the header `X-Hub-Signature-256`.
    public func accept(body: Data, signature: String?) async throws -> IntakeVerdict {
        guard body.count <= settings.largestBody else {
            door.tally.withLock { $0.tooLarge += 1 }
            return .tooLarge
        }
        // Every secret is tried, so that the time taken does not tell which one it was.
        var isSigned = false
        for secret in appSecrets where Signature.verify(signature, body: body, secret: secret) { isSigned = true }
        guard isSigned else {
            door.tally.withLock { $0.badSignature += 1 }
            return .badSignature
        }
        let isNew = try await arrivals.add(Arrival(digest: Data(SHA256.hash(data: body)), body: body)).get()
        door.tally.withLock { if isNew { $0.stored += 1 } else { $0.repeated += 1 } }
        return .stored
    }

    /// The text to answer to Meta's `GET`; nil is answered with 403.
    public func challenge(mode: String?, token: String?, challenge: String?) -> String? {
        guard mode == "subscribe", let verifyToken, !verifyToken.isEmpty, let token, Secret(token) == verifyToken else { return nil }
        return challenge ?? ""
    }

    /// To be registered with the job engine.
    public var kind: any JobKind { WebhookKind(client: client, owners: owners, words: settings.words, logger: logger) }

    /// Deletes what is old; to be run as a service by one or several processes.
    public var retention: WebhookRetention { WebhookRetention(client: client, settings: settings, logger: logger) }

    /// What this process has seen at its door.
    public var tally: IntakeTally { door.tally.withLock { $0 } }

    private struct Arrival: Sendable {
        var digest: Data
        var body: Data
    }

    /// Bytes of the bodies that are stored in one transaction, or one body.
    private static let largestStore = 4 << 20

    /// Raw bytes and jobs in one transaction. False where the same bytes came before: they have been, or will be, worked on.
    private static func store(_ arrivals: [Arrival], lane: Int64, _ client: PostgresClient) async throws -> [Bool?] {
        var bytes = 0
        let taken = arrivals.prefix { arrival in
            defer { bytes += arrival.body.count }
            return bytes == 0 || bytes + arrival.body.count <= largestStore
        }
        // The same bytes may have come twice at this moment.
        let byDigest = Dictionary(grouping: taken.indices, by: { taken[$0].digest })
        // In one order: two who store the same wait for each other.
        let distinct = byDigest.keys.sorted { $0.lexicographicallyPrecedes($1) }
        let new = try await client.withTransaction { db in
            let stored = try await db.query(
                """
                INSERT INTO webhooks.post (digest, body)
                SELECT * FROM unnest(\(distinct), \(distinct.map { taken[byDigest[$0]?.first ?? 0].body }))
                ON CONFLICT (digest) DO NOTHING RETURNING id, digest
                """
            ).decode((Int64, Data).self)
            _ = try await JobQueue.enqueue(stored.map { WebhookKind.job(post: $0.0, lane: lane) }, on: db)
            let new = Set(stored.map(\.1))
            let repeats = distinct.map { ($0, (byDigest[$0]?.count ?? 0) - (new.contains($0) ? 1 : 0)) }.filter { $0.1 > 0 }
            if !repeats.isEmpty {
                try await db.query(
                    """
                    INSERT INTO webhooks.repeat (post_id, count)
                    SELECT p.id, n.count FROM unnest(\(repeats.map(\.0)), \(repeats.map { Int32($0.1) })) AS n (digest, count)
                    JOIN webhooks.post p ON p.digest = n.digest
                    """)
            }
            return new
        }
        var verdicts: [Bool?] = taken.indices.map { new.contains(taken[$0].digest) && byDigest[taken[$0].digest]?.first == $0 }
        verdicts += Array(repeating: nil, count: arrivals.count - taken.count)
        return verdicts
    }

    private static func lane(_ door: Door, _ settings: WebhookSettings, _ client: PostgresClient) async throws -> Int64 {
        if let known = door.lane.withLock({ $0 }) { return known }
        let lane = try await WebhookKind.lane(settings.parallel, on: client)
        door.lane.withLock { $0 = lane }
        return lane
    }
}
