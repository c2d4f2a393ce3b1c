/// Which nodes lie on a cycle (Tarjan's strongly connected components, without recursion).
enum DependencyCycles {
    static func find(_ edges: [String: [String]]) -> [String: [String]] {
        var index: [String: Int] = [:]
        var low: [String: Int] = [:]
        var onStack: Set<String> = []
        var stack: [String] = []
        var result: [String: [String]] = [:]
        for root in edges.keys.sorted() where index[root] == nil {
            var work: [(node: String, next: Int)] = [(root, 0)]
            while let (node, next) = work.last {
                if next == 0 && index[node] == nil {
                    index[node] = index.count
                    low[node] = index[node]
                    stack.append(node)
                    onStack.insert(node)
                }
                let targets = edges[node] ?? []
                if next < targets.count {
                    work[work.count - 1].next += 1
                    let target = targets[next]
                    guard edges[target] != nil else { continue }
                    if index[target] == nil {
                        work.append((target, 0))
                    } else if onStack.contains(target) {
                        low[node] = min(low[node] ?? 0, index[target] ?? 0)
                    }
                    continue
                }
                work.removeLast()
                if let parent = work.last?.node { low[parent] = min(low[parent] ?? 0, low[node] ?? 0) }
                guard low[node] == index[node] else { continue }
                var component: [String] = []
                while let top = stack.popLast() {
                    onStack.remove(top)
                    component.append(top)
                    if top == node { break }
                }
                if component.count > 1 || targets.contains(node) {
                    let cycle = component.reversed() + [node]
                    for member in component { result[member] = Array(cycle) }
                }
            }
        }
        return result
    }
}
