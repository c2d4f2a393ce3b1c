import CloudAPI
import Foundation
import Postgres
import Recipients
import Templates

/// Hands the updates of POSTs to their owners, all in one transaction.
///
/// Each kind of update goes as one batch. When a batch fails that `isolates`, its updates are tried one by one under savepoints, and those that
/// still fail are put aside with their error: the others are applied. Trouble of the database itself is thrown, for the whole POST to be tried
/// again.
struct WebhookRouter {
    let owners: WebhookOwners
    let words: StopWords
    /// Without it the first update that its owner does not bear is thrown.
    let isolates: Bool

    /// Returns the updates that no owner took.
    func route(_ updates: WebhookUpdates, on db: PostgresConnection) async throws -> [UpdateProblem] {
        var problems: [UpdateProblem] = []
        // Templates first: a rebuild that is stopped by a status takes its locks in the same order as its own run does.
        problems += try await each(updates.templates, \.place, on: db) { try await templates($0, on: $1) }
        problems += try await each(updates.statuses, \.place, on: db) { try await statuses($0, before: updates.inbound, on: $1) }
        problems += try await each(updates.inbound, \.place, on: db) { try await inbound($0, on: $1) }
        problems += try await each(updates.preferences, \.place, on: db) { try await preferences($0, on: $1) }
        problems += try await each(updates.notices, \.place, on: db) { notices, db in
            for waba in Set(notices.compactMap(\.wakes)).sorted() { try await owners.accountChanged(waba, db) }
            for id in Set(notices.compactMap(\.limits)).sorted() { try await owners.limitsChanged(id, db) }
        }
        return problems
    }

    private func each<Update>(
        _ updates: [Update], _ place: KeyPath<Update, WebhookUpdates.Place>, on db: PostgresConnection,
        _ apply: ([Update], PostgresConnection) async throws -> Void
    ) async throws -> [UpdateProblem] {
        guard !updates.isEmpty else { return [] }
        guard isolates else {
            try await apply(updates, db)
            return []
        }
        do {
            try await db.withSavepoint { try await apply(updates, $0) }
            return []
        } catch {
            try Self.rethrowIfTransient(error)
            guard updates.count > 1 else { return [UpdateProblem(updates[0][keyPath: place], Self.text(error))] }
        }
        var problems: [UpdateProblem] = []
        for update in updates {
            do {
                try await db.withSavepoint { try await apply([update], $0) }
            } catch {
                try Self.rethrowIfTransient(error)
                problems.append(UpdateProblem(update[keyPath: place], Self.text(error)))
            }
        }
        return problems
    }

    private static func rethrowIfTransient(_ error: any Error) throws {
        if error is CancellationError { throw error }
        if let error = error as? PostgresError, error.isTransient || error.code == .shuttingDown { throw error }
    }

    private static func text(_ error: any Error) -> String { storable("\(error)", limit: 1_000) }

    // MARK: Owners

    private func templates(_ changes: [WebhookUpdates.TemplateChange], on db: PostgresConnection) async throws {
        for change in changes {
            let applied = try await TemplateEvents.apply(
                field: change.place.field, waba: change.place.waba, value: change.value.encoded(),
                occurredAt: change.occurredAt ?? change.place.receivedAt,
                on: db)
            guard let applied else { throw UnreadableUpdate(what: "a template change that names no template, or says nothing of it") }
            try await owners.templateChanged(applied, db)
        }
    }

    /// - Parameter inbound: what is taken next, in the same transaction.
    private func statuses(
        _ statuses: [WebhookUpdates.Status], before inbound: [WebhookUpdates.Inbound], on db: PostgresConnection
    ) async throws {
        // Those without a time of their own have that of their POST.
        let timed = Dictionary(grouping: statuses) { $0.update.timestamp == nil ? $0.place.post : nil }
        for (_, some) in timed.sorted(by: { ($0.key ?? .min) < ($1.key ?? .min) }) {
            try await owners.statuses(some.map { (phoneNumberID: $0.phoneNumberID, update: $0.update) }, some[0].place.receivedAt, db)
        }
        // Names without a hash are learned by the gateway, which knows the number a message went to.
        let seen = statuses.filter {
            !$0.phoneNumberID.isEmpty && ($0.update.identityHash != nil || $0.update.recipientUserID != nil)
                && $0.update.raw["recipient_type"]?.text != "group"
        }
        // Both kinds at once, in one order: two transactions, each with a status of somebody from whom the other one has a message, would else
        // wait for each other. After the messages that statuses are of, which everybody locks before people.
        if !seen.isEmpty, !inbound.isEmpty {
            try await IdentityLedger.lock(
                seen.map { ($0.phoneNumberID, $0.update.recipientID) }
                    + inbound.map { ($0.phoneNumberID, $0.contact?.waID ?? $0.message.from) }, on: db)
        }
        try await observe(
            seen.map {
                (
                    $0.phoneNumberID, $0.update.recipientID, $0.update.recipientUserID, $0.update.identityHash,
                    $0.update.timestamp ?? $0.place.receivedAt, .status
                )
            }, on: db)
    }

    private func inbound(_ inbound: [WebhookUpdates.Inbound], on db: PostgresConnection) async throws {
        try await observe(
            inbound.compactMap { item -> Seen? in
                let (message, contact) = (item.message, item.contact)
                let hash = message.changedIdentityHash ?? contact?.identityHash
                // A notice of a changed number names the number that was left; only its own hash says something of it.
                if message.type == "system", message.changedIdentityHash == nil { return nil }
                let source: IdentityObservation.Source = message.changedIdentityHash == nil ? .inbound : .system
                return (
                    item.phoneNumberID, contact?.waID ?? message.from, contact?.userID ?? message.fromUserID, hash,
                    message.timestamp ?? item.place.receivedAt, source
                )
            }, on: db)
        // Notices of the system are nobody's message: they open no window and spend no throughput. After people, whom a transaction with statuses
        // has locked already: in another order the two would wait for each other.
        let written = Dictionary(grouping: inbound.filter { $0.message.type != "system" }, by: \.phoneNumberID)
        for (number, messages) in written.sorted(by: { $0.key < $1.key }) {
            try await owners.inbound(number, messages.map(\.message), db)
        }
        try await OptOuts.record(
            inbound.compactMap { item in
                guard let stops = words.stops(item.message) else { return nil }
                return OptOuts.Change(
                    phoneNumberID: item.phoneNumberID, waID: item.contact?.waID ?? item.message.from,
                    userID: item.contact?.userID ?? item.message.fromUserID, scope: .marketing, active: stops, source: "keyword",
                    at: item.message.timestamp ?? item.place.receivedAt)
            }, on: db)
        for item in inbound {
            guard let system = item.message.system, NumberNotice.isChange(system.type) else { continue }
            try await IdentityLedger.numberChanged(
                phoneNumberID: item.phoneNumberID, oldWaID: item.message.from, oldUserID: system.previousUserID ?? item.message.fromUserID,
                newWaID: system.waID, newUserID: system.userID, at: item.message.timestamp ?? item.place.receivedAt, on: db)
        }
    }

    private func preferences(_ preferences: [WebhookUpdates.Preference], on db: PostgresConnection) async throws {
        var changes: [OptOuts.Change] = []
        for preference in preferences {
            guard let change = MarketingPreference.change(preference, preference.place.receivedAt) else {
                throw UnreadableUpdate(what: "a preference without a person, or with another word than stop or resume")
            }
            changes.append(change)
        }
        try await OptOuts.record(changes, on: db)
    }

    private typealias Seen = (
        number: String, waID: String?, userID: String?, hash: String?, at: Date, source: IdentityObservation.Source
    )

    private func observe(_ seen: [Seen], on db: PostgresConnection) async throws {
        let named = seen.filter { $0.waID != nil || $0.userID != nil }
        guard !named.isEmpty else { return }
        let enforcing = try await owners.enforcing(Set(named.map(\.number)), db)
        _ = try await IdentityLedger.observe(
            named.map {
                IdentityObservation(
                    phoneNumberID: $0.number, waID: $0.waID, userID: $0.userID, hash: $0.hash, source: $0.source, at: $0.at,
                    senderEnforces: enforcing.contains($0.number))
            }, on: db)
    }
}

/// An update whose shape its owner does not know.
struct UnreadableUpdate: Error, CustomStringConvertible {
    var what: String
    var description: String { what }
}
