public import Foundation
public import Jobs
import PhoneNumbers
public import Postgres
import Recipients

/// The business phone numbers that messages are sent from.
public struct SenderStore: Sendable {
    let client: PostgresClient
    let settings: GatewaySettings

    // MARK: - Change

    /// Adds a sender with its lane, in the caller's transaction or one of its own. One that exists takes over what is given
    /// and keeps its state.
    /// Throws `SenderError` `.badValue`.
    @discardableResult
    public func add(_ new: NewSenderRecord, on db: PostgresConnection? = nil) async throws -> Sender {
        let new = try SenderInput.checked(new)
        return try await inTransaction(db) { db in
            // As other numbers of the account, until Meta is asked.
            let portfolio: String? =
                if let given = new.portfolioID {
                    given
                } else {
                    try await db.query(
                        "SELECT portfolio_id FROM gateway.sender WHERE waba_id = \(new.wabaID) AND portfolio_id IS NOT NULL LIMIT 1"
                    ).decodeFirst(String.self)
                }
            if let portfolio { try await Quotas.join(portfolio, new.phoneNumberID, on: db) }
            let standard = try await LimitRules.value("number.standard", on: db) ?? 80
            let lane = try await Lanes.ensure(Sender.laneKey(new.phoneNumberID), limits: settings.limits(new.perSecond ?? standard), on: db)
            let rows = try await db.query(
                """
                INSERT INTO gateway.sender AS s (phone_number_id, e164, waba_id, client_id, portfolio_id, lane_id, default_region, per_second,
                    per_second_is_set, identity_mode)
                VALUES (\(new.phoneNumberID), \(new.e164), \(new.wabaID), \(new.clientID), \(portfolio), \(lane),
                    \(new.defaultRegion), \(new.perSecond ?? standard), \(new.perSecond != nil && new.perSecondIsSet), \(new.identityMode.rawValue))
                ON CONFLICT (phone_number_id) DO UPDATE SET e164 = EXCLUDED.e164, waba_id = EXCLUDED.waba_id,
                    client_id = EXCLUDED.client_id, lane_id = EXCLUDED.lane_id, default_region = EXCLUDED.default_region,
                    portfolio_id = coalesce(EXCLUDED.portfolio_id, s.portfolio_id),
                    per_second = CASE WHEN EXCLUDED.per_second_is_set THEN EXCLUDED.per_second ELSE s.per_second END,
                    per_second_is_set = s.per_second_is_set OR EXCLUDED.per_second_is_set,
                    identity_check_at = CASE WHEN s.identity_mode <> 'off' THEN s.identity_check_at END,
                    identity_mode = EXCLUDED.identity_mode, ask_at = 'epoch', updated_at = jobs.now()
                RETURNING s.*
                """)
            return try await pace(try SenderRow(rows[0]).sender, on: db)
        }
    }

    /// Adds a sender or changes the one that exists.
    @discardableResult
    public func upsert(_ new: NewSenderRecord, on db: PostgresConnection? = nil) async throws -> Sender { try await add(new, on: db) }

    /// Changes a sender. Throws `SenderError` `.notFound`, `.badValue`.
    @discardableResult
    public func set(_ phoneNumberID: String, _ change: SenderChange, on db: PostgresConnection? = nil) async throws -> Sender {
        try await inTransaction(db) { db in
            if let portfolio = change.portfolioID ?? nil { try await Quotas.join(portfolio, phoneNumberID, on: db) }
            guard let old = try await row(phoneNumberID, lock: true, on: db)?.sender else { throw Self.missing(phoneNumberID) }
            let new = try SenderInput.checked(
                NewSenderRecord(
                    phoneNumberID: phoneNumberID, e164: old.e164, wabaID: change.wabaID ?? old.wabaID,
                    clientID: change.clientID ?? old.clientID,
                    portfolioID: change.portfolioID ?? old.portfolioID,
                    defaultRegion: change.defaultRegion ?? old.defaultRegion, perSecond: change.perSecond ?? nil,
                    identityMode: change.identityMode ?? old.identityMode))
            let perSecond = new.perSecond ?? old.perSecond
            let isSet = change.perSecond.map { $0 != nil && change.perSecondIsSet } ?? old.perSecondIsSet
            let rows = try await db.query(
                """
                UPDATE gateway.sender s SET waba_id = \(new.wabaID), client_id = \(new.clientID),
                    portfolio_id = \(new.portfolioID), default_region = \(new.defaultRegion), per_second = \(perSecond),
                    per_second_is_set = \(isSet),
                    identity_check_at = CASE WHEN identity_mode <> 'off' THEN identity_check_at END, identity_mode = \(new.identityMode.rawValue),
                    ask_at = 'epoch', updated_at = jobs.now()
                WHERE phone_number_id = \(phoneNumberID) RETURNING s.*
                """)
            let sender = try SenderRow(rows[0]).sender
            return perSecond != old.perSecond || isSet != old.perSecondIsSet ? try await pace(sender, on: db) : sender
        }
    }

    /// Stops a sender: its messages wait. A stopped one keeps its first reason. Throws `.notFound`, `.retired`.
    @discardableResult
    public func stop(_ phoneNumberID: String, reason: String, by: String, on db: PostgresConnection? = nil) async throws -> Sender {
        try await inTransaction(db) { db in
            guard let old = try await row(phoneNumberID, lock: true, on: db)?.sender else { throw Self.missing(phoneNumberID) }
            guard old.state != .retired else { throw SenderError(.retired, "\(phoneNumberID) is retired and sends nothing") }
            if old.state == .stopped { return old }
            let reason = reason.storable(500)
            try await Lanes.pause(old.laneKey, reason: reason, by: by, on: db)
            let rows = try await db.query(
                """
                UPDATE gateway.sender s SET state = 'stopped', stopped_reason = \(reason), stopped_by = \(by), stopped_at = jobs.now(),
                    updated_at = jobs.now() WHERE phone_number_id = \(phoneNumberID) RETURNING s.*
                """)
            return try SenderRow(rows[0]).sender
        }
    }

    /// Lets a stopped sender go on. Throws `.notFound`, `.retired`.
    @discardableResult
    public func resume(_ phoneNumberID: String, on db: PostgresConnection? = nil) async throws -> Sender {
        try await inTransaction(db) { db in
            guard let old = try await row(phoneNumberID, lock: true, on: db)?.sender else { throw Self.missing(phoneNumberID) }
            guard old.state != .retired else {
                throw SenderError(.retired, "\(phoneNumberID) is retired; its number sends from another id")
            }
            let rows = try await db.query(
                """
                UPDATE gateway.sender s SET state = 'active', stopped_reason = NULL, stopped_by = NULL, stopped_at = NULL,
                    updated_at = jobs.now()
                WHERE phone_number_id = \(phoneNumberID) RETURNING s.*
                """)
            try await Lanes.resume(old.laneKey, on: db)
            return try SenderRow(rows[0]).sender
        }
    }

    /// Takes a number's new id after a cut-over: adds it like the old sender where nothing else is known, retires the old one, and
    /// hands its waiting messages over. Once done, it does nothing more. Throws `.notFound` when neither id is known.
    @discardableResult
    public func moved(from old: String, to new: String, wabaID: String? = nil, on db: PostgresConnection? = nil) async throws -> Sender {
        guard old != new else { throw SenderError(.badValue, "the new phone number id is the old one, \(old)") }
        return try await inTransaction(db) { db in
            let from = try await row(old, lock: true, on: db)?.sender
            let known = try await row(new, lock: true, on: db)?.sender
            var target = known
            if target == nil, let from {
                target = try await add(
                    NewSenderRecord(
                        phoneNumberID: new, e164: from.e164, wabaID: wabaID ?? from.wabaID, clientID: from.clientID,
                        // Only numbers of one portfolio move; Meta is asked all the same.
                        portfolioID: from.portfolioID, defaultRegion: from.defaultRegion, perSecond: from.perSecond,
                        perSecondIsSet: from.perSecondIsSet, identityMode: from.identityMode), on: db)
            }
            guard var target else { throw Self.missing(old) }
            if target.state == .retired {
                // A number that came back to an id it once had.
                try await db.query(
                    """
                    UPDATE gateway.sender SET state = 'active', moved_to = NULL, updated_at = jobs.now() WHERE phone_number_id = \(new)
                    """)
                try await Lanes.resume(target.laneKey, on: db)
                target.state = .active
                target.movedTo = nil
            }
            guard let from else { return target }
            try await db.query(
                """
                UPDATE gateway.sender SET state = 'retired', moved_to = \(new), stopped_reason = NULL, stopped_by = NULL, stopped_at = NULL,
                    updated_at = jobs.now() WHERE phone_number_id = \(old)
                """)
            // The old lane may be paused; what comes back to it is to find its way to the new one.
            try await Lanes.resume(from.laneKey, on: db)
            if from.movedTo != new {
                // Before anything goes out under the new id: who has opted out, and who is not to be trusted.
                let probe = try await Continuity.probe(from: old, to: new, testRecipients: [], on: db)
                _ = try await Continuity.carryOver(
                    from: old, to: new, probe: probe, senderEnforces: target.identityMode == .enforce,
                    at: try await JobQueue.now(on: db), on: db)
            }
            try await Handover(settings: settings).move(from: from.phoneNumberID, to: target.phoneNumberID, on: db)
            return target
        }
    }

    // MARK: - Read

    public func list(on db: PostgresConnection? = nil) async throws -> [Sender] {
        let query: PostgresQuery = "SELECT * FROM gateway.sender ORDER BY client_id, e164, created_at, phone_number_id"
        let rows = if let db { try await db.query(query) } else { try await client.query(query) }
        return try rows.map { try SenderRow($0).sender }
    }

    public func find(phoneNumberID: String, on db: PostgresConnection? = nil) async throws -> Sender? {
        if let db { return try await row(phoneNumberID, lock: false, on: db)?.sender }
        return try await row(phoneNumberID, lock: false, on: client)?.sender
    }

    /// The clients that numbers belong to, by phone number id.
    public func clients(of ids: Set<String>, on db: PostgresConnection) async throws -> [String: String] {
        try await SenderRow.byID(Array(ids), on: db).mapValues(\.sender.clientID)
    }

    /// Which of these numbers check identity hashes.
    public func enforcing(_ ids: Set<String>, on db: PostgresConnection) async throws -> Set<String> {
        Set(try await SenderRow.byID(Array(ids), on: db).filter { $0.value.sender.identityMode == .enforce }.keys)
    }

    /// The ids that numbers had before they moved to these, by phone number id: the last one first, and at most four moves back. None for
    /// one that has not moved.
    public func former(of ids: Set<String>, on db: PostgresConnection) async throws -> [String: [String]] {
        let asked = ids.filter(\.isStorable).sorted()
        guard !asked.isEmpty else { return [:] }
        let rows = try await db.query(
            """
            WITH RECURSIVE way (asked, id, moves) AS (
                SELECT a, a, 0 FROM unnest(\(asked)) AS a
                UNION ALL
                SELECT w.asked, s.phone_number_id, w.moves + 1 FROM way w JOIN gateway.sender s ON s.moved_to = w.id WHERE w.moves < 4
            )
            SELECT asked, id FROM way WHERE id <> asked ORDER BY asked, moves, id
            """
        ).decode((String, String).self)
        return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
    }

    /// The ids a number has or had, newest first; the one it sends from is not `retired`.
    public func find(e164: String, on db: PostgresConnection? = nil) async throws -> [Sender] {
        guard e164.isStorable else { return [] }
        let query: PostgresQuery = "SELECT * FROM gateway.sender WHERE e164 = \(e164) ORDER BY created_at DESC, phone_number_id"
        let rows = if let db { try await db.query(query) } else { try await client.query(query) }
        return try rows.map { try SenderRow($0).sender }
    }

    /// Numbers by their E.164: the client of the newest id, and all ids they have or had, newest first.
    public func find(numbers: Set<String>, on db: PostgresConnection) async throws -> [String: (client: String, ids: [String])] {
        let rows = try await db.query(
            """
            SELECT e164, client_id, phone_number_id FROM gateway.sender WHERE e164 = ANY (\(numbers.filter(\.isStorable).sorted()))
            ORDER BY e164, created_at DESC, phone_number_id
            """
        ).decode((String, String, String).self)
        return Dictionary(grouping: rows, by: \.0).compactMapValues { rows in
            rows.first.map { (client: $0.1, ids: rows.map(\.2)) }
        }
    }

    /// The sender itself, or the one its number has moved to.
    func resolve(_ phoneNumberID: String, on db: some PostgresExecutor) async throws -> Sender? {
        try await SenderRow.resolve([phoneNumberID], on: db)[phoneNumberID]?.sender
    }

    // MARK: - Inside

    /// Gives the lane of a number its rate as it is now, or none while its throughput is in shadow. The number's row is locked.
    func pace(_ sender: Sender, on db: PostgresConnection) async throws -> Sender {
        let rows = try await db.query(
            """
            UPDATE gateway.sender s SET in_shadow = gateway.throughput_in_shadow(throughput_level, per_second_is_set)
            WHERE phone_number_id = \(sender.phoneNumberID) RETURNING s.*
            """)
        let sender = try SenderRow(rows[0]).sender
        try await Lanes.set(sender.laneKey, limits: settings.limits(sender.perSecond, isInShadow: sender.isInShadow), on: db)
        return sender
    }

    private func row(_ phoneNumberID: String, lock: Bool, on db: some PostgresExecutor) async throws -> SenderRow? {
        guard phoneNumberID.isStorable else { return nil }
        let rows =
            lock
            ? try await db.query("SELECT * FROM gateway.sender WHERE phone_number_id = \(phoneNumberID) FOR UPDATE")
            : try await db.query("SELECT * FROM gateway.sender WHERE phone_number_id = \(phoneNumberID)")
        return try rows.first.map(SenderRow.init)
    }

    private func inTransaction<T>(_ db: PostgresConnection?, _ body: (PostgresConnection) async throws -> T) async throws -> T {
        if let db { return try await body(db) }
        return try await client.withTransaction(body)
    }

    private static func missing(_ id: String) -> SenderError {
        SenderError(.notFound, "no sender has the phone number id \(id.prefix(64).debugDescription); see `relevo sender list`")
    }
}
