package import CloudAPI
import Templates

/// The Cloud API calls of a migration. Every one throws `GraphTrouble`. `waba` chooses the credential.
package protocol MigrationGraph: Sendable {
    func number(_ id: String, of waba: String) async throws -> NumberFacts
    /// Every number a WABA lists.
    func numbers(of waba: String) async throws -> [NumberFacts]
    func waba(_ id: String) async throws -> WABAFacts
    /// Whether our app gets the WABA's webhooks.
    func isSubscribed(_ waba: String) async throws -> Bool
    func subscribe(_ waba: String) async throws
    /// `POST /{waba}/phone_numbers` with `migrate_phone_number`; the new phone number id.
    func addNumber(countryCode: String, national: String, to waba: String) async throws -> String
    func requestCode(_ number: String, of waba: String, method: String, language: String) async throws
    func verifyCode(_ number: String, of waba: String, code: Secret) async throws
    /// The cut-over.
    func register(_ number: String, of waba: String, pin: Secret, dataRegion: String?) async throws
    func enableIdentityCheck(_ number: String, of waba: String) async throws
}

/// A Graph answer in a form that can be checkpointed: a refusal is a result, not an error of the run.
enum Reply<Value: Codable & Sendable>: Codable, Sendable {
    case answer(Value)
    case trouble(GraphTrouble)

    /// Carries out a call; other errors than `GraphTrouble` pass through, for the engine to try again.
    static func of(_ call: @Sendable () async throws -> Value) async throws -> Reply {
        do {
            return .answer(try await call())
        } catch let trouble as GraphTrouble {
            return .trouble(trouble)
        }
    }
}

/// Stands for an answer without content.
struct Nothing: Codable, Sendable, Equatable {}
