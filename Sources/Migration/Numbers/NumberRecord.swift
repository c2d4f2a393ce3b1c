public import Foundation
import Postgres

/// A number as it is stored. Holds no secret.
public struct NumberRecord: Encodable, Sendable, Equatable {
    public var rowRef: String
    public var planID: Int64
    public var runID: String
    public var route: String
    public var clientID: String
    public var e164: String
    public var sourceWABA: String?
    public var destWABA: String
    public var wave: Int
    public var state: NumberState
    public var step: String
    public var reasonCode: String?
    public var reason: String?
    public var needsPerson: Bool
    public var operatorID: String?
    public var otpStart: Date?
    public var otpEnd: Date?
    public var cutoverStart: Date
    public var cutoverEnd: Date
    public var sourcePhoneNumberID: String?
    public var phoneNumberID: String?
    /// `none`, `requested`, `given`, `verified`.
    public var codeState: String
    public var codeExpiresAt: Date?
    public var verifiedAt: Date?
    /// From here on nothing can be called off.
    public var registerIntentAt: Date?
    public var registeredAt: Date?
    public var doneAt: Date?
    public var updatedAt: Date
    var waitEvent: String?
    var round: Int
    var fields: String

    private enum CodingKeys: String, CodingKey {
        case rowRef = "row_ref", planID = "plan", runID = "run", route, clientID = "client_id", e164, sourceWABA = "source_waba_id"
        case destWABA = "dest_waba_id", wave, state, step, reasonCode = "reason_code", reason, needsPerson = "needs_person"
        case operatorID = "operator", otpStart = "otp_start", otpEnd = "otp_end", cutoverStart = "cutover_start", cutoverEnd = "cutover_end"
        case sourcePhoneNumberID = "source_phone_number_id", phoneNumberID = "phone_number_id", codeState = "code_state"
        case codeExpiresAt = "code_expires_at", verifiedAt = "verified_at", registerIntentAt = "register_intent_at"
        case registeredAt = "registered_at", doneAt = "done_at", updatedAt = "updated_at"
    }

    static let columns = """
        row_ref, plan_id, run_id, route, client_id, e164, source_waba_id, dest_waba_id, wave, state, step, reason_code, reason, needs_person,
        operator, otp_start, otp_end, cutover_start, cutover_end, source_phone_number_id, phone_number_id, code_state, code_expires_at,
        verified_at, register_intent_at, registered_at, done_at, updated_at, wait_event, round, fields
        """

    init(_ row: PostgresRow) throws {
        rowRef = try row.decode(column: "row_ref")
        planID = try row.decode(column: "plan_id")
        runID = try row.decode(column: "run_id")
        route = try row.decode(column: "route")
        clientID = try row.decode(column: "client_id")
        e164 = try row.decode(column: "e164")
        sourceWABA = try row.decode(column: "source_waba_id")
        destWABA = try row.decode(column: "dest_waba_id")
        wave = Int(try row.decode(column: "wave", as: Int32.self))
        state = NumberState(rawValue: try row.decode(column: "state")) ?? .failed
        step = try row.decode(column: "step")
        reasonCode = try row.decode(column: "reason_code")
        reason = try row.decode(column: "reason")
        needsPerson = try row.decode(column: "needs_person")
        operatorID = try row.decode(column: "operator")
        otpStart = try row.decode(column: "otp_start")
        otpEnd = try row.decode(column: "otp_end")
        cutoverStart = try row.decode(column: "cutover_start")
        cutoverEnd = try row.decode(column: "cutover_end")
        sourcePhoneNumberID = try row.decode(column: "source_phone_number_id")
        phoneNumberID = try row.decode(column: "phone_number_id")
        codeState = try row.decode(column: "code_state")
        codeExpiresAt = try row.decode(column: "code_expires_at")
        verifiedAt = try row.decode(column: "verified_at")
        registerIntentAt = try row.decode(column: "register_intent_at")
        registeredAt = try row.decode(column: "registered_at")
        doneAt = try row.decode(column: "done_at")
        updatedAt = try row.decode(column: "updated_at")
        waitEvent = try row.decode(column: "wait_event")
        round = Int(try row.decode(column: "round", as: Int32.self))
        fields = try row.decode(column: "fields")
    }

    static func find(_ ref: String, lock: Bool = false, on db: some PostgresExecutor) async throws -> NumberRecord? {
        try await db.query(
            "SELECT \(unescaped: columns) FROM migration.number WHERE row_ref = \(ref) \(unescaped: lock ? "FOR UPDATE" : "")"
        ).first.map(NumberRecord.init)
    }

    /// The record, or `MigrationError.notFound`.
    static func require(_ ref: String, lock: Bool = false, on db: some PostgresExecutor) async throws -> NumberRecord {
        guard let record = try await find(ref, lock: lock, on: db) else {
            throw MigrationError.unknown(ref)
        }
        return record
    }
}
