import Foundation

/// Processes of this very program.
package final class ChildProcess: Sendable {
    package let id: Int32

    /// Starts `relevo` with these words and, on top of ours, this environment. Its output goes to our stderr.
    init(_ arguments: [String], environment: [String: String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, ours in ours }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.standardError
        process.standardError = FileHandle.standardError
        try process.run()
        id = process.processIdentifier
    }

    /// Foundation reaps the process; a zombie counts as ended.
    var isRunning: Bool { ProcessTimes.fields(id)?.first.map { $0 != "Z" } ?? false }

    func signal(_ signal: Int32) { kill(id, signal) }

    /// Waits for its end; a cancelled caller waits too, since a process left behind would go on by itself.
    func ended(within limit: Duration) async -> Bool {
        let end = ContinuousClock.now + limit
        while isRunning {
            if ContinuousClock.now > end { return false }
            await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
        return true
    }

    /// SIGTERM, and SIGKILL when that does not help.
    func stop(within limit: Duration = .seconds(20)) async {
        signal(SIGTERM)
        if await ended(within: limit) { return }
        signal(SIGKILL)
        _ = await ended(within: .seconds(5))
    }
}

/// Processes of Relevo on a scratch database.
enum Workers {
    /// Lends `count` workers; they are stopped afterwards.
    static func with<T: Sendable>(
        _ count: Int, environment: [String: String], _ body: @Sendable (Fleet) async throws -> T
    ) async throws -> T {
        try await with(Array(repeating: "work", count: count), environment: environment, body)
    }

    /// Lends a process for each of the commands.
    static func with<T: Sendable>(
        _ commands: [String], environment: [String: String], _ body: @Sendable (Fleet) async throws -> T
    ) async throws -> T {
        let fleet = Fleet(environment: environment)
        do {
            for command in commands { try await fleet.start(command) }
            let value = try await body(fleet)
            await fleet.stop()
            return value
        } catch {
            await fleet.stop()
            throw error
        }
    }

    actor Fleet {
        private let environment: [String: String]
        private(set) var processes: [ChildProcess] = []

        init(environment: [String: String]) { self.environment = environment }

        func start(_ command: String = "work") throws { processes.append(try ChildProcess([command], environment: environment)) }

        /// Ends the first of them as the kernel would, without a word.
        func killFirst() async {
            guard !processes.isEmpty else { return }
            let process = processes.removeFirst()
            process.signal(SIGKILL)
            _ = await process.ended(within: .seconds(5))
        }

        func stop() async {
            await withTaskGroup(of: Void.self) { group in
                for process in processes { group.addTask { await process.stop() } }
            }
            processes = []
        }
    }
}
