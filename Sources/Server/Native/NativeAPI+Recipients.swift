import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird
import Jobs
import Postgres
import Recipients

extension NativeAPI {
    var recipientRoutes: [Route] {
        [
            Route(method: .get, path: "recipients", scope: .read, handler: changedRecipients),
            Route(method: .get, path: "recipients/{address}", scope: .read) { _, context in
                let address = try context.part("address")
                let records = try await RecipientDirectory.show(
                    address, senders: try await visibleSenders(context), on: dependencies.client)
                guard !records.isEmpty else {
                    throw HTTPProblem.notFound("no sender knows the recipient \(address.prefix(60).debugDescription)")
                }
                return try .page(records, next: nil)
            },
            Route(method: .post, path: "recipients/{address}/verify", scope: .admin, handler: verifyRecipient),
        ]
    }

    /// Recipients whose identity changed: nothing goes to them until a person has verified them.
    @Sendable private func changedRecipients(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let limit = try request.integer("limit", in: 1...1000) ?? 100
        let after = Int64(try request.integer("cursor", in: 0...Int.max) ?? 0)
        let records = try await RecipientDirectory.changed(
            senders: try await visibleSenders(context), after: after, limit: limit, on: dependencies.client)
        return try .page(records, next: records.count == limit ? records.last.map { String($0.id) } : nil)
    }

    /// `{"how":…}`: who they are was made sure of outside WhatsApp. What was held goes again.
    @Sendable private func verifyRecipient(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let address = try context.part("address")
        let how = try await body(request).required("how")
        let (senders, actor, gateway) = (try await visibleSenders(context), try context.key.actor, dependencies.gateway)
        let verified = try await dependencies.client.withTransaction { db in
            let now = try await JobQueue.now(on: db)
            let verified = try await IdentityLedger.verify(address, senders: senders, how: how, by: actor, at: now, on: db)
            // Nobody was verified: nothing to write down either.
            guard !verified.isEmpty else { return verified }
            _ = try await gateway.releaseHeld(verified, on: db)
            try await Audit.record("recipient verified", subject: address, detail: how, by: actor, on: db)
            return verified
        }
        guard !verified.isEmpty else { throw HTTPProblem.notFound("no sender knows the recipient \(address.prefix(60).debugDescription)") }
        return try .page(verified, next: nil)
    }
}
