import Foundation
import Gateway
import Jobs
import Postgres
public import Recipients
import Server

extension Parts {
    /// Records that a person has made sure who a recipient is, and lets what was held for them go, in one transaction
    /// with its line in the audit.
    public func verifyRecipient(_ address: String, senders: [String]?, how: String, by: String) async throws -> [IdentityLedger.Verified] {
        try await client.withTransaction { db in
            let verified = try await IdentityLedger.verify(
                address, senders: senders, how: how, by: by, at: try await JobQueue.now(on: db), on: db)
            // Nobody was verified: nothing to write down either.
            guard !verified.isEmpty else { return verified }
            _ = try await gateway.releaseHeld(verified, on: db)
            // As through the API: whoever looks into it later asks one list, however it was done.
            try await Audit.record("recipient verified", subject: address, detail: how, by: by, on: db)
            return verified
        }
    }
}
