public import CloudAPI
import CrashPoints
public import Credentials
public import Foundation
public import Jobs
public import Logging
public import Postgres

/// Takes messages in, sends each at most once and within every limit, and accounts for all of them.
public struct Gateway: Sendable {
    public let senders: SenderStore
    let core: GatewayCore

    public init(client: PostgresClient, graph: GraphClient, credentials: CredentialStore, settings: GatewaySettings, logger: Logger) {
        core = GatewayCore(client: client, graph: graph, credentials: credentials, settings: settings, logger: logger)
        senders = SenderStore(client: client, settings: settings)
    }

    /// The jobs that send; to be registered with the engine.
    public var kind: any JobKind { SendKind(core: core) }

    /// Expires, releases and tidies up; to be run in every worker process.
    public var housekeeper: GatewayHousekeeper { GatewayHousekeeper(core: core) }

    // MARK: - Hand in

    /// Takes a message in, in a transaction of its own. Throws `GatewayRefusal` when it would never be sent.
    public func submit(_ submission: Submission) async throws -> Receipt {
        let receipt = try await core.client.withTransaction { try await submit(submission, on: $0) }
        CrashPoint.enqueueAfterCommit.passed()
        return receipt
    }

    /// Takes a message in, in the caller's transaction. After a `GatewayRefusal` that transaction can go on.
    public func submit(_ submission: Submission, on db: PostgresConnection) async throws -> Receipt {
        let results = try await Intake(core: core).take([submission], on: db)
        guard let result = results.first else { throw GatewayRefusal.invalid("the message was lost on the way; this is a fault of Relevo") }
        return try result.get()
    }

    /// Takes messages in, up to 500 in one transaction; every one is stored or refused by itself, in the order given.
    public func submit(batch: [Submission]) async throws -> [Result<Receipt, GatewayRefusal>] {
        var results: [Result<Receipt, GatewayRefusal>] = []
        var start = 0
        while start < batch.count {
            let end = min(start + Intake.largestBatch, batch.count)
            results += try await core.client.withTransaction { try await Intake(core: core).take(Array(batch[start..<end]), on: $0) }
            CrashPoint.enqueueAfterCommit.passed()
            start = end
        }
        return results
    }

    /// Read marks and typing indicators: passed on at once, never queued.
    /// - Parameter clientID: the client whose senders the caller may use; nil: those of all.
    public func passThrough(body: JSONValue, sender: String, clientID: String?) async throws -> GraphOutcome<Void> {
        guard let found = try await senders.resolve(sender, on: core.client), clientID == nil || clientID == found.clientID else {
            throw GatewayRefusal.unknownSender(sender)
        }
        return await core.graph.markRead(body, from: found.phoneNumberID, token: try await core.credentials.token(forWABA: found.wabaID))
    }
}

/// What the parts of the gateway share.
final class GatewayCore: Sendable {
    let client: PostgresClient
    let graph: GraphClient
    let credentials: CredentialStore
    let settings: GatewaySettings
    let logger: Logger
    /// Those who wait for a message in this process.
    let waiters = Waiters()
    /// What admission prepared for the request that follows in this process.
    let handoff = Handoff()
    /// Callers who were answered before anything had become of their message.
    let earlyAnswers: EarlyAnswers

    init(client: PostgresClient, graph: GraphClient, credentials: CredentialStore, settings: GatewaySettings, logger: Logger) {
        self.client = client
        self.graph = graph
        self.credentials = credentials
        self.settings = settings
        self.logger = logger
        earlyAnswers = EarlyAnswers(client: client, logger: logger)
    }
}
