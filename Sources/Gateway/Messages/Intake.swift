import CloudAPI
import Crypto
import Foundation
import Jobs
import Postgres
import Recipients
import Templates

/// Takes messages in: checks, reads recipients, and stores message and job together.
struct Intake {
    static let largestBatch = 500
    let core: GatewayCore

    /// A message that is worth looking up.
    struct Candidate {
        var id = MessageID.make()
        var submission: Submission
        var body: CheckedBody
        var bodyHash: Data
        var sender: SenderRow
        var reading: RecipientReading?
        var recipient: RecipientState?
    }

    /// One result a submission, in order. Nothing is written for those that are refused.
    func take(_ submissions: [Submission], on db: PostgresConnection) async throws -> [Result<Receipt, GatewayRefusal>] {
        var results: [Int: Result<Receipt, GatewayRefusal>] = [:]
        let (senders, now) = try await SenderRow.resolveNow(submissions.map(\.sender), on: db)
        var candidates: [Int: Candidate] = [:]
        for (place, submission) in submissions.enumerated() {
            do throws(GatewayRefusal) {
                candidates[place] = try candidate(submission, sender: senders[submission.sender], now: now)
            } catch {
                results[place] = .failure(error)
            }
        }
        try await Repeats().answer(&candidates, &results, on: db)
        try await read(&candidates, &results, on: db)
        try await judge(&candidates, &results, on: db)
        let repeated = try await Repeats().claim(&candidates, &results, period: core.settings.idempotencyPeriod, on: db)
        try await store(&candidates, &results, now: now, on: db)
        // Repeats of a message of this very batch can be answered only now.
        for (place, first) in repeated {
            results[place] = results[first]
            if case .success(var receipt) = results[first] {
                receipt.isDuplicate = true
                results[place] = .success(receipt)
            }
        }
        return submissions.indices.map { results[$0] ?? .failure(.invalid("the message was lost on the way; this is a fault of Relevo")) }
    }

    private func candidate(_ submission: Submission, sender: SenderRow?, now: Date) throws(GatewayRefusal) -> Candidate {
        guard let sender, submission.clientID == nil || submission.clientID == sender.sender.clientID else {
            throw .unknownSender(submission.sender)
        }
        guard sender.sender.state != .retired else {
            throw .retiredSender(submission.sender)
        }
        let body = try CheckedBody(submission.body, edge: submission.edge, maximumBytes: core.settings.maximumBody)
        if let expiry = submission.expiresAt, expiry <= now { throw .invalid("the message's expiry is over before it was handed in") }
        if let priority = submission.priority, !(0...9).contains(priority) { throw .invalid("priority is \(priority); expected 0 to 9") }
        if let key = submission.idempotencyKey, !key.isStorable { throw .invalid("an idempotency key has 1 to 256 bytes and no U+0000") }
        if let data = submission.clientData, data.count > CheckedBody.maximumCallbackData || data.utf8.contains(0) {
            throw .invalid("biz_opaque_callback_data has \(data.count) characters; expected 0 to \(CheckedBody.maximumCallbackData)")
        }
        for text in [submission.tag, submission.notifyRun].compactMap({ $0 }) where !text.isStorable {
            throw .invalid("a tag or run name has 1 to 256 bytes and no U+0000")
        }
        var hash = SHA256()
        hash.update(data: Data("\(submission.sender) \(submission.edge.rawValue) ".utf8))
        hash.update(data: submission.body.canonical())
        return Candidate(submission: submission, body: body, bodyHash: Data(hash.finalize()), sender: sender)
    }

    /// Reads the recipients. A number without a plus and without a region is first looked for among those that Meta has named; one with a
    /// plus only where it would be refused: it may be a form that Meta has for an account and no number plan has any more.
    private func read(
        _ candidates: inout [Int: Candidate], _ results: inout [Int: Result<Receipt, GatewayRefusal>], on db: PostgresConnection
    ) async throws {
        var digits: [String: Set<String>] = [:]
        for candidate in candidates.values where !candidate.body.isUserID && region(candidate) == nil {
            let input = candidate.body.input
            guard !RecipientReading.hasPlus(input), let bare = RecipientReading.digits(input) else { continue }
            digits[candidate.sender.sender.phoneNumberID, default: []].insert(bare)
        }
        var known = try await self.known(digits, on: db)
        digits = [:]
        var refused: [Int: GatewayRefusal] = [:]
        for (place, candidate) in candidates {
            do throws(GatewayRefusal) {
                candidates[place]?.reading = try reading(candidate, known)
            } catch {
                refused[place] = error
                let input = candidate.body.input
                guard RecipientReading.hasPlus(input), let written = RecipientReading.digits(input) else { continue }
                digits[candidate.sender.sender.phoneNumberID, default: []].insert(written)
            }
        }
        if !digits.isEmpty { known = try await self.known(digits, on: db) }
        for (place, first) in refused {
            guard let candidate = candidates[place] else { continue }
            do throws(GatewayRefusal) {
                guard RecipientReading.hasPlus(candidate.body.input) else { throw first }
                candidates[place]?.reading = try reading(candidate, known)
            } catch {
                results[place] = .failure(error)
                candidates[place] = nil
            }
        }
    }

    /// Those of these digits, by sender, that Meta has named somebody by.
    private func known(_ digits: [String: Set<String>], on db: PostgresConnection) async throws -> [String: Set<String>] {
        var known: [String: Set<String>] = [:]
        for (sender, digits) in digits {
            known[sender] = try await RecipientDirectory.knownWaIDs(digits.sorted(), sender: sender, on: db)
        }
        return known
    }

    private func reading(_ candidate: Candidate, _ known: [String: Set<String>]) throws(GatewayRefusal) -> RecipientReading {
        if candidate.body.isUserID { return RecipientReading(userID: candidate.body.input) }
        return try RecipientReading(
            number: candidate.body.input, region: region(candidate), country: candidate.sender.country,
            allowsPremium: core.settings.allowsPremiumNumbers,
            isKnown: { known[candidate.sender.sender.phoneNumberID]?.contains($0) ?? false })
    }

    private func region(_ candidate: Candidate) -> String? { candidate.submission.region ?? candidate.sender.sender.defaultRegion }

    /// Refuses what must not be sent: to people who have opted out, or with a hash that is known to be another.
    private func judge(
        _ candidates: inout [Int: Candidate], _ results: inout [Int: Result<Receipt, GatewayRefusal>], on db: PostgresConnection
    ) async throws {
        let keys = candidates.mapValues {
            RecipientKey(phoneNumberID: $0.sender.sender.phoneNumberID, address: $0.reading?.address ?? "")
        }
        let states = try await TrustGate.lookup(Array(keys.values), on: db)
        var categories: [String: String] = [:]
        for (place, candidate) in candidates {
            guard let key = keys[place], let state = states[key] else { continue }
            candidates[place]?.recipient = state
            if let optOut = state.optOut {
                let isMarketing = try await isMarketing(candidate, &categories, on: db)
                if optOut == .all || isMarketing {
                    results[place] = .failure(
                        GatewayRefusal(
                            code: 131050, title: "User has stopped marketing messages",
                            details: optOut == .all
                                ? "The recipient does not want messages from this number."
                                : "The recipient does not want marketing messages from this number."
                        ))
                    candidates[place] = nil
                    continue
                }
            }
            if candidate.sender.sender.identityMode == .enforce, let own = candidate.body.ownHash, let known = state.hashToAttach,
                own != known
            {
                results[place] = .failure(
                    GatewayRefusal(
                        code: 137000, title: "Identity hash mismatch",
                        details: "recipient_identity_key_hash is not the hash that Meta last gave for this recipient."))
                candidates[place] = nil
            }
        }
    }

    private func isMarketing(_ candidate: Candidate, _ categories: inout [String: String], on db: PostgresConnection) async throws -> Bool {
        if candidate.submission.edge == .marketing { return true }
        guard let key = candidate.body.template else { return false }
        let waba = candidate.sender.sender.wabaID
        let name = "\(waba) \(key)"
        if categories[name] == nil {
            // A template that is not in the inventory counts as marketing: whoever said stop is not written to on a guess.
            categories[name] =
                try await TemplateStore.status(waba: waba, name: key.name, language: key.language, on: db)?.category ?? "MARKETING"
        }
        return categories[name] == "MARKETING"
    }
}

extension GatewayRefusal {
    /// No sender has the id that the caller may use.
    public static func unknownSender(_ id: String) -> Self {
        sender(
            "unknown_sender", 404, "No sender that may be used here has the phone number id \(id.quoted); relevo sender list shows them.")
    }

    static func retiredSender(_ id: String) -> Self {
        sender("refused", 400, "The phone number id \(id.quoted) is retired, and its number has no other id.")
    }

    private static func sender(_ name: String, _ httpStatus: Int, _ details: String) -> Self {
        Self(
            code: 100, name: name, subcode: 33, httpStatus: httpStatus, title: "Unsupported post request", type: "GraphMethodException",
            details: details)
    }
}
