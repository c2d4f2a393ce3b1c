/// Lets so many through at once; the others wait in order.
actor Gate {
    private let limit: Int
    private var taken = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var emptied: [CheckedContinuation<Void, Never>] = []

    init(_ limit: Int) { self.limit = limit }

    func enter() async {
        if taken < limit {
            taken += 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if !waiting.isEmpty {
            waiting.removeFirst().resume()
            return
        }
        taken -= 1
        guard taken == 0 else { return }
        emptied.forEach { $0.resume() }
        emptied = []
    }

    /// Waits until nobody is inside.
    func empty() async {
        if taken == 0 { return }
        await withCheckedContinuation { emptied.append($0) }
    }
}
