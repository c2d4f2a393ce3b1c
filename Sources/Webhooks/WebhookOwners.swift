package import CloudAPI
package import Foundation
public import Gateway
public import Migration
package import Postgres
public import Quality
package import Recipients
package import Templates

/// Who takes what. Everything here joins the transaction of the POST, and is idempotent and independent of order.
public struct WebhookOwners: Sendable {
    package var statuses: @Sendable ([(phoneNumberID: String, update: StatusUpdate)], Date, PostgresConnection) async throws -> Void
    package var inbound: @Sendable (String, [InboundMessage], PostgresConnection) async throws -> Void
    /// Which of these senders enforce identity hashes.
    package var enforcing: @Sendable (Set<String>, PostgresConnection) async throws -> Set<String>
    /// A template's status, quality, category or components have been told, and stored.
    package var templateChanged: @Sendable (TemplateEvents.Applied, PostgresConnection) async throws -> Void
    /// Something of a WABA's account or numbers has changed.
    package var accountChanged: @Sendable (String, PostgresConnection) async throws -> Void
    /// What the numbers of a WABA or a portfolio may has changed, or may have.
    package var limitsChanged: @Sendable (String, PostgresConnection) async throws -> Void
    /// Whose numbers these are, by phone number id.
    package var clients: @Sendable (Set<String>, PostgresConnection) async throws -> [String: String]
    /// Numbers by their E.164: whose they are, and the ids they have or had, newest first.
    package var numbers: @Sendable (Set<String>, PostgresConnection) async throws -> [String: (client: String, ids: [String])]
    /// The ids that numbers had before they moved to these, by phone number id; the last one first.
    package var former: @Sendable (Set<String>, PostgresConnection) async throws -> [String: [String]]
    /// The messages that statuses are of, by place in the list.
    package var origins: @Sendable ([RelayStatus], PostgresConnection) async throws -> [Int: RelayOrigin]
    /// Takes messages that ended without Meta, so many at most, and says whether there may be more.
    package var ends: @Sendable (Int, PostgresConnection) async throws -> (ends: [MessageEnd], isMore: Bool)

    package init(
        statuses: @escaping @Sendable ([(phoneNumberID: String, update: StatusUpdate)], Date, PostgresConnection) async throws -> Void,
        inbound: @escaping @Sendable (String, [InboundMessage], PostgresConnection) async throws -> Void,
        enforcing: @escaping @Sendable (Set<String>, PostgresConnection) async throws -> Set<String>,
        templateChanged: @escaping @Sendable (TemplateEvents.Applied, PostgresConnection) async throws -> Void,
        accountChanged: @escaping @Sendable (String, PostgresConnection) async throws -> Void,
        limitsChanged: @escaping @Sendable (String, PostgresConnection) async throws -> Void = { _, _ in },
        clients: @escaping @Sendable (Set<String>, PostgresConnection) async throws -> [String: String] = { _, _ in [:] },
        numbers: @escaping @Sendable (Set<String>, PostgresConnection) async throws -> [String: (client: String, ids: [String])] = {
            _, _ in [:]
        },
        former: @escaping @Sendable (Set<String>, PostgresConnection) async throws -> [String: [String]] = { _, _ in [:] },
        origins: @escaping @Sendable ([RelayStatus], PostgresConnection) async throws -> [Int: RelayOrigin] = { _, _ in [:] },
        ends: @escaping @Sendable (Int, PostgresConnection) async throws -> (ends: [MessageEnd], isMore: Bool) = { _, _ in ([], false) }
    ) {
        self.ends = ends
        self.clients = clients
        self.numbers = numbers
        self.former = former
        self.origins = origins
        self.limitsChanged = limitsChanged
        self.statuses = statuses
        self.inbound = inbound
        self.enforcing = enforcing
        self.templateChanged = templateChanged
        self.accountChanged = accountChanged
    }

    /// The owners of a running Relevo.
    public init(gateway: Gateway, rebuilds: Rebuilds, migrations: Migrations? = nil) {
        self.init(
            statuses: { try await gateway.apply(statuses: $0, receivedAt: $1, on: $2) },
            inbound: { try await gateway.inbound(phoneNumberID: $0, messages: $1, on: $2) },
            enforcing: { ids, db in try await gateway.senders.enforcing(ids, on: db) },
            templateChanged: { applied, db in
                try await rebuilds.templateChanged(waba: applied.waba, key: applied.key, kind: applied.kind, value: applied.value, on: db)
                if applied.kind == "status", applied.value == "APPROVED" {
                    try await gateway.releaseTemplate(
                        waba: applied.waba, name: applied.key.name, language: applied.key.language, saidAt: applied.occurredAt, on: db)
                }
                if applied.kind == "status" { try await migrations?.templatesChanged(waba: applied.waba, on: db) }
            },
            accountChanged: { waba, db in try await migrations?.accountChanged(waba: waba, on: db) },
            limitsChanged: { id, db in try await gateway.limitsChanged(id, on: db) },
            clients: { ids, db in try await gateway.senders.clients(of: ids, on: db) },
            numbers: { numbers, db in try await gateway.senders.find(numbers: numbers, on: db) },
            former: { ids, db in try await gateway.senders.former(of: ids, on: db) },
            origins: { statuses, db in
                try await gateway.origins(of: statuses.map { ($0.phoneNumberID, $0.update) }, on: db).mapValues {
                    RelayOrigin(message: $0.message, clientData: $0.clientData)
                }
            },
            ends: { limit, db in try await gateway.takeEnds(atMost: limit, on: db) })
    }
}
