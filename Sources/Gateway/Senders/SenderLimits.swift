import CloudAPI
import Credentials
import Foundation
import Jobs
import Logging
public import Postgres
public import ServiceLifecycle

/// Asks Meta what numbers and their portfolios may: throughput, the Business app, the messaging limit. Every six hours, and at once when a
/// number is new or a webhook says that something has changed. Webhooks only say when to ask: they come late, twice and in any order.
///
/// Switches Meta's check of identities on for those that use it, without which there would be no hashes.
public struct SenderLimits: Service {
    let core: GatewayCore
    /// Seconds of real time.
    private static let (usual, afterFailure) = (6.0 * 3600, 900.0)
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

    /// Asks for numbers that are due, ten at most; returns how many.
    @discardableResult
    public func round() async throws -> Int {
        // Put off first: another process looks elsewhere, and one that dies is not asked for at once again.
        let due = try await core.client.query(
            """
            UPDATE gateway.sender SET ask_at = clock_timestamp() + make_interval(secs => \(Self.afterFailure)) WHERE phone_number_id IN (
                SELECT phone_number_id FROM gateway.sender WHERE ask_at <= statement_timestamp() AND state <> 'retired'
                ORDER BY ask_at LIMIT \(Self.batch) FOR UPDATE SKIP LOCKED)
            RETURNING phone_number_id, waba_id, portfolio_id, ask_at, identity_mode <> 'off' AND identity_check_at IS NULL
            """
        ).decode((String, String, String?, Date, Bool).self)
        for (id, waba, portfolio, mark, needsCheck) in due {
            do {
                if needsCheck { try await switchCheckOn(id, waba: waba) }
                try await ask(id, waba: waba, portfolio: portfolio, mark: mark)
            } catch {
                if error is CancellationError { throw error }
                try await core.client.query(
                    "UPDATE gateway.sender SET asked_at = clock_timestamp(), ask_error = \("\(error)".storable(300)) WHERE phone_number_id = \(id)"
                )
            }
        }
        return due.count
    }

    private struct Unanswered: Error, CustomStringConvertible {
        var description: String
        init<T>(_ outcome: GraphOutcome<T>) {
            switch outcome {
            case .success: description = "Meta's answer was not understood"
            case .refused(let error, _): description = "Meta refused: \(error)"
            case .notSent(let reason): description = "Meta was not reached: \(reason)"
            case .ambiguous(let reason, _): description = "Meta did not answer: \(reason)"
            }
        }
    }

    private func switchCheckOn(_ id: String, waba: String) async throws {
        let outcome = await core.graph.setIdentityCheck(id, enabled: true, token: try await core.credentials.token(forWABA: waba))
        guard case .success = outcome else { throw Unanswered(outcome) }
        try await core.client.query("UPDATE gateway.sender SET identity_check_at = clock_timestamp() WHERE phone_number_id = \(id)")
    }

    /// - Parameter mark: `ask_at` as it is now; another one means that it is to be asked again.
    private func ask(_ id: String, waba: String, portfolio: String?, mark: Date) async throws {
        let token = try await core.credentials.token(forWABA: waba)
        let known = ["id", "throughput", "is_on_biz_app"]
        var outcome = await core.graph.phoneNumber(id, fields: known + ["whatsapp_business_manager_messaging_limit"], token: token)
        // One field that a number or version does not have fails the whole read.
        if outcome.error?.code == 100 { outcome = await core.graph.phoneNumber(id, fields: known, token: token) }
        guard case .success(let number, _) = outcome else { throw Unanswered(outcome) }
        var owner = portfolio
        if owner == nil {
            let answer = await core.graph.waba(waba, fields: ["id", "owner_business_info"], token: token)
            guard case .success(let node, _) = answer else { throw Unanswered(answer) }
            owner = node.ownerBusinessID.flatMap { $0.isStorable && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? $0 : nil }
        }
        let (found, business) = (number, owner)
        try await core.client.withTransaction { try await apply(found, to: id, waba: waba, portfolio: business, mark: mark, on: $0) }
    }

    private func apply(
        _ number: PhoneNumberNode, to id: String, waba: String, portfolio: String?, mark: Date, on db: PostgresConnection
    ) async throws {
        let store = SenderStore(client: core.client, settings: core.settings)
        let old = try await db.query("SELECT * FROM gateway.sender WHERE phone_number_id = \(id) FOR UPDATE").first.map(SenderRow.init)?
            .sender
        // Another account since we asked: it will be asked for again.
        guard let old, old.wabaID == waba else { return }
        let rule =
            number.isOnBusinessApp == true ? "number.coexistence" : number.throughputLevel == "HIGH" ? "number.high" : "number.standard"
        let allowed = try await LimitRules.value(rule, on: db)
        // NOT_APPLICABLE, or a word nobody knows yet, says nothing of a rate.
        let isTold = number.isOnBusinessApp == true || ["HIGH", "STANDARD"].contains(number.throughputLevel ?? "")
        let perSecond = old.perSecondIsSet || !isTold ? old.perSecond : min(max(allowed ?? old.perSecond, 1), 10_000)
        if perSecond != old.perSecond {
            try await Lanes.set(old.laneKey, limits: store.limits(perSecond), on: db)
            core.logger.notice(
                "throughput of a number changed", metadata: ["sender": "\(id)", "from": "\(old.perSecond)", "to": "\(perSecond)"])
        }
        let unknown = try await limit(portfolio ?? old.portfolioID, tier: number.messagingLimit, on: db)
        try await db.query(
            """
            UPDATE gateway.sender SET per_second = \(perSecond), throughput_level = \(number.throughputLevel?.storable(40)),
                portfolio_id = coalesce(portfolio_id, \(portfolio)), asked_at = clock_timestamp(), ask_error = \(unknown),
                ask_at = CASE WHEN ask_at = \(mark) THEN clock_timestamp() + make_interval(secs => \(Self.usual)) ELSE ask_at END, updated_at = jobs.now()
            WHERE phone_number_id = \(id)
            """)
    }

    /// Takes Meta's word for what a portfolio may reach; returns why it cannot be taken.
    private func limit(_ portfolio: String?, tier: String?, on db: PostgresConnection) async throws -> String? {
        guard let portfolio, let tier = tier?.uppercased().storable(40), tier != "TIER_NOT_SET" else { return nil }
        let rule = try await db.query("SELECT value FROM gateway.limit_rule WHERE name = \("tier.\(tier)")").decodeFirst(Double?.self)
        guard let rule else {
            return "Meta gives the portfolio the limit \(tier), which is not known; relevo limits set tier.\(tier) NUMBER makes it so"
        }
        try await db.query(
            """
            INSERT INTO gateway.quota AS q (key, per_day, source, tier)
            VALUES (\(Quotas.portfolio(portfolio)), \(rule.map { Int32(clamping: Int($0)) }), 'Meta', \(tier))
            ON CONFLICT (key) DO UPDATE SET tier = EXCLUDED.tier,
                per_day = CASE WHEN q.set_by IS NULL THEN EXCLUDED.per_day ELSE q.per_day END,
                source = CASE WHEN q.set_by IS NULL THEN EXCLUDED.source ELSE q.source END,
                effective = CASE WHEN q.set_by IS NULL AND q.per_day IS DISTINCT FROM EXCLUDED.per_day THEN jobs.now() ELSE q.effective END
            """)
        return nil
    }
}

extension Gateway {
    /// To be run in every worker process.
    public var limitsReader: SenderLimits { SenderLimits(core: core) }

    /// Something of an account's numbers has changed: their limits are asked for again.
    /// - Parameter id: a WABA, or a portfolio.
    public func limitsChanged(_ id: String, on db: PostgresConnection) async throws {
        guard id.isStorable else { return }
        try await db.query(
            "UPDATE gateway.sender SET ask_at = clock_timestamp() WHERE (waba_id = \(id) OR portfolio_id = \(id)) AND state <> 'retired'")
    }
}
