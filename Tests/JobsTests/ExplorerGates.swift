import Foundation
import Postgres

/// Puts gates into functions of a test database, at which a session waits until the explorer lets it through.
///
/// The copies are made from what the database itself says the functions are (`pg_get_functiondef`), at run time: control flow and variables
/// stay as they are, and test and product cannot drift apart. Gates stand
/// - before every statement that reads or writes tables,
/// - inside a locking SELECT, when its snapshot is taken and no row is locked yet: in its LIMIT, which is computed first,
/// - before every INSERT, UPDATE and DELETE, when the snapshot is taken: a statement trigger.
/// The last two open the moment between "seen" and "locked", in which whoever held the lock can commit.
struct ExplorerGates {
    /// Functions with gates; all others run in one go.
    static let functions = [
        "promote", "sweep", "fold_debits", "claim", "intend", "give_back", "refuse", "finish", "rescue", "cancel", "pause_everything",
        "pause_lane", "pause_kind", "take_up", "redrive", "tidy",
    ]
    static let gatedTables = ["ready", "later", "attempt", "pace", "wake", "debit", "outcome", "kind_pause"]

    /// Gates only between statements, or inside them as well.
    var insideStatements: Bool

    func install(on db: some PostgresExecutor) async throws {
        let rows = try await db.query(
            """
            SELECT p.proname::text, pg_get_functiondef(p.oid), p.prosrc, l.lanname = 'plpgsql'
              FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
             WHERE p.pronamespace IN ('jobs'::regnamespace, 'test'::regnamespace) AND p.proname = ANY(\(Self.functions)) ORDER BY 1
            """
        ).decode((String, String, String, Bool).self)
        for (name, definition, source, isProcedural) in rows {
            let gated = gate(source, of: name, isProcedural: isProcedural)
            guard gated != source, let place = definition.range(of: source) else { continue }
            try await db.query(PostgresQuery(unsafeSQL: definition.replacingCharacters(in: place, with: gated)))
        }
        guard insideStatements else { return }
        for table in Self.gatedTables {
            try await db.query(
                PostgresQuery(
                    unsafeSQL: """
                        CREATE TRIGGER gate BEFORE INSERT OR UPDATE OR DELETE ON jobs.\(table)
                        FOR EACH STATEMENT EXECUTE FUNCTION test.gate_trigger()
                        """))
        }
    }

    /// The body of a function with gates in it.
    func gate(_ source: String, of name: String, isProcedural: Bool) -> String {
        var body = Self.withoutComments(source)
        if isProcedural { body = Self.gateStatements(body, of: name) }
        return insideStatements ? Self.gateLocks(body, of: name) : body
    }

    /// A name shown in the schedules of failures.
    private static func label(_ function: String, _ number: Int) -> String { "'\(function):\(number)'" }

    private static func withoutComments(_ source: String) -> String {
        source.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.range(of: "--").map { String(line[..<$0.lowerBound]) } ?? String(line) }.joined(separator: "\n")
    }

    private static func gateLocks(_ body: String, of name: String) -> String {
        var number = 0
        return body.replacing(/(?:LIMIT\s+([\w.+ ]+?)\s+)?(FOR\s+(?:NO\s+KEY\s+)?UPDATE)/) { match in
            number += 1
            return "LIMIT \(match.output.1 ?? "1000000") + test.gate(\(label(name + " locks", number)))::bigint \(match.output.2)"
        }
    }

    private static func gateStatements(_ body: String, of name: String) -> String {
        var result = ""
        var rest = body[...]
        var number = 0
        for start in statementStarts(body) {
            result += rest[..<start]
            rest = body[start...]
            let statement = rest.prefix { $0 != ";" }
            // PERFORM would change what these ask for; and what touches no table needs no gate.
            guard !statement.hasPrefix("GET "), !statement.contains(/\bFOUND\b/),
                statement.contains(/\b(SELECT|INSERT|UPDATE|DELETE|PERFORM|EXECUTE)\b/)
            else { continue }
            number += 1
            // Nothing has happened between the call of a function and its first statement; jobs.turn calls sweep after others.
            guard number > 1 || name == "sweep" else { continue }
            result += "PERFORM test.gate(\(label(name, number))); "
        }
        return result + rest
    }

    /// Where the statements of a PL/pgSQL body begin.
    private static func statementStarts(_ body: String) -> [String.Index] {
        var starts: [String.Index] = []
        var depth = 0
        var cases = 0
        var isBody = false
        var previous = ""
        var isStart = false
        for token in body.matches(of: /'(?:[^']|'')*'|\w+|[();]/) {
            let word = token.output.uppercased()
            if isStart, !["END", "ELSE", "ELSIF", "EXCEPTION", "WHEN", "BEGIN"].contains(word) { starts.append(token.range.lowerBound) }
            isStart = false
            switch word {
            case "(": depth += 1
            case ")": depth -= 1
            case "CASE" where previous != "END": cases += 1
            case "END" where cases > 0: cases -= 1
            case "BEGIN":
                isBody = true
                isStart = true
            case ";": isStart = isBody && depth == 0
            case "THEN", "ELSE", "LOOP": isStart = isBody && depth == 0 && cases == 0 && previous != "END"
            default: break
            }
            previous = word
        }
        return starts
    }
}
