import Foundation
import Gateway
import Jobs
import Postgres
public import Recipients

extension Parts {
    /// Records that a person has made sure who a recipient is, and lets what was held for them go, in one transaction.
    public func verifyRecipient(_ address: String, senders: [String]?, how: String, by: String) async throws -> [IdentityLedger.Verified] {
        try await client.withTransaction { db in
            let verified = try await IdentityLedger.verify(
                address, senders: senders, how: how, by: by, at: try await JobQueue.now(on: db), on: db)
            _ = try await gateway.releaseHeld(verified, on: db)
            return verified
        }
    }
}
