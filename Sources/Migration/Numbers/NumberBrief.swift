import Fleet
package import Foundation
import Postgres

/// What a round of a run works with, read once at its start and checkpointed.
package struct NumberBrief: Codable, Sendable {
    package var rowRef: String
    package var planID: Int64
    package var route: String
    package var clientID: String
    package var e164: String
    package var source: String?
    package var destination: String
    package var wave: Int
    package var sourcePhoneNumberID: String?
    package var phoneNumberID: String?
    package var otpStart: Date?
    package var otpEnd: Date?
    package var cutoverStart: Date
    package var cutoverEnd: Date
    package var verifiedAt: Date?
    package var registerIntentAt: Date?
    package var registeredAt: Date?
    package var fields: [String: String]
    package var rules: PlanRules
    /// The planned end of the row's template copy; nil when there is none.
    package var copyEnd: Date?

    var row: FleetRow? { StoredRow.row(fields) }

    /// Nil when the row belongs to another run by now.
    static func load(_ ref: String, run: String, on db: PostgresConnection) async throws -> NumberBrief? {
        guard let number = try await NumberRecord.find(ref, lock: true, on: db), number.runID == run, number.state != .aborted else {
            return nil
        }
        let document =
            try await db.query("SELECT document FROM migration.plan WHERE id = \(number.planID)").decodeFirst(Data.self) ?? Data()
        let copyEnd = try await db.query(
            """
            SELECT ends_at FROM migration.copy
            WHERE plan_id = \(number.planID) AND source_waba_id = \(number.sourceWABA ?? "") AND dest_waba_id = \(number.destWABA)
            """
        ).decodeFirst(Date.self)
        return NumberBrief(
            rowRef: ref, planID: number.planID, route: number.route, clientID: number.clientID, e164: number.e164,
            source: number.sourceWABA,
            destination: number.destWABA, wave: number.wave, sourcePhoneNumberID: number.sourcePhoneNumberID,
            phoneNumberID: number.phoneNumberID,
            otpStart: number.otpStart, otpEnd: number.otpEnd, cutoverStart: number.cutoverStart, cutoverEnd: number.cutoverEnd,
            verifiedAt: number.verifiedAt, registerIntentAt: number.registerIntentAt, registeredAt: number.registeredAt,
            fields: try StoredRow.fields(number.fields),
            rules: PlanRules(document: document), copyEnd: copyEnd)
    }
}
