package import CloudAPI
package import Credentials
package import Foundation
package import Postgres

/// What a migration needs of the gateway: a sender for the moved number, and test messages through the same road as all others.
package protocol MigrationGateway: Sendable {
    /// Makes the number a sender, or moves the sender of the same number to its new id.
    func addSender(_ sender: NewSender, on db: PostgresConnection) async throws
    /// Hands a test message in; its outcome comes to `run` as the event `message:<id>`. Throws `TestRefusal` when it is refused at once.
    func submitTest(_ message: TestMessage, run: String, on db: PostgresConnection) async throws -> UUID
    /// What became of a message: `delivered`, `read`, `failed`, `unknown`, or a state on the way; with the reason of a failure.
    func outcome(of message: UUID) async throws -> TestOutcome
}

package struct NewSender: Sendable, Equatable {
    package var phoneNumberID: String
    package var e164: String
    package var waba: String
    package var clientID: String
    package var coexistence: Bool
}

package struct TestMessage: Sendable, Equatable {
    package var phoneNumberID: String
    package var to: String
    /// Body of `POST /{id}/messages` without `to`, as JSON.
    package var body: String
    /// The same test asked for twice is sent once.
    package var idempotencyKey: String
}

package struct TestOutcome: Codable, Sendable, Equatable {
    package var state: String
    package var reason: String?

    package init(state: String, reason: String?) {
        self.state = state
        self.reason = reason
    }

    package var isDelivered: Bool { ["delivered", "read", "played"].contains(state) }
    package var isFailed: Bool { ["failed", "rejected", "expired", "cancelled", "dead"].contains(state) }
}

/// The gateway would not take a test message.
package struct TestRefusal: Error, Sendable {
    package var code: String
    package var message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}

/// Encrypts what is stored for a while: codes and PINs. What was sealed for one place cannot be opened as another's.
package protocol Sealing: Sendable {
    func seal(_ secret: Secret, for place: String) throws -> Data
    func open(_ sealed: Data, for place: String) throws -> Secret
}

extension Vault: Sealing {}

/// The places a number's secrets are sealed for.
enum SealedPlace {
    static func code(_ ref: String) -> String { "migration.number.code/\(ref)" }
    static func pin(_ ref: String) -> String { "migration.number.pin/\(ref)" }
}
