public import Foundation
public import Postgres

/// Who does not want to be written to. The newer word wins, whatever the order of arrival.
public enum OptOuts {
    /// A stop, or its end.
    public struct Change: Sendable {
        public var phoneNumberID: String
        /// At least one of the two.
        public var waID: String?
        public var userID: String?
        public var scope: OptOutScope
        /// True: stop. False: resume.
        public var active: Bool
        /// Where it came from: `user_preferences`, `131050`, `keyword`, an API key's name.
        public var source: String
        /// Business time.
        public var at: Date

        public init(
            phoneNumberID: String, waID: String?, userID: String? = nil, scope: OptOutScope, active: Bool, source: String, at: Date
        ) {
            self.phoneNumberID = phoneNumberID
            self.waID = waID
            self.userID = userID
            self.scope = scope
            self.active = active
            self.source = source
            self.at = at
        }
    }

    /// Stores changes; returns how many were new.
    @discardableResult
    public static func record(_ changes: [Change], on db: some PostgresExecutor) async throws -> Int {
        var applied = 0
        for change in changes {
            let texts = [change.phoneNumberID, change.source] + [change.waID, change.userID].compactMap { $0 }
            guard texts.count > 2, texts.allSatisfy(Bounds.fits) else { continue }
            let rows = try await db.query(
                """
                SELECT recipients.set_opt_out(\(change.phoneNumberID), \(change.waID), \(change.userID),
                    \(change.scope.rawValue), \(change.active), \(change.source), \(change.at))
                """)
            if try rows.decodeFirst(Bool.self) == true { applied += 1 }
        }
        return applied
    }
}
