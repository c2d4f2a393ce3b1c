import Foundation
import Postgres
import TestSupport

@testable import Recipients

/// One sender, one recipient, and a clock that starts at noon; times are seconds after it.
struct Scene {
    var sender = "100"
    var number = "+16315551234"
    var waID = "16315551234"
    let db = Current.database.client

    static func time(_ seconds: Double) -> Date { Date(timeIntervalSince1970: 1_793_534_400 + seconds) }

    var key: RecipientKey { RecipientKey(phoneNumberID: sender, address: number) }

    func observation(
        _ hash: String?, at seconds: Double, user: String? = nil, enforced: Bool = false, waID: String?? = nil
    ) -> IdentityObservation {
        IdentityObservation(
            phoneNumberID: sender, waID: waID ?? self.waID, userID: user, hash: hash, source: .inbound, at: Self.time(seconds),
            senderEnforces: enforced)
    }

    @discardableResult
    func see(
        _ hash: String?, at seconds: Double, user: String? = nil, enforced: Bool = false, waID: String?? = nil
    ) async throws -> ObservationVerdict {
        try await IdentityLedger.observe([observation(hash, at: seconds, user: user, enforced: enforced, waID: waID)], on: db)[0]
    }

    @discardableResult
    func mismatch(_ hash: String?, at seconds: Double) async throws -> IdentityLedger.MismatchVerdict {
        try await IdentityLedger.markChanged(key, waID: waID, hash: hash, detail: "137000", at: Self.time(seconds), on: db)
    }

    @discardableResult
    func verify(at seconds: Double) async throws -> [IdentityLedger.Verified] {
        try await IdentityLedger.verify(number, how: "called back", by: "ana", at: Self.time(seconds), on: db)
    }

    func state() async throws -> RecipientState? { try await RecipientDirectory.lookup([key], on: db)[key] }

    func events() async throws -> [String] {
        try await RecipientDirectory.show(number, on: db).flatMap(\.events).map(\.kind).reversed()
    }
}
