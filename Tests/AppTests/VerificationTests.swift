import Foundation
import Logging
import Recipients
import Server
import TestSupport
import Testing

@testable import App

/// A verification by command.
@Suite("Verification", .enabled(if: TestDatabase.isAvailable)) struct VerificationTests {
    private static let number = "+16315551234"

    private func with(_ body: (Parts) async throws -> Void) async throws {
        try await TestDatabase.with { client in
            let settings = try Settings.load(
                environment: [
                    "RELEVO_MASTER_KEY": Data(repeating: 7, count: 32).base64EncodedString(),
                    "RELEVO_DATA_DIR": FileManager.default.temporaryDirectory.path,
                ])
            try await HTTPClients.with(connections: 8) { http in
                try await body(
                    try Parts(
                        settings: settings, client: client, http: http, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
            }
        }
    }

    @Test("It is in the audit as one through the API is, and one of nobody is not") func audited() async throws {
        try await with { parts in
            #expect(try await parts.verifyRecipient(Self.number, senders: nil, how: "called back", by: "ana").isEmpty)
            #expect(try await Audit.list(on: parts.client).isEmpty)
            _ = try await IdentityLedger.markChanged(
                RecipientKey(phoneNumberID: "106540352242922", address: Self.number), at: Date(), on: parts.client)
            let verified = try await parts.verifyRecipient(Self.number, senders: nil, how: "called back", by: "ana")
            #expect(verified.map(\.wasChanged) == [true])
            let entries = try await Audit.list(on: parts.client)
            let entry = try #require(entries.first)
            #expect(entries.count == 1 && entry.actor == "ana" && entry.action == "recipient verified")
            #expect(entry.subject == Self.number && entry.detail == "called back")
        }
    }
}
