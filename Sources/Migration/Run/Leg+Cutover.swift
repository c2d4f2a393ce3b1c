import CloudAPI
import Foundation
import Postgres
import Templates

extension Leg {
    /// What is known of a register call whose answer was lost.
    private enum Settled: Codable, Sendable, Equatable {
        case registered
        case notRegistered(String)
        case unknown(String)
    }

    /// The point of no return: gates, PIN, register.
    func cutOver() async throws {
        let id = try await phoneNumberID()
        try await preparePIN()
        let ref = brief.rowRef
        try await passGates(NumberChange(state: .cuttingOver, step: "registering", note: "every gate is open: cutting over")) { db in
            try await db.query("UPDATE migration.number SET register_intent_at = jobs.now() WHERE row_ref = \(ref)")
        }
        let deadline = try await now("register").addingTimeInterval(settings.connectDeadline)
        // A call of an earlier round may have had its effect: then Meta has to say that it had not.
        let earlier = try await c.step(name("register:earlier")) { db in
            try await db.query("SELECT outcome FROM migration.register_call WHERE phone_number_id = \(id) ORDER BY id DESC LIMIT 1")
                .decodeFirst(String?.self).map { $0 ?? "no answer" }
        }
        if try await settle(id, "register:before", deadline: deadline, told: earlier) != .registered {
            try await register(id, deadline: deadline)
        }
        try await noteRegistered(id)
    }

    /// Whether the number is registered already. A round that begins after a register call whose end is not known finds that out before anything
    /// else: a number that has moved must not wait for a window, and its source would not pass the preconditions any more.
    func isRegistered() async throws -> Bool {
        if brief.registeredAt != nil { return true }
        guard brief.registerIntentAt != nil, let id = brief.phoneNumberID else { return false }
        let ref = brief.rowRef
        let called = try await c.step(name("register:open")) { db in
            try await db.query("SELECT outcome FROM migration.register_call WHERE phone_number_id = \(id) ORDER BY id DESC LIMIT 1")
                .decodeFirst(String?.self).map { $0 ?? "no answer" }
        }
        var registered = false
        if let called {
            let deadline = try await now("register:open").addingTimeInterval(settings.connectDeadline)
            registered = try await settle(id, "register:open", deadline: deadline, told: called) == .registered
        }
        if registered {
            try await noteRegistered(id)
        } else {
            try await set(
                "register:open:none",
                NumberChange(
                    state: .scheduled, step: "not registered", note: "register has had no effect: the number can still be called off")
            ) { db in
                try await db.query("UPDATE migration.number SET register_intent_at = NULL WHERE row_ref = \(ref)")
            }
        }
        return registered
    }

    private func noteRegistered(_ id: String) async throws {
        let ref = brief.rowRef
        try await set("registered", NumberChange(state: .cuttingOver, step: "registered", note: "registered as \(id)")) { db in
            try await db.query("UPDATE migration.number SET registered_at = coalesce(registered_at, jobs.now()) WHERE row_ref = \(ref)")
        }
    }

    private func phoneNumberID() async throws -> String {
        let ref = brief.rowRef
        let id = try await c.step(name("phone-number-id")) { db in try await NumberRecord.find(ref, on: db)?.phoneNumberID }
        guard let id else { throw Stop.failed("not_added", "the number was never added to the destination; retry it from the start") }
        return id
    }

    /// Makes and stores the PIN before anything is called with it; one PIN per number, whatever the number of rounds.
    private func preparePIN() async throws {
        let (world, ref) = (world, brief.rowRef)
        _ = try await c.step(name("pin")) { db -> Bool in
            let digits = Secret((0..<6).map { _ in String(Int.random(in: 0...9)) }.joined())
            try await db.query(
                "UPDATE migration.number SET pin_sealed = \(try world.sealing.seal(digits, for: SealedPlace.pin(ref))) WHERE row_ref = \(ref) AND pin_sealed IS NULL"
            )
            return true
        }
    }

    /// Calls register once; again only when Meta has provably not carried it out, each time told in the story.
    private func register(_ id: String, deadline: Date) async throws {
        var wait = settings.retryPause
        for attempt in 0..<3 {
            let step = "register:\(attempt)"
            let reply = try await call(id, step)
            switch reply {
            case .answer: return
            case .trouble(let trouble) where trouble.remedy == .reconcile:
                if try await settle(id, step, deadline: deadline, told: "\(trouble)") == .registered { return }
            case .trouble(let trouble) where trouble.isCode(133_004):
                // The registration server was away: Meta asks to look before calling again.
                if try await settle(id, step, deadline: deadline, told: "\(trouble)") == .registered { return }
            case .trouble(let trouble) where trouble.remedy == .person || trouble.isCode(133_016): throw refused(trouble)
            case .trouble(let trouble):
                try await note("\(step):refused", "register was refused and can be called again: \(trouble)")
                wait = max(wait, trouble.waitSeconds ?? 0)
            }
            let until = try await now(step).addingTimeInterval(wait)
            if until > deadline { break }
            try await pause(
                "\(step):wait",
                NumberChange(
                    state: .cuttingOver, step: "registering", code: "register_waits", reason: "waits before register is called again"),
                until: until)
            wait *= 2
        }
        throw Stop.failed("register_failed", "register did not go through; the story holds every call and answer", canStillAbort: true)
    }

    /// One register call: noted in the budget, made at most once, and only inside the window: between the gates and the call a process may have
    /// been away for hours. A call that was begun and lost comes back as trouble to be reconciled.
    private func call(_ id: String, _ step: String) async throws -> Reply<Nothing> {
        let (world, brief, run, step) = (world, brief, c.runID, name(step))
        let pin = try await c.step("\(step):intent") { db -> Bool in
            try await db.query(
                """
                INSERT INTO migration.register_call (row_ref, run_id, name, phone_number_id, called_at)
                VALUES (\(brief.rowRef), \(run), \(step), \(id), jobs.now()) ON CONFLICT DO NOTHING
                """)
            return try await db.query("SELECT pin_sealed IS NOT NULL FROM migration.number WHERE row_ref = \(brief.rowRef)").decodeFirst(
                Bool.self) ?? false
        }
        guard pin else { throw Stop.failed("no_pin", "the stored PIN is gone", canStillAbort: true) }
        let answer = try await c.callOnce(step) { () -> Reply<Nothing>? in
            let now = try await world.client.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
            guard withinPlan(now) else { return nil }
            return try await Reply.of { () -> Nothing in
                let sealed =
                    try await world.client.query("SELECT pin_sealed FROM migration.number WHERE row_ref = \(brief.rowRef)")
                    .decodeFirst(Data.self) ?? Data()
                let pin = try world.sealing.open(sealed, for: SealedPlace.pin(brief.rowRef))
                try await world.graph.register(id, of: brief.destination, pin: pin, dataRegion: brief.fields["data_region"])
                return Nothing()
            }
        }
        let lost = GraphTrouble(.reconcile, message: "Relevo was interrupted between the call and its answer")
        let result: Reply<Nothing>? = if let answer { answer } else { .trouble(lost) }
        let outcome =
            switch result {
            case .answer: "registered"
            case .trouble(let trouble): "\(trouble)"
            case nil: "not called: the window had closed"
            }
        _ = try await c.step("\(step):outcome") { db -> Bool in
            try await db.query("UPDATE migration.register_call SET outcome = \(outcome) WHERE run_id = \(run) AND name = \(step)")
            return true
        }
        guard let result else {
            var stop = Stop.missed("outside_window", "the window closed before register was called; it was not called after that")
            stop.canStillAbort = true
            throw stop
        }
        return result
    }

    /// Reads whether the number is registered, for as long as Meta's answers leave it open. Throws when it stays open until `deadline`.
    private func settle(_ id: String, _ step: String, deadline: Date, told: String? = nil) async throws -> Settled {
        let (world, brief) = (world, brief)
        // Before any call one look is enough; after a lost one the call may still be under way at Meta.
        let looks = told == nil ? 1 : 3
        let gap = settings.settleSeconds / 3
        var wait = settings.retryPause
        var count = 0
        while true {
            let settled = try await c.call(name("\(step):settle:\(count)")) { () -> Settled in
                var last = Settled.unknown("not read")
                for look in 0..<looks {
                    if look > 0 { try await Task.sleep(for: .seconds(gap)) }
                    do {
                        let number = try await world.graph.number(id, of: brief.destination)
                        if number.isConnected { return .registered }
                        last =
                            number.isProvablyUnregistered
                            ? .notRegistered(number.status ?? "") : .unknown("status is \(number.status ?? "not given")")
                    } catch let trouble as GraphTrouble {
                        last = .unknown("\(trouble)")
                    }
                }
                return last
            }
            switch settled {
            case .registered:
                if let told { try await note("\(step):settled", "the answer was lost (\(told)); Meta says the number is registered") }
                return settled
            case .notRegistered(let status):
                if let told {
                    try await note(
                        "\(step):settled",
                        "the answer was lost (\(told)); Meta says the number is \(status), so register may be called again")
                }
                return settled
            case .unknown(let why):
                if told == nil { return settled }
                let until = try await now("\(step):settle:\(count)").addingTimeInterval(wait)
                if until > deadline {
                    throw Stop.failed(
                        "register_unknown", "whether the number is registered cannot be read (\(why)); look in WhatsApp Manager, then retry"
                    )
                }
                try await pause(
                    "\(step):settle:\(count):wait",
                    NumberChange(state: .cuttingOver, step: "registering", code: "register_unclear", reason: why), until: until)
                wait = min(wait * 2, settings.longestRetryPause)
                count += 1
            }
        }
    }

    private func refused(_ trouble: GraphTrouble) -> Stop {
        if trouble.isCode(133_006) {
            var stop = Stop.failed(
                "verification_expired", "the proof of ownership has run out: retry to read out a new code (\(trouble))", canStillAbort: true
            )
            stop.proofIsGone = true
            return stop
        }
        if trouble.isCode(133_005) {
            return .failed(
                "pin_mismatch", "two-step verification is on with another PIN: the client turns it off in WhatsApp Manager (\(trouble))",
                canStillAbort: true)
        }
        if trouble.isCode(133_016) {
            return .failed("register_locked", "Meta has locked register for this number for 72 hours (\(trouble))", canStillAbort: true)
        }
        return .failed("register_refused", "register was refused: \(trouble)", canStillAbort: true)
    }

    func note(_ step: String, _ text: String) async throws {
        let (brief, run) = (brief, c.runID)
        _ = try await c.step(name(step)) { db -> Bool in
            guard let number = try await NumberRecord.find(brief.rowRef, on: db), number.runID == run else { return false }
            try await NumberBoard.tell(brief.rowRef, plan: brief.planID, state: number.state, step: number.step, text, on: db)
            return true
        }
    }
}
