import Foundation
import Postgres

/// Gathers what several tasks of a process want done at the same time, to be done in one transaction.
///
/// What waits is bounded by who waits: connections at the door, and places of the lane at work.
actor Gathering<Item: Sendable, Value: Sendable> {
    /// Does several things in one transaction, the first of them at least; one value each, nil for what was left for the next. What it throws is
    /// taken for something that one of several things cannot bear: each is then tried alone.
    typealias Work = @Sendable ([Item]) async throws -> [Value?]
    private typealias Waiting = (item: Item, continuation: CheckedContinuation<Result<Value, any Error>, Never>)

    private let parallel: Int
    private let largest: Int
    private let work: Work
    private var waiting: [Waiting] = []
    private var running = 0

    /// - Parameters:
    ///   - parallel: transactions under way.
    ///   - largest: things done in one.
    init(parallel: Int, largest: Int, work: @escaping Work) {
        self.parallel = parallel
        self.largest = largest
        self.work = work
    }

    /// Returns when it was done, or has failed.
    func add(_ item: Item) async -> Result<Value, any Error> {
        await withCheckedContinuation { continuation in
            waiting.append((item, continuation))
            guard running < parallel else { return }
            running += 1
            // A task of its own: the caller may be cancelled, and what others wait for goes on.
            Task.detached { await self.run() }
        }
    }

    /// What is to be done and not under way yet.
    var waitingCount: Int { waiting.count }

    private func run() async {
        while !waiting.isEmpty {
            let group = Array(waiting.prefix(largest))
            waiting.removeFirst(group.count)
            do {
                let values = try await work(group.map(\.item))
                var left: [Waiting] = []
                for (one, value) in zip(group, values) {
                    if let value {
                        one.continuation.resume(returning: .success(value))
                    } else {
                        left.append(one)
                    }
                }
                waiting.insert(contentsOf: left, at: 0)
            } catch {
                await settle(group, after: error)
            }
        }
        running -= 1
    }

    private func settle(_ group: [Waiting], after error: any Error) async {
        guard group.count > 1, !Self.isAway(error) else {
            for one in group { one.continuation.resume(returning: .failure(error)) }
            return
        }
        // Once the database is away, the rest is not tried one after another, each as long as a connection may take.
        var away: (any Error)?
        for one in group {
            do {
                if let away { throw away }
                guard let value = try await work([one.item]).first ?? nil else { throw error }
                one.continuation.resume(returning: .success(value))
            } catch {
                if Self.isAway(error) { away = error }
                one.continuation.resume(returning: .failure(error))
            }
        }
    }

    /// Whether what failed would fail alone as well: a database that is away or full. A deadlock, or a lock that was not had in time, is of others
    /// and may be of one thing only.
    private static func isAway(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return error is CancellationError }
        return error.code == .shuttingDown || error.isTransient && !["40001", "40P01", "55P03"].contains(error.sqlState)
    }
}
