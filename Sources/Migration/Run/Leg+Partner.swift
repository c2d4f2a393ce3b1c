import Fleet
import Foundation
import Postgres
import Templates

extension Leg {
    /// The whole way of a number that moves by program.
    func partner() async throws {
        if try await !isRegistered() {
            let start = brief.otpStart ?? brief.cutoverStart
            let verified = verifiedStillGood
            if !verified {
                try await set(
                    "planned",
                    NumberChange(
                        state: .scheduled, step: "scheduled",
                        note: "code at \(start.formatted(.iso8601)), cut-over at \(brief.cutoverStart.formatted(.iso8601))"))
                try await checkAhead(until: start)
                try await templatesBeforeCode(start)
                try await pause("otp", NumberChange(state: .scheduled, step: "waiting for the code's time"), until: start)
                let deadline = try await codeDeadline(start)
                try await checkNow(deadline: deadline)
                let id = try await addNumber(deadline: deadline)
                try await prove(id, deadline: deadline)
            }
            try await pause(
                "cutover", NumberChange(state: .verified, step: "waiting for the cut-over"), until: brief.cutoverStart)
            try await cutOver()
        }
        try await afterRegister()
    }

    /// A proof of ownership of an earlier round that is not older than the plan allows.
    private var verifiedStillGood: Bool {
        guard let at = brief.verifiedAt, brief.phoneNumberID != nil else { return false }
        return brief.cutoverStart.timeIntervalSince(at) <= brief.rules.otpMaxLagHours * 3600
    }

    /// Waits for the verified copy where it should be there before the code is read out: a person's time is not spent on a number that
    /// cannot move.
    private func templatesBeforeCode(_ start: Date) async throws {
        guard brief.source != nil, let copyEnd = brief.copyEnd, copyEnd <= start else { return }
        // A number that was retried is often due at once: the copy that was retried with it gets a little time.
        let latest = max(start, try await now("templates").addingTimeInterval(settings.startTolerance))
        if try await waitForTemplates("templates", until: latest) { return }
        throw Stop.missed(
            "templates_unverified", "the template copy was not verified when the code was due: relevo templates diff shows what is missing")
    }

    /// True when the pair's copy is verified, false at `until`.
    func waitForTemplates(_ step: String, until: Date) async throws -> Bool {
        guard brief.source != nil else { return true }
        var count = 0
        while true {
            if try await lookForTemplates("\(step):\(count)", until: until) { return true }
            if try await now("\(step):\(count)") >= until { return false }
            count += 1
        }
    }

    /// Looks once, and waits until the copy is verified, somebody asks, or the time is over; then whether it is verified.
    private func lookForTemplates(_ step: String, until: Date) async throws -> Bool {
        guard let source = brief.source else { return true }
        let (brief, run, event) = (brief, c.runID, name("\(step):event"))
        let verified = try await c.step(name(step)) { db -> Bool? in
            // The copy's run takes the same row before it tells the waiting numbers, so that none is overlooked.
            let state = try await db.query(
                """
                SELECT state FROM migration.copy
                WHERE plan_id = \(brief.planID) AND source_waba_id = \(source) AND dest_waba_id = \(brief.destination) FOR UPDATE
                """
            ).decodeFirst(String.self)
            let proved = try await TemplateCopies.verified(source: source, destination: brief.destination, on: db)
            if proved && (state == nil || state == "verified") { return true }
            let change = NumberChange(
                state: .waitingTemplates, step: "waiting for templates", code: "templates_unverified",
                reason: "waits for the template copy \(source) > \(brief.destination)", wait: event)
            return try await NumberBoard.apply(change, ref: brief.rowRef, run: run, on: db) ? false : nil
        }
        guard let verified else { throw RunOver() }
        if verified { return true }
        if try await c.event(event, until: until)?.kind == .templates { return true }
        return try await c.step(name("\(step):late")) {
            try await TemplateCopies.verified(source: source, destination: brief.destination, on: $0)
        }
    }

    /// The end of the code hours it is in. Throws `missed` when the planned start is long past and no code hours are left.
    func codeDeadline(_ start: Date) async throws -> Date {
        let now = try await now("otp")
        let planned = max(brief.otpEnd ?? start, start.addingTimeInterval(brief.rules.otpMinutes * 60))
        guard let row = brief.row else {
            throw Stop.failed("row_unreadable", "the stored fleet row cannot be read any more: import the fleet again")
        }
        let hours = RowHours(row: row, freezes: brief.rules.intervals)
        if let window = hours.window(.code, at: now, needed: Int(settings.codeReserve)) {
            return max(Date(timeIntervalSince1970: Double(window.end)), now)
        }
        if now <= start.addingTimeInterval(settings.startTolerance) { return max(planned, now.addingTimeInterval(settings.codeLifetime)) }
        throw Stop.missed(
            "code_time_missed",
            "the code was due at \(start.formatted(.iso8601)) and it is now \(now.formatted(.iso8601)), outside the code hours")
    }

    /// Adds the number to the destination, or finds it there. Repeatable: a number that is there is taken as it is.
    private func addNumber(deadline: Date) async throws -> String {
        let (world, brief) = (world, brief)
        try await set("adding", NumberChange(state: .adding, step: "adding the number"))
        try await subscribe("subscribe-before", state: .adding, deadline: deadline)
        guard let (countryCode, national) = E164Split.split(brief.e164) else {
            throw Stop.failed("bad_number", "\(brief.e164) has no known country code; correct the fleet file")
        }
        let reply = try await ask("add", state: .adding, until: deadline) { () -> String in
            // Looked for first: a call whose answer was lost may have had its effect.
            if let there = try await listed(world.graph, brief) { return there.id }
            do {
                return try await world.graph.addNumber(countryCode: countryCode, national: national, to: brief.destination)
            } catch let trouble as GraphTrouble where trouble.isCode(2_388_012) {
                guard let there = try await listed(world.graph, brief) else { throw trouble }
                return there.id
            }
        }
        switch reply {
        case .trouble(let trouble): throw Stop.failed("add_refused", "the destination did not take the number: \(trouble)")
        case .answer(let id):
            try await set("added", NumberChange(state: .adding, step: "added", note: "added to \(brief.destination) as \(id)")) { db in
                try await db.query("UPDATE migration.number SET phone_number_id = \(id) WHERE row_ref = \(brief.rowRef)")
            }
            return id
        }
    }

    /// Makes sure that our app gets the destination's webhooks: reads, subscribes when needed, reads again.
    func subscribe(_ step: String, state: NumberState, deadline: Date) async throws {
        let (world, brief) = (world, brief)
        let subscribed = try await demand(step, state: state, until: deadline, code: "subscribe_refused") { () -> Bool in
            if try await world.graph.isSubscribed(brief.destination) { return true }
            try await world.graph.subscribe(brief.destination)
            return try await world.graph.isSubscribed(brief.destination)
        }
        if !subscribed {
            throw Stop.failed(
                "not_subscribed",
                "WABA \(brief.destination) accepted the webhook subscription but does not list it; check the app's settings")
        }
    }
}

/// The destination's entry for this number.
func listed(_ graph: any MigrationGraph, _ brief: NumberBrief) async throws -> NumberFacts? {
    let digits = String(brief.e164.dropFirst())
    return try await graph.numbers(of: brief.destination).first { $0.digits == digits }
}
