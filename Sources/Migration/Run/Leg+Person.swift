import Fleet
import Foundation
import Postgres
import Templates

extension Leg {
    /// The way of a number that a person moves: Embedded Signup, coexistence, On-Premises. Relevo keeps the time and the gates, says what is to
    /// be done, sees the number arrive, and goes on from there.
    func byPerson() async throws {
        // A person may have connected it after its window: on a retry that is seen before anything is waited for.
        let isHere = brief.registeredAt != nil ? true : round > 0 ? try await look("late") : false
        if !isHere {
            let start = brief.route == Route.coexistence.rawValue ? brief.otpStart ?? brief.cutoverStart : brief.cutoverStart
            try await set(
                "planned", NumberChange(state: .scheduled, step: "scheduled", note: "due at \(start.formatted(.iso8601))"))
            try await checkAhead(until: start)
            try await pause("due", NumberChange(state: .scheduled, step: "waiting for its time"), until: start)
            try await checkNow(deadline: start.addingTimeInterval(3600))
            try await passGates(
                NumberChange(
                    state: .awaitingPerson, step: "a person connects the number", code: "person_connects", reason: instruction,
                    needsPerson: true)
            ) { _ in }
            try await waitForNumber()
        }
        try await afterRegister()
    }

    private var instruction: String {
        switch Route(rawValue: brief.route) {
        case .coexistence:
            "the client opens the Embedded Signup link, chooses to connect the WhatsApp Business app, and scans or pastes the code in the app; "
                + "destination WABA \(brief.destination)"
        case .onPrem:
            "take a backup on the On-Premises client (POST /v1/settings/backup), stop it, and register the number on Cloud API with that backup; "
                + "destination WABA \(brief.destination)"
        default:
            "the client opens the Embedded Signup link, chooses destination WABA \(brief.destination) and this number, and confirms the code; "
                + "the link is on the number's page"
        }
    }

    /// Looks for the number in the destination until it is connected or the window closes.
    private func waitForNumber() async throws {
        let now = try await now("connect")
        let kind: RowHours.Kind = brief.route == Route.coexistence.rawValue ? .code : .cutover
        let window = brief.row.flatMap { RowHours(row: $0, freezes: brief.rules.intervals).window(kind, at: now, needed: 1) }
        let deadline = max(
            window.map { Date(timeIntervalSince1970: Double($0.end)) } ?? now, now.addingTimeInterval(brief.rules.cutoverMinutes * 60))
        var wait = settings.connectPoll
        var count = 0
        while true {
            if try await look("connect:\(count)") { return }
            let at = try await self.now("connect:\(count)")
            if at >= deadline {
                throw Stop.missed("not_connected_by_person", "nobody has connected the number in its window; agree on a time, then retry")
            }
            try await pause(
                "connect:\(count):wait",
                NumberChange(
                    state: .awaitingPerson, step: "a person connects the number", code: "person_connects", reason: instruction,
                    needsPerson: true),
                until: min(deadline, at.addingTimeInterval(wait)))
            wait = min(wait * 2, settings.longestConnectPoll)
            count += 1
        }
    }

    /// Whether the number is connected in the destination; from then on it has moved.
    private func look(_ step: String) async throws -> Bool {
        let (world, brief) = (world, brief)
        let reply = try await c.call(name(step)) {
            try await Reply.of { () -> NumberFacts? in
                guard let entry = try await listed(world.graph, brief) else { return nil }
                return try await world.graph.number(entry.id, of: brief.destination)
            }
        }
        guard case .answer(let number?) = reply, brief.route == Route.coexistence.rawValue ? number.isCoexisting : number.isConnected else {
            return false
        }
        let ref = brief.rowRef
        try await set(
            "arrived",
            NumberChange(state: .cuttingOver, step: "registered", note: "the number is connected in the destination as \(number.id)")
        ) { db in
            try await db.query(
                """
                UPDATE migration.number SET phone_number_id = \(number.id), registered_at = coalesce(registered_at, jobs.now()),
                    register_intent_at = coalesce(register_intent_at, jobs.now()) WHERE row_ref = \(ref)
                """)
        }
        return true
    }
}
