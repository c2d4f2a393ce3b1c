import Testing

@testable import Postgres

/// The pool without clock, sockets or tasks.
@Suite struct PoolStateMachineTests {
    typealias Pool = PoolStateMachine<Int, String>

    @Test func connectionsAreOpenedUpToTheMaximumAndWaitersServedInOrder() {
        var pool = Pool(maximum: 2)
        #expect(pool.lease("a", deadline: 9) == [.connect])
        #expect(pool.lease("b", deadline: 9) == [.connect])
        #expect(pool.lease("c", deadline: 9) == [])
        #expect(pool.connected(1, now: 0) == [.lease(1, to: "a")])
        #expect(pool.release(1, healthy: true, now: 1) == [.lease(1, to: "b")])
        #expect(pool.connected(2, now: 1) == [.lease(2, to: "c")])
        #expect(pool.leasedCount == 2 && pool.waiting == 0)
    }

    @Test func theConnectionUsedLastIsLentFirst() {
        var pool = Pool(maximum: 2)
        for (id, waiter) in [(1, "a"), (2, "b")] {
            _ = pool.lease(waiter, deadline: 9)
            _ = pool.connected(id, now: 0)
        }
        _ = pool.release(1, healthy: true, now: 1)
        _ = pool.release(2, healthy: true, now: 2)
        #expect(pool.lease("c", deadline: 9) == [.lease(2, to: "c")])
        #expect(pool.tick(now: 10, idleTimeout: 5) == [.close(1)])
    }

    @Test func aFailedConnectFailsEveryoneAtOnce() {
        var pool = Pool(maximum: 1)
        _ = pool.lease("a", deadline: 9)
        _ = pool.lease("b", deadline: 9)
        #expect(pool.connectFailed() == [.fail("a", .connectFailed), .fail("b", .connectFailed)])
        #expect(pool.isEmpty && pool.lease("c", deadline: 9) == [.connect])
    }

    @Test func aFailedConnectIsRepeatedByTheClockWhileOthersHoldConnections() {
        var pool = Pool(maximum: 3)
        _ = pool.lease("a", deadline: 99)
        _ = pool.connected(1, now: 0)
        #expect(pool.lease("b", deadline: 99) == [.connect])
        #expect(pool.connectFailed() == [])
        #expect(pool.waiting == 1 && pool.tick(now: 1, idleTimeout: 60) == [.connect])
        #expect(pool.tick(now: 2, idleTimeout: 60) == [], "one attempt at a time")
        #expect(pool.release(1, healthy: true, now: 3) == [.lease(1, to: "b")])
    }

    @Test func callersPastTheirDeadlineAreTold() {
        var pool = Pool(maximum: 1)
        _ = pool.lease("a", deadline: 5)
        _ = pool.connected(1, now: 0)
        _ = pool.lease("b", deadline: 5)
        _ = pool.lease("c", deadline: 7)
        #expect(pool.tick(now: 5, idleTimeout: 60) == [.fail("b", .timedOut)])
        #expect(pool.release(1, healthy: true, now: 6) == [.lease(1, to: "c")])
    }

    @Test func aBrokenConnectionTakesTheIdleOnesWithItAndIsReplaced() {
        var pool = Pool(maximum: 2)
        for (id, waiter) in [(1, "a"), (2, "b")] {
            _ = pool.lease(waiter, deadline: 9)
            _ = pool.connected(id, now: 0)
        }
        _ = pool.lease("c", deadline: 9)
        #expect(pool.release(1, healthy: false, now: 1) == [.close(1), .connect])
        _ = pool.connected(3, now: 1)
        _ = pool.release(3, healthy: true, now: 1)
        #expect(pool.release(2, healthy: false, now: 2) == [.close(2), .close(3)])
        #expect(pool.isEmpty)
    }

    /// After a failover the connections of before, lent ones too, lead to a standby.
    @Test func aServerThatBecameAStandbyCostsTheWholePool() {
        var pool = Pool(maximum: 3)
        for (id, waiter) in [(1, "a"), (2, "b"), (3, "c")] {
            _ = pool.lease(waiter, deadline: 9)
            _ = pool.connected(id, now: 0)
        }
        _ = pool.release(3, healthy: true, now: 1)
        #expect(pool.distrust() == [.close(3)])
        #expect(pool.release(1, healthy: false, now: 1) == [.close(1)])
        #expect(pool.release(2, healthy: true, now: 2) == [.close(2)], "healthy, and with the wrong server")
        #expect(pool.isEmpty && pool.lease("d", deadline: 9) == [.connect])
        _ = pool.connected(4, now: 3)
        #expect(pool.release(4, healthy: true, now: 4) == [] && !pool.isEmpty, "those from after it are kept")
    }

    @Test func aCancelledWaiterIsForgottenAndAServedOneIsNot() {
        var pool = Pool(maximum: 1)
        _ = pool.lease("a", deadline: 9)
        #expect(pool.cancel("a") == true)
        #expect(pool.connected(1, now: 0) == [])
        #expect(pool.lease("b", deadline: 9) == [.lease(1, to: "b")])
        #expect(pool.cancel("b") == false)
    }

    @Test func shutdownFailsWaitersAndClosesConnectionsAsTheyComeBack() {
        var pool = Pool(maximum: 2)
        _ = pool.lease("a", deadline: 9)
        _ = pool.connected(1, now: 0)
        _ = pool.lease("b", deadline: 9)
        #expect(pool.shutdown() == [.fail("b", .shutDown)])
        #expect(pool.lease("c", deadline: 9) == [.fail("c", .shutDown)])
        #expect(pool.connected(2, now: 1) == [.close(2)])
        #expect(pool.release(1, healthy: true, now: 1) == [.close(1)])
        #expect(pool.release(1, healthy: true, now: 1) == [], "twice is once")
        #expect(pool.isEmpty)
    }

    /// Whatever happens, no connection is lent twice, none beyond the maximum exists, and nobody is forgotten.
    @Test func anyOrderOfEventsKeepsTheBooks() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var pool = Pool(maximum: 3)
            var (connecting, next, time) = (0, 0, 0.0)
            var open: Set<Int> = []
            var lent: Set<Int> = []
            var waiting: Set<String> = []
            func settle(_ actions: [Pool.Action]) {
                for action in actions {
                    switch action {
                    case .connect: connecting += 1
                    case .lease(let id, let waiter):
                        #expect(lent.insert(id).inserted && open.contains(id) && waiting.remove(waiter) != nil)
                    case .close(let id): #expect(open.remove(id) != nil && !lent.contains(id))
                    case .fail(let waiter, _): #expect(waiting.remove(waiter) != nil)
                    }
                }
                #expect(open.count + connecting <= 3 && pool.leasedCount == lent.count && pool.waiting == waiting.count)
            }
            for _ in 0..<100 {
                time += 1
                next += 1
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1:
                    waiting.insert("\(next)")
                    settle(pool.lease("\(next)", deadline: time + 5))
                case 2 where connecting > 0:
                    connecting -= 1
                    open.insert(next)
                    settle(pool.connected(next, now: time))
                case 3 where connecting > 0:
                    connecting -= 1
                    settle(pool.connectFailed())
                case 4:
                    guard let id = lent.randomElement(using: &random) else { continue }
                    lent.remove(id)
                    settle(pool.release(id, healthy: Bool.random(using: &random), now: time))
                default: settle(pool.tick(now: time, idleTimeout: 10))
                }
            }
        }
    }
}
