import CloudAPI
import Crypto
public import Foundation
import Postgres

/// What a client sees who opens a code link.
public struct CodeRequest: Encodable, Sendable, Equatable {
    public var rowRef: String
    public var clientName: String
    /// All but the last four digits hidden.
    public var maskedNumber: String
    /// Whether a code is waited for now.
    public var isAwaited: Bool
    /// Whether a code is being checked.
    public var isChecking: Bool
    /// The number is verified; nothing more is needed.
    public var isVerified: Bool
    /// What the page should tell, such as that the last code was wrong.
    public var message: String?
    public var expiresAt: Date

    private enum CodingKeys: String, CodingKey {
        case rowRef = "row_ref", clientName = "client_name", maskedNumber = "number", isAwaited = "awaited", isChecking = "checking"
        case isVerified = "verified", message, expiresAt = "expires_at"
    }
}

extension Migrations {
    /// Hands over the code that was sent to a number. It is stored encrypted and deleted once it has been used.
    ///
    /// Throws `badCode` unless it is six digits (spaces and hyphens are left out), `noCodeExpected` when the number waits for none.
    public func provideCode(_ ref: String, code: String, by: String) async throws {
        try await client.withTransaction { db in try await handOver(ref, code: code, by: by, on: db) }
    }

    private func handOver(_ ref: String, code: String, by: String, on db: PostgresConnection) async throws {
        let digits = code.filter { !$0.isWhitespace && $0 != "-" && $0 != "\u{2010}" && $0 != "\u{2011}" && $0 != "\u{2013}" }
        guard digits.count == 6, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            throw MigrationError(.badCode, "a WhatsApp code has six digits, such as 123-830")
        }
        let number = try await NumberRecord.require(ref, lock: true, on: db)
        let now = try await db.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
        if number.codeState == "given" { throw MigrationError(.noCodeExpected, "a code for \(ref) is being checked; wait for the result") }
        if number.codeState == "verified" { throw MigrationError(.noCodeExpected, "\(ref) is verified already; no code is needed") }
        guard number.state == .awaitingCode, number.codeState == "requested", let event = number.waitEvent,
            let expires = number.codeExpiresAt,
            now < expires
        else {
            throw MigrationError(.noCodeExpected, "no code is waited for now: \(ref) is \(number.state.rawValue)")
        }
        let sealed = try world.sealing.seal(Secret(digits), for: SealedPlace.code(ref))
        try await db.query(
            "UPDATE migration.number SET code_sealed = \(sealed), code_state = 'given', code_by = \(by), updated_at = jobs.now() WHERE row_ref = \(ref)"
        )
        try await NumberBoard.tell(
            ref, plan: number.planID, state: number.state, step: number.step, "a code was handed over", actor: by, on: db)
        try await world.control.emit(run: number.runID, event: event, Wake(.code, by: by), on: db)
    }

    /// Makes a link under which the client can hand over the code, without an account. Only a hash of it is stored; it works until the number is
    /// verified, or for the time of `codeLinkLifetime`. Earlier links of the number stop working.
    public func codeLink(_ ref: String, by: String) async throws -> (url: String, expiresAt: Date) {
        let token = Self.newToken()
        let (settings, hash) = (world.settings, Self.hash(token))
        let expires = try await client.withTransaction { db -> Date in
            let number = try await NumberRecord.require(ref, lock: true, on: db)
            // A proof that has run out does not count: a second code may be waited for.
            guard number.route == "partner", number.state != .done, number.state != .aborted, number.registeredAt == nil,
                number.verifiedAt == nil || number.state == .awaitingCode || number.codeState != "verified"
            else {
                throw MigrationError(.wrongState, "\(ref) needs no code: it is \(number.state.rawValue), route \(number.route)")
            }
            let now = try await db.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
            // A link made ahead works until its day is over.
            let expires = max(now, number.otpStart ?? now).addingTimeInterval(settings.codeLinkLifetime)
            try await db.query("UPDATE migration.otp_link SET used_at = jobs.now() WHERE row_ref = \(ref) AND used_at IS NULL")
            try await db.query(
                """
                INSERT INTO migration.otp_link (token_hash, row_ref, created_by, created_at, expires_at)
                VALUES (\(hash), \(ref), \(by), \(now), \(expires))
                """)
            try await NumberBoard.tell(
                ref, plan: number.planID, state: number.state, step: number.step, "a code link was made", actor: by, on: db)
            return expires
        }
        return ("\(settings.publicURL)/code/\(token)", expires)
    }

    /// What the page behind a link shows. Throws `linkInvalid` for a link that does not exist, was used, or has expired.
    public func codeRequest(token: String) async throws -> CodeRequest {
        try await client.withTransaction { db in
            let (ref, expires) = try await Self.open(token, on: db)
            let number = try await NumberRecord.require(ref, on: db)
            let fields = try StoredRow.fields(number.fields)
            let hidden = String(repeating: "•", count: max(0, number.e164.count - 5))
            return CodeRequest(
                rowRef: ref, clientName: fields["client_name"] ?? number.clientID, maskedNumber: "+" + hidden + number.e164.suffix(4),
                isAwaited: number.state == .awaitingCode && number.codeState == "requested", isChecking: number.codeState == "given",
                isVerified: number.codeState == "verified", message: number.state == .awaitingCode ? number.reason : nil, expiresAt: expires
            )
        }
    }

    /// Hands over a code by link. Throws as `codeRequest` and `provideCode`.
    public func redeem(token: String, code: String) async throws {
        try await client.withTransaction { db in
            let (ref, _) = try await Self.open(token, on: db)
            try await handOver(ref, code: code, by: "client link", on: db)
        }
    }

    private static func open(_ token: String, on db: PostgresConnection) async throws -> (String, Date) {
        let row = try await db.query(
            """
            SELECT row_ref, expires_at FROM migration.otp_link
            WHERE token_hash = \(hash(token)) AND used_at IS NULL AND expires_at > jobs.now()
            """
        ).decodeFirst((String, Date).self)
        guard let row else { throw MigrationError(.linkInvalid, "this link is no longer valid; ask for a new one") }
        return row
    }

    private static func newToken() -> String {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        return Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func hash(_ token: String) -> Data { Data(SHA256.hash(data: Data(token.utf8))) }
}
