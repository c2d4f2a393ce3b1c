import Foundation
import Postgres
import Synchronization

/// What a session does: transactions, each a list of statements.
struct ExplorerScript: Sendable {
    var name: String
    var transactions: [[String]]

    /// One transaction.
    init(_ name: String, _ statements: String...) {
        self.name = name
        transactions = [statements]
    }

    /// Several transactions.
    init(_ name: String, transactions: [[String]]) {
        self.name = name
        self.transactions = transactions
    }

    /// The statements as they are sent. BEGIN goes with the first of a transaction: by itself it does nothing.
    var steps: [[String]] {
        transactions.flatMap { statements in
            statements.enumerated().map { $0.offset == 0 ? ["BEGIN", $0.element] : [$0.element] } + [["COMMIT"]]
        }
    }
}

/// A database session that makes one step at a time: to its next gate or to the end of its statement.
final class ExplorerSession: Sendable {
    enum Place: Equatable {
        /// Between statements.
        case idle
        case running
        /// Waits at the gate of this number.
        case gate(Int)
        /// Waits for a lock that another session holds.
        case blocked
        case done
    }

    private struct State {
        var place = Place.idle
        var steps: [[String]] = []
        var error: String?
    }

    let number: Int
    let pid: Int
    private let connection: PostgresConnection
    private let state = Mutex(State())

    init(number: Int, on connection: PostgresConnection) async throws {
        self.number = number
        self.connection = connection
        // A circle of waits is found soon. Not every test server allows it, and then it is found later.
        _ = try? await connection.query("SET deadlock_timeout = '50ms'")
        pid = try await connection.query("SELECT pg_backend_pid()").decodeFirst(Int.self) ?? 0
        try await connection.query("SELECT set_config('test.session', \("\(number)"), false)")
    }

    /// From now on its gates have names.
    func showLabels() async throws { try await connection.query("SELECT set_config('test.labels', 'on', false)") }

    var place: Place {
        get { state.withLock { $0.place } }
        set { state.withLock { if $0.place == .running || $0.place == .blocked { $0.place = newValue } } }
    }

    /// What its statement failed with.
    var error: String? { state.withLock { $0.error } }
    /// The statement that comes next; nil when there is none.
    var next: String? { state.withLock { $0.steps.first?.last } }

    func load(_ script: ExplorerScript) {
        state.withLock { $0 = State(place: script.steps.isEmpty ? .done : .idle, steps: script.steps) }
    }

    /// Begins the next statement.
    func begin() {
        let statements = state.withLock { state in
            state.place = .running
            return state.steps.removeFirst()
        }
        Task.detached { [self] in
            var failure: String?
            do {
                for statement in statements { try await connection.query(PostgresQuery(unsafeSQL: statement)) }
            } catch {
                failure = "\(error)"
                _ = try? await connection.query("ROLLBACK")
            }
            state.withLock { state in
                state.error = failure
                if failure != nil { state.steps = [] }
                state.place = state.steps.isEmpty ? .done : .idle
            }
        }
    }

    /// Its gate is being opened.
    func leaveGate() { state.withLock { $0.place = .running } }
}
