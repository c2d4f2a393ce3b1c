import CloudAPI
import Credentials
import Foundation
import Jobs
import Logging
public import Postgres
public import ServiceLifecycle

/// Asks Meta what numbers and their portfolios may: throughput, the Business app, the owner, the messaging limit. Every six hours, and before all
/// others when a number is new or a webhook says that something has changed. Webhooks only say when to ask: they come late, twice and in any
/// order.
///
/// Switches Meta's check of identities on for those that use it, without which there would be no hashes. Each step counts by itself: what one does
/// not tell is stored as the number's `ask_error`, and the others are taken.
public struct SenderLimits: Service {
    let core: GatewayCore
    /// Seconds of real time; after a failure twice as long each time, up to eight hours.
    private static let (usual, afterFailure) = (6.0 * 3600, 900.0)
    /// Numbers that are asked for at a time.
    private static let batch = 10

    /// Asks until the process shuts down. A failure is stored with the sender, and tried again.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    while try await round() == Self.batch {}
                } catch is CancellationError {
                    return
                } catch {
                    core.logger.warning("limits of numbers were not read; it is tried again", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: .seconds(2))
            }
        }
    }

    /// A number to ask for.
    private struct Due: Sendable {
        var id: String
        var waba: String
        /// `ask_at` as it is now; another one means that it is to be asked again.
        var mark: Date
        var needsCheck: Bool
        var failures: Int
    }

    /// Asks for numbers that are due, ten at most and all at a time; returns how many.
    @discardableResult
    public func round() async throws -> Int {
        // Put off first: another process looks elsewhere, and one that dies is not asked for at once again.
        let due = try await core.client.query(
            """
            UPDATE gateway.sender SET ask_at = clock_timestamp() + make_interval(secs => \(Self.afterFailure)) WHERE phone_number_id IN (
                SELECT phone_number_id FROM gateway.sender WHERE ask_at <= statement_timestamp() AND state <> 'retired'
                ORDER BY ask_at LIMIT \(Self.batch) FOR UPDATE SKIP LOCKED)
            RETURNING phone_number_id, waba_id, ask_at, identity_mode <> 'off' AND identity_check_at IS NULL, ask_failures
            """
        ).decode((String, String, Date, Bool, Int).self).map { Due(id: $0.0, waba: $0.1, mark: $0.2, needsCheck: $0.3, failures: $0.4) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for one in due { group.addTask { try await ask(one) } }
            try await group.waitForAll()
        }
        return due.count
    }

    private func ask(_ due: Due) async throws {
        var troubles: [String] = []
        var number: PhoneNumberNode?
        var owner: String?
        do {
            let token = try await core.credentials.token(forWABA: due.waba)
            let node = await self.number(due.id, token)
            number = node.value
            troubles += node.trouble.map { ["its throughput is not known: \($0)"] } ?? []
            let business = await core.graph.waba(due.waba, fields: ["id", "owner_business_info"], token: token)
            owner = business.value?.ownerBusinessID.flatMap { Self.isID($0) ? $0 : nil }
            if due.needsCheck, let trouble = await switchCheckOn(due.id, token) { troubles.append(trouble) }
            let portfolio = try await core.client.withTransaction { try await apply(number, owner, to: due, on: $0) }
            if let portfolio {
                if let trouble = try await limit(portfolio, number) { troubles.append(trouble) }
            } else {
                troubles.append("its portfolio is not known, so no messaging limit is kept: \(business.trouble ?? "Meta names no owner")")
            }
        } catch {
            if error is CancellationError { throw error }
            troubles.append("\(error)")
        }
        let failed = number == nil || owner == nil && !troubles.isEmpty
        let wait = failed ? Self.afterFailure * Double(1 << min(due.failures, 5)) : Self.usual
        let text = troubles.isEmpty ? nil : troubles.joined(separator: "; ").storable(500)
        try await core.client.query(
            """
            UPDATE gateway.sender SET asked_at = clock_timestamp(), ask_error = \(text),
                ask_failures = CASE WHEN \(failed) THEN least(ask_failures + 1, 100) ELSE 0 END,
                ask_at = CASE WHEN ask_at = \(due.mark) THEN clock_timestamp() + make_interval(secs => \(wait)) ELSE ask_at END
            WHERE phone_number_id = \(due.id)
            """)
    }

    private func number(_ id: String, _ token: Secret) async -> GraphOutcome<PhoneNumberNode> {
        let known = ["id", "throughput", "is_on_biz_app"]
        let outcome = await core.graph.phoneNumber(id, fields: known + ["whatsapp_business_manager_messaging_limit"], token: token)
        // One field that a number or version does not have fails the whole read.
        return outcome.error?.code == 100 ? await core.graph.phoneNumber(id, fields: known, token: token) : outcome
    }

    private func switchCheckOn(_ id: String, _ token: Secret) async -> String? {
        let outcome = await core.graph.setIdentityCheck(id, enabled: true, token: token)
        if let trouble = outcome.trouble { return "Meta's check of identities could not be switched on: \(trouble)" }
        do {
            try await core.client.query("UPDATE gateway.sender SET identity_check_at = clock_timestamp() WHERE phone_number_id = \(id)")
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Takes what was told of a number; returns its portfolio, as far as it is known now.
    private func apply(_ number: PhoneNumberNode?, _ owner: String?, to due: Due, on db: PostgresConnection) async throws -> String? {
        // What it has sent before counts in the portfolio it joins.
        if let owner { try await Quotas.join(owner, due.id, waba: due.waba, on: db) }
        let row = try await db.query("SELECT * FROM gateway.sender WHERE phone_number_id = \(due.id) FOR UPDATE").first
        // Another account since we asked: it will be asked for again.
        guard let old = try row.map(SenderRow.init)?.sender, old.wabaID == due.waba else { return nil }
        if let number { try await apply(number, to: old, on: db) }
        guard let owner, owner != old.portfolioID else { return old.portfolioID }
        try await db.query("UPDATE gateway.sender SET portfolio_id = \(owner), updated_at = jobs.now() WHERE phone_number_id = \(due.id)")
        return owner
    }

    private func apply(_ number: PhoneNumberNode, to old: Sender, on db: PostgresConnection) async throws {
        let level = number.isOnBusinessApp == true ? "COEXISTENCE" : number.throughputLevel?.storable(40)
        // NOT_APPLICABLE, or a word nobody knows yet, says nothing of a rate.
        let allowed = try await LimitRules.value("number.\((level ?? "").lowercased())", on: db)
        let perSecond = old.perSecondIsSet ? old.perSecond : min(max(allowed ?? old.perSecond, 1), 10_000)
        if perSecond != old.perSecond {
            core.logger.notice(
                "throughput of a number changed",
                metadata: ["sender": "\(old.phoneNumberID)", "from": "\(old.perSecond)", "to": "\(perSecond)"])
        }
        try await db.query(
            """
            UPDATE gateway.sender SET per_second = \(perSecond), throughput_level = \(level), updated_at = jobs.now()
            WHERE phone_number_id = \(old.phoneNumberID)
            """)
        // Each time: whether its level is in shadow may have been changed while Meta was asked.
        _ = try await SenderStore(client: core.client, settings: core.settings).pace(old, on: db)
    }

    /// Takes Meta's word for what a portfolio may reach, in a transaction of its own: nothing else is locked meanwhile. Returns what is not known.
    private func limit(_ portfolio: String, _ number: PhoneNumberNode?) async throws -> String? {
        guard let tier = number?.messagingLimit?.uppercased().storable(40), tier != "TIER_NOT_SET" else {
            return number == nil ? nil : "Meta does not tell the messaging limit of its portfolio \(portfolio)"
        }
        let key = Quotas.portfolio(portfolio)
        return try await core.client.withTransaction { db in
            let rule = try await db.query("SELECT value FROM gateway.limit_rule WHERE name = \("tier.\(tier)")").decodeFirst(Double?.self)
            guard let rule else {
                return "its portfolio has the limit \(tier), which is not known; relevo limits set tier.\(tier) NUMBER makes it so"
            }
            if try await db.query("SELECT FROM gateway.quota WHERE key = \(key)").isEmpty { try await Quotas.closeGate(on: db) }
            let isNew = try await db.query(
                """
                INSERT INTO gateway.quota AS q (key, per_day, source, tier)
                VALUES (\(key), \(rule.map { Int32(clamping: Int($0)) }), 'Meta', \(tier))
                ON CONFLICT (key) DO UPDATE SET tier = EXCLUDED.tier,
                    per_day = CASE WHEN q.set_by IS NULL THEN EXCLUDED.per_day ELSE q.per_day END,
                    source = CASE WHEN q.set_by IS NULL THEN EXCLUDED.source ELSE q.source END,
                    effective = CASE WHEN q.set_by IS NULL AND q.per_day IS DISTINCT FROM EXCLUDED.per_day THEN jobs.now() ELSE q.effective END
                RETURNING xmax = 0
                """
            ).decodeFirst(Bool.self)
            if isNew == true { try await Quotas.countBefore(key, on: db) }
            return nil
        }
    }

    private static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

extension GraphOutcome {
    fileprivate var value: Value? {
        guard case .success(let value, _) = self else { return nil }
        return value
    }

    fileprivate var trouble: String? {
        switch self {
        case .success: nil
        case .refused(let error, _): "Meta refused: \(error)"
        case .notSent(let reason): "Meta was not reached: \(reason)"
        case .ambiguous(let reason, _): "Meta did not answer: \(reason)"
        }
    }
}

extension Gateway {
    /// To be run in every worker process.
    public var limitsReader: SenderLimits { SenderLimits(core: core) }

    /// Something of an account's numbers has changed: their limits are asked for again, before all others.
    /// - Parameter id: a WABA, or a portfolio.
    public func limitsChanged(_ id: String, on db: PostgresConnection) async throws {
        guard id.isStorable else { return }
        try await db.query(
            """
            UPDATE gateway.sender SET ask_at = 'epoch' WHERE phone_number_id IN (
                SELECT phone_number_id FROM gateway.sender WHERE (waba_id = \(id) OR portfolio_id = \(id)) AND state <> 'retired'
                ORDER BY phone_number_id FOR UPDATE)
            """)
    }
}
