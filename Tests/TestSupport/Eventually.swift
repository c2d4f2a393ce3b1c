/// Waits until `condition` holds, looking every 25 ms; minutes, because hundreds of tests share two cores. Throws `NeverHappened` after `tries` looks.
public func eventually(_ what: String, tries: Int = 12_000, _ condition: () async throws -> Bool) async throws {
    for _ in 0..<tries {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(25))
    }
    throw NeverHappened(what: what)
}

/// What a test waited for in vain.
public struct NeverHappened: Error, CustomStringConvertible {
    public let what: String
    public var description: String { "never happened: \(what)" }
}
