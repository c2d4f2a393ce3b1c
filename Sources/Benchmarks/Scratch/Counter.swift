import Synchronization

/// Deals out numbers to several tasks.
final class Counter: Sendable {
    private let value: Atomic<Int>

    init(_ start: Int = 0) { value = Atomic(start) }

    /// The first of `count` numbers that nobody else gets.
    func take(_ count: Int = 1) -> Int { value.add(count, ordering: .relaxed).oldValue }

    var current: Int { value.load(ordering: .relaxed) }
}
