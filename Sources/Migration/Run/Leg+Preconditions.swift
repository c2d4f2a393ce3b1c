import Fleet
import Foundation
import Postgres
import Templates

extension Leg {
    /// Checks from now on, so that a person has time to act; whatever is wrong is looked at again by itself. Returns when nothing is wrong
    /// or the time has come.
    func checkAhead(until start: Date) async throws {
        var count = 0
        while true {
            let findings = try await check("check:\(count)", deadline: start)
            let now = try await now("check:\(count)")
            if findings.isEmpty || now >= start { return }
            let list = findings.map(\.code).joined(separator: ", ")
            try await pause(
                "recheck:\(count)",
                NumberChange(
                    state: .blocked, step: "preconditions", code: findings[0].code,
                    reason: findings.count == 1
                        ? "\(findings[0].message): \(findings[0].remedy)" : "\(findings.count) preconditions do not hold: \(list)",
                    needsPerson: true), until: min(start, now.addingTimeInterval(settings.recheckInterval)))
            count += 1
        }
    }

    /// The last check before the number is touched; what does not hold now stops the round.
    func checkNow(deadline: Date) async throws {
        let findings = try await check("check-last", deadline: deadline)
        guard let first = findings.first else { return }
        throw Stop(
            state: .missed, code: first.code,
            reason: findings.map { "\($0.message): \($0.remedy)" }.joined(separator: "; "), needsPerson: true)
    }

    private func check(_ step: String, deadline: Date) async throws -> [Finding] {
        let (world, brief) = (world, brief)
        let now = try await now("\(step):start")
        let reply = try await ask(step, state: .scheduled, until: max(deadline, now.addingTimeInterval(3600))) {
            try await FactReader(graph: world.graph).facts(brief)
        }
        let findings: [Finding]
        var sourceID: String?
        switch reply {
        case .answer(let facts):
            findings = Preconditions.findings(route: Route(rawValue: brief.route) ?? .partner, facts: facts)
            sourceID = facts.number?.id
        case .trouble(let trouble):
            findings = [
                Finding(code: "graph_unreachable", message: "\(trouble)", remedy: "check the Graph URL and the credentials: relevo doctor")
            ]
        }
        let found = sourceID
        try await set(
            "\(step):done",
            NumberChange(
                state: .scheduled, step: "preconditions",
                note: findings.isEmpty ? "every precondition holds" : "does not hold: " + findings.map(\.code).joined(separator: ", "))
        ) { db in
            try await db.query("DELETE FROM migration.finding WHERE row_ref = \(brief.rowRef)")
            try await db.query(
                """
                INSERT INTO migration.finding (row_ref, code, message, remedy, found_at)
                SELECT \(brief.rowRef), f.code, f.message, f.remedy, jobs.now()
                FROM unnest(\(findings.map(\.code)), \(findings.map(\.message)), \(findings.map(\.remedy))) AS f (code, message, remedy)
                ON CONFLICT DO NOTHING
                """)
            if let found {
                try await db.query("UPDATE migration.number SET source_phone_number_id = \(found) WHERE row_ref = \(brief.rowRef)")
            }
        }
        return findings
    }
}

/// Reads what the preconditions are judged on. A refused read is a fact; trouble that passes is thrown.
struct FactReader: Sendable {
    let graph: any MigrationGraph

    func facts(_ brief: NumberBrief) async throws -> MoveFacts {
        var facts = MoveFacts(number: nil, source: nil, destination: WABAFacts(id: brief.destination))
        if let destination = try await read("destination", into: &facts, { try await graph.waba(brief.destination) }) {
            facts.destination = destination
        }
        guard brief.route == Route.partner.rawValue, let source = brief.source else { return facts }
        facts.source = try await read("source", into: &facts) { try await graph.waba(source) }
        facts.number = try await read("number", into: &facts) { try await number(brief, in: source) } ?? nil
        return facts
    }

    private func read<Value>(_ what: String, into facts: inout MoveFacts, _ body: () async throws -> Value) async throws -> Value? {
        do {
            return try await body()
        } catch let trouble as GraphTrouble where trouble.remedy == .person {
            facts.unreadable[what] = "\(trouble)"
            return nil
        }
    }

    /// The number by the id of the file, which must be this number's; else by its digits in the WABA's list.
    private func number(_ brief: NumberBrief, in waba: String) async throws -> NumberFacts? {
        let digits = String(brief.e164.dropFirst())
        if let id = brief.sourcePhoneNumberID {
            let number = try await graph.number(id, of: waba)
            if number.digits == digits { return number }
        }
        guard let listed = try await graph.numbers(of: waba).first(where: { $0.digits == digits }) else { return nil }
        return try await graph.number(listed.id, of: waba)
    }
}
