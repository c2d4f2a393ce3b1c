public import Foundation
import Postgres

/// A number and everything that was recorded of it, for its page.
public struct NumberStory: Encodable, Sendable {
    /// One line of the story.
    public struct Line: Encodable, Sendable, Equatable {
        /// Business time.
        public var at: Date
        public var state: String
        public var step: String
        public var code: String?
        public var message: String
        /// The person who did it; nil for Relevo.
        public var actor: String?
    }

    /// One call of register.
    public struct RegisterCall: Encodable, Sendable, Equatable {
        public var calledAt: Date
        /// Nil: begun, and no answer recorded.
        public var outcome: String?

        private enum CodingKeys: String, CodingKey { case calledAt = "called_at", outcome }
    }

    public var number: NumberRecord
    public var story: [Line]
    public var findings: [Finding]
    public var registerCalls: [RegisterCall]
    public var freezes: [WaveFreeze]

    private enum CodingKeys: String, CodingKey { case number, story, findings, registerCalls = "register_calls", freezes }

    static func lines(of ref: String, on db: some PostgresExecutor) async throws -> [Line] {
        let rows = try await db.query(
            "SELECT at, state, step, code, message, actor FROM migration.story WHERE row_ref = \(ref) ORDER BY id")
        return try rows.map { row in
            let (at, state, step, code, message, actor) = try row.decode((Date, String, String, String?, String, String?).self)
            return Line(at: at, state: state, step: step, code: code, message: message, actor: actor)
        }
    }

    static func findings(of ref: String, on db: some PostgresExecutor) async throws -> [Finding] {
        try await db.query("SELECT code, message, remedy FROM migration.finding WHERE row_ref = \(ref) ORDER BY code")
            .decode((String, String, String).self).map { Finding(code: $0.0, message: $0.1, remedy: $0.2) }
    }

    static func registerCalls(of ref: String, on db: some PostgresExecutor) async throws -> [RegisterCall] {
        try await db.query("SELECT called_at, outcome FROM migration.register_call WHERE row_ref = \(ref) ORDER BY id")
            .decode((Date, String?).self).map { RegisterCall(calledAt: $0.0, outcome: $0.1) }
    }
}
