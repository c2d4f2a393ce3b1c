import Fleet

/// What a step of the search takes out.
extension Improvement {
    /// A row with everything placed that depends on it; empty when one of those cannot be moved.
    mutating func withDependents(_ row: Int) -> [Int] {
        var found: [Int] = []
        var stack = [row]
        while let row = stack.popLast() {
            guard table.place[row] != nil, !found.contains(row) else { continue }
            guard isMovable[row], found.count < 50 else { return [] }
            found.append(row)
            stack += problem.dependents[row]
        }
        return found
    }

    /// Rows to take out; of those without a place, which to put in first; a wave to keep away from; whether waves may not get longer.
    mutating func neighbourhood(_ kind: Int) -> (rows: [Int], first: [Int], avoid: Int?, tight: Bool) {
        let numbers = table.waves.keys.sorted()
        guard !movable.isEmpty || !waiting.isEmpty else { return ([], [], nil, false) }
        func pick(_ list: [Int], _ count: Int) -> [Int] {
            guard !list.isEmpty else { return [] }
            return (0..<count).map { _ in list[generator.next(list.count)] }
        }
        let some = 1 + generator.next(problem.rows.count < 12 ? 4 : 8)
        switch kind {
        case 0:
            // The end of a wave: what keeps the next one waiting.
            guard numbers.count > 1 else { fallthrough }
            let wave = numbers[generator.next(numbers.count - 1)]
            let rows = (table.waves[wave]?.rows ?? []).sorted { (table.place[$0]?.mainEnd ?? 0, $0) > (table.place[$1]?.mainEnd ?? 0, $1) }
            return (Array(rows.prefix(1 + generator.next(4))), [], generator.next(2) == 0 ? wave : nil, true)
        case 1:
            return (pick(movable, some), [], nil, generator.next(2) == 0)
        case 2:
            guard let row = pick(movable, 1).first else { fallthrough }
            return (problem.clientRows[problem.client[row]].shuffled(&generator, most: 12), [], nil, generator.next(2) == 0)
        case 3:
            // Two waves next to each other change places.
            guard !numbers.isEmpty else { fallthrough }
            let at = generator.next(numbers.count)
            let here = table.waves[numbers[at]]?.rows ?? []
            let next = at + 1 < numbers.count ? table.waves[numbers[at + 1]]?.rows ?? [] : []
            return (
                here.shuffled(&generator, most: 2 + generator.next(8)) + next.shuffled(&generator, most: 2 + generator.next(8)), [], nil,
                false
            )
        case 4:
            // Who is near in time, where resources are shared.
            guard let row = pick(movable, 1).first, let place = table.place[row] else { fallthrough }
            let near = (table.waves[place.wave]?.rows ?? []).sorted {
                (abs((table.place[$0]?.mainStart ?? 0) - place.mainStart), $0) < (
                    abs((table.place[$1]?.mainStart ?? 0) - place.mainStart), $1
                )
            }
            return (Array(near.prefix(some + 1)), [], nil, generator.next(2) == 0)
        default:
            // Room for one that has none, or comes too late.
            guard let row = pick(late.isEmpty || generator.next(2) == 0 && !waiting.isEmpty ? waiting.sorted() : late, 1).first else {
                return (pick(movable, some), [], nil, false)
            }
            let client = problem.clientRows[problem.client[row]]
            var first = [row]
            if waiting.isEmpty, generator.next(2) == 0, let (wave, patient) = room(for: row) {
                return ([row] + patient, first, wave, false)
            }
            switch generator.next(3) {
            case 0: return ([row] + client.shuffled(&generator, most: 6), first, nil, false)
            case 1: return ([row] + pick(movable, some + 4), first, nil, false)
            default:
                // Its client instead of another one, most often one with little placed: new clients are few each week.
                let others = pick(movable, 1 + generator.next(12))
                guard let other = others.min(by: { placedWeight($0) < placedWeight($1) }) else { return ([row], first, nil, false) }
                first += client.filter { waiting.contains($0) && $0 != row }.shuffled(&generator, most: 10)
                return (
                    [row] + client.shuffled(&generator, most: 40)
                        + problem.clientRows[problem.client[other]].shuffled(&generator, most: 40), first, nil, false
                )
            }
        }
    }

    /// What a row's client has placed.
    private func placedWeight(_ row: Int) -> Int {
        problem.clientRows[problem.client[row]].reduce(0) { $0 + (table.place[$1] == nil ? 0 : problem.rows[$1].weight) }
    }

    /// One of the last waves in which a row would be in time, and rows of it that can wait for a later one.
    ///
    /// Of `fleet-300.csv` planned four months ahead this left a lateness of 9 instead of 30, as much as seven times the effort did without it. While
    /// rows are left out it was no help: what they lack is seldom a wave.
    private mutating func room(for row: Int) -> (wave: Int, rows: [Int])? {
        let due = problem.due[row] ?? .max
        let here = table.place[row]?.wave ?? .max
        let waves = table.waves.filter { $0.key < here && $0.value.first < due && problem.mayJoin(row, $0.key) }.keys.sorted()
        guard !waves.isEmpty else { return nil }
        let wave = waves[max(0, waves.count - 1 - generator.next(3))]
        let last = table.waves.values.map(\.last).max() ?? 0
        // Those with time until the end of all, and some with less.
        let patient = (table.waves[wave]?.rows ?? []).filter { other in
            isMovable[other] && (generator.next(4) == 0 || (problem.due[other] ?? .max) >= last)
        }
        return (wave, patient.shuffled(&generator, most: 1 + generator.next(4)))
    }
}

extension Array {
    /// At most `most` elements in a random order.
    func shuffled(_ generator: inout SplitMix, most: Int) -> [Element] {
        var list = self
        let count = Swift.min(most, list.count)
        for index in 0..<count { list.swapAt(index, index + generator.next(list.count - index)) }
        return Array(list.prefix(count))
    }
}
