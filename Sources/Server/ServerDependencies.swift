public import CloudAPI
public import Credentials
import Foundation
public import Gateway
import Logging
public import Migration
public import Postgres
public import Quality
public import Templates
public import Webhooks

/// What the HTTP side asks and tells; made once by App.
public struct ServerDependencies: Sendable {
    public var client: PostgresClient
    public var gateway: Gateway
    public var migrations: Migrations
    public var rebuilds: Rebuilds
    public var webhooks: WebhookIntake
    public var relays: Relays
    public var graph: GraphClient
    public var credentials: CredentialStore
    public var templates: TemplateCopier
    /// Throws when the database's schema is not the one this program was built for.
    public var checkSchema: @Sendable () async throws -> Void

    public init(
        client: PostgresClient, gateway: Gateway, migrations: Migrations, rebuilds: Rebuilds, webhooks: WebhookIntake, relays: Relays,
        graph: GraphClient, credentials: CredentialStore, templates: TemplateCopier,
        checkSchema: @escaping @Sendable () async throws -> Void
    ) {
        self.client = client
        self.gateway = gateway
        self.migrations = migrations
        self.rebuilds = rebuilds
        self.webhooks = webhooks
        self.relays = relays
        self.graph = graph
        self.credentials = credentials
        self.templates = templates
        self.checkSchema = checkSchema
    }

    /// The phone number ids that may be seen by whoever is bound to a client; nil, for one who is not: all.
    func visibleSenders(_ client: String?) async throws -> [String]? {
        guard let client else { return nil }
        return try await gateway.senders.list().filter { $0.clientID == client }.map(\.phoneNumberID)
    }

    /// Whether what belongs to a sender may be seen by whoever is bound to a client; nil: is not bound, and sees all.
    func isVisible(sender id: String, to client: String?) async throws -> Bool {
        guard let client else { return true }
        return try await gateway.senders.find(phoneNumberID: id)?.clientID == client
    }

    /// A message that was taken in, as it is once something came of it or `wait` is over; one that was handed in again, as it is now. nil: there
    /// is nothing to tell yet, or it could not be read. That is no error of the call: the message is stored, and the caller would send it again.
    ///
    /// Who has waited in vain is told by their system what becomes of it, as those are who did not wait.
    func outcome(of receipt: Receipt, wait: Duration, logger: Logger) async -> MessageRecord? {
        do {
            guard wait > .zero else { return receipt.isDuplicate ? try await gateway.message(receipt.id) : nil }
            let record = try await gateway.wait(for: receipt.id, atMost: wait, isNew: receipt.isNew)
            if !record.hasOutcome { await gateway.answeredEarly(receipt.id) }
            return record
        } catch {
            await gateway.answeredEarly(receipt.id)
            logger.warning("the outcome of a message could not be read", metadata: ["message": "\(receipt.id)", "error": "\(error)"])
            return nil
        }
    }
}
