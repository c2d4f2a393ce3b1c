import Foundation
import Synchronization
import Testing

@testable import Webhooks

@Suite struct GatheringTests {
    struct Unbearable: Error {}

    /// What was done together, and a door that keeps the first group until the others have come.
    private final class Log: Sendable {
        let groups = Mutex<[[Int]]>([])
        let (opened, door) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)

        func group(_ items: [Int]) async {
            let isFirst = groups.withLock { groups in
                groups.append(items)
                return groups.count == 1
            }
            guard isFirst else { return }
            begin.finish()
            for await _ in opened {}
        }
    }

    /// Adds 0, and the others in their order while 0 is under way; returns what became of each.
    private func add(_ count: Int, to gathering: Gathering<Int, Int>, _ log: Log) async -> [Result<Int, any Error>] {
        await withTaskGroup(of: (Int, Result<Int, any Error>).self) { tasks in
            tasks.addTask { (0, await gathering.add(0)) }
            for await _ in log.begun {}
            for item in 1..<count { tasks.addTask { (item, await gathering.add(item)) } }
            while await gathering.waitingCount < count - 1 { await Task.yield() }
            log.door.finish()
            return await tasks.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    @Test func whatComesMeanwhileIsDoneTogether() async throws {
        let log = Log()
        let gathering = Gathering<Int, Int>(parallel: 1, largest: 4) { items in
            await log.group(items)
            return items.map { $0 * 10 }
        }
        let results = try await add(10, to: gathering, log).map { try $0.get() }
        #expect(results == (0..<10).map { $0 * 10 })
        #expect(log.groups.withLock { $0.map(\.count) } == [1, 4, 4, 1])
    }

    @Test func whatOneCannotBearDoesNotHoldUpTheOthers() async throws {
        let log = Log()
        let gathering = Gathering<Int, Int>(parallel: 1, largest: 100) { items in
            await log.group(items)
            if items.contains(3) { throw Unbearable() }
            return items
        }
        let results = await add(6, to: gathering, log)
        #expect(results.map { (try? $0.get()) ?? -1 } == [0, 1, 2, -1, 4, 5])
        #expect(throws: Unbearable.self) { try results[3].get() }
        #expect(log.groups.withLock { $0.map(\.count) } == [1, 5, 1, 1, 1, 1, 1])
    }

    @Test func whatDidNotFitComesFirstInTheNext() async throws {
        let log = Log()
        let gathering = Gathering<Int, Int>(parallel: 1, largest: 100) { items in
            await log.group(items)
            return items.enumerated().map { $0.offset < 2 ? $0.element : nil }
        }
        let results = try await add(6, to: gathering, log).map { try $0.get() }
        #expect(results == [0, 1, 2, 3, 4, 5])
        let groups = log.groups.withLock(\.self)
        #expect(groups.map(\.count) == [1, 5, 3, 1])
        #expect(groups[2].first == groups[1][2])
    }

    /// The caller who has begun a group may go away; others wait for it.
    @Test func aCancelledCallerEndsNobodysWork() async throws {
        let log = Log()
        let gathering = Gathering<Int, Bool>(parallel: 1, largest: 100) { items in
            await log.group(items)
            return items.map { _ in Task.isCancelled }
        }
        let caller = Task { await gathering.add(0) }
        for await _ in log.begun {}
        caller.cancel()
        log.door.finish()
        #expect(try await caller.value.get() == false)
    }
}
