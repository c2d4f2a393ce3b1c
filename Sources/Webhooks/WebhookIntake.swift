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
        let isNew = try await store(body)
        door.tally.withLock { if isNew { $0.stored += 1 } else { $0.repeated += 1 } }
        return .stored
    }

    /// The text to answer to Meta's `GET`; nil is answered with 403.
    public func challenge(mode: String?, token: String?, challenge: String?) -> String? {
        guard mode == "subscribe", let verifyToken, !verifyToken.isEmpty, let token, Secret(token) == verifyToken else { return nil }
        return challenge ?? ""
    }

    /// To be registered with the job engine.
    public var kind: any JobKind { WebhookKind(client: client, owners: owners, logger: logger) }

    /// Deletes what is old; to be run as a service by one or several processes.
    public var retention: WebhookRetention { WebhookRetention(client: client, settings: settings, logger: logger) }

    /// What this process has seen at its door.
    public var tally: IntakeTally { door.tally.withLock { $0 } }

    /// Raw bytes and job in one transaction. False when the same bytes came before: they have been, or will be, worked on.
    private func store(_ body: Data) async throws -> Bool {
        let lane = try await lane()
        let digest = Data(SHA256.hash(data: body))
        return try await client.withTransaction { db in
            let id = try await db.query(
                "INSERT INTO webhooks.post (digest, body) VALUES (\(digest), \(body)) ON CONFLICT (digest) DO NOTHING RETURNING id"
            ).decodeFirst(Int64.self)
            guard let id else {
                try await db.query(
                    "UPDATE webhooks.post SET repeats = repeats + 1, repeated_at = clock_timestamp() WHERE digest = \(digest)")
                return false
            }
            _ = try await JobQueue.enqueue([WebhookKind.job(post: id, lane: lane)], on: db)
            return true
        }
    }

    private func lane() async throws -> Int64 {
        if let known = door.lane.withLock({ $0 }) { return known }
        let lane = try await WebhookKind.lane(settings.parallel, on: client)
        door.lane.withLock { $0 = lane }
        return lane
    }
}
