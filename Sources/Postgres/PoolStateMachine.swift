import DequeModule

/// What the pool knows; every input returns what to do. Pure: no clock, no connection, no lock.
struct PoolStateMachine<ConnectionID: Hashable, WaiterID: Hashable> {
    enum Action: Equatable {
        /// Open one more connection.
        case connect
        /// Hand the connection to the caller.
        case lease(ConnectionID, to: WaiterID)
        case close(ConnectionID)
        case fail(WaiterID, Reason)
    }
    enum Reason: Equatable { case connectFailed, timedOut, shutDown }

    private struct Idle {
        var id: ConnectionID
        var since: Double
    }
    private struct Waiter {
        var id: WaiterID
        var deadline: Double
    }

    private let maximum: Int
    private var idle: Deque<Idle> = []
    private var leased: Set<ConnectionID> = []
    /// Lent ones that are not lent again.
    private var distrusted: Set<ConnectionID> = []
    private var waiters: Deque<Waiter> = []
    private var connecting = 0
    private var shutDown = false

    init(maximum: Int) { self.maximum = max(1, maximum) }

    var isEmpty: Bool { idle.isEmpty && leased.isEmpty && connecting == 0 }
    var waiting: Int { waiters.count }
    var leasedCount: Int { leased.count }
    var idleCount: Int { idle.count }

    /// A caller wants a connection until `deadline` (seconds of any steady clock).
    mutating func lease(_ waiter: WaiterID, deadline: Double) -> [Action] {
        if shutDown { return [.fail(waiter, .shutDown)] }
        // The connection used last is the likeliest to be alive, and lets the others grow idle and close.
        if let connection = idle.popLast() {
            leased.insert(connection.id)
            return [.lease(connection.id, to: waiter)]
        }
        waiters.append(Waiter(id: waiter, deadline: deadline))
        if idle.count + leased.count + connecting < maximum, connecting < waiters.count {
            connecting += 1
            return [.connect]
        }
        return []
    }

    mutating func connected(_ connection: ConnectionID, now: Double) -> [Action] {
        connecting -= 1
        if shutDown { return [.close(connection)] }
        return give(connection, now: now)
    }

    /// The server could not be reached: everyone waiting is told at once, instead of each waiting for an attempt of its own.
    ///
    /// While a connection is lent the server may only be full (SQLSTATE 53300); then they wait for that one, within their deadlines.
    mutating func connectFailed() -> [Action] {
        connecting -= 1
        guard leased.isEmpty else { return [] }
        let failed = waiters.map { Action.fail($0.id, .connectFailed) }
        waiters.removeAll()
        return failed
    }

    mutating func release(_ connection: ConnectionID, healthy: Bool, now: Double) -> [Action] {
        guard leased.remove(connection) != nil else { return [] }
        let trusted = distrusted.remove(connection) == nil
        if healthy && trusted && !shutDown { return give(connection, now: now) }
        var actions: [Action] = [.close(connection)]
        if !healthy {
            // What broke one connection has broken the idle ones: they are from before the restart.
            actions += idle.map { .close($0.id) }
            idle.removeAll()
        }
        if !shutDown, connecting < waiters.count {
            connecting += 1
            actions.append(.connect)
        }
        return actions
    }

    /// The server turned out to be the wrong one: none of the connections of now is lent again.
    mutating func distrust() -> [Action] {
        distrusted.formUnion(leased)
        defer { idle.removeAll() }
        return idle.map { .close($0.id) }
    }

    /// The caller was cancelled. False when it had been served already.
    mutating func cancel(_ waiter: WaiterID) -> Bool {
        guard let index = waiters.firstIndex(where: { $0.id == waiter }) else { return false }
        waiters.remove(at: index)
        return true
    }

    /// Fails callers past their deadline, closes connections idle for `idleTimeout` seconds, and tries again after a failed connect.
    mutating func tick(now: Double, idleTimeout: Double) -> [Action] {
        var actions = waiters.filter { $0.deadline <= now }.map { Action.fail($0.id, .timedOut) }
        waiters.removeAll { $0.deadline <= now }
        actions += idle.filter { now - $0.since >= idleTimeout }.map { .close($0.id) }
        idle.removeAll { now - $0.since >= idleTimeout }
        if !shutDown, !waiters.isEmpty, connecting == 0, leased.count < maximum {
            connecting += 1
            actions.append(.connect)
        }
        return actions
    }

    mutating func shutdown() -> [Action] {
        shutDown = true
        let actions = waiters.map { Action.fail($0.id, .shutDown) } + idle.map { .close($0.id) }
        waiters.removeAll()
        idle.removeAll()
        return actions
    }

    private mutating func give(_ connection: ConnectionID, now: Double) -> [Action] {
        if let waiter = waiters.popFirst() {
            leased.insert(connection)
            return [.lease(connection, to: waiter.id)]
        }
        idle.append(Idle(id: connection, since: now))
        return []
    }
}
