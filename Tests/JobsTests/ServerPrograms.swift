import Foundation
import TestProcesses
import TestSupport

/// PostgreSQL's own programs, for tests with servers of their own.
enum ServerPrograms {
    struct Failed: Error, CustomStringConvertible { let description: String }

    /// The folder of the newest; nil when there is none.
    static let folder: String? = {
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []).compactMap { Int($0) }
        return versions.max().map { "/usr/lib/postgresql/\($0)/bin" }
    }()

    /// Runs a server program in a folder, as another user than root. Throws what it said when it failed.
    static func run(_ program: String, _ arguments: [String], in place: URL) async throws {
        var words = ["\(folder ?? "")/\(program)"] + arguments
        if geteuid() == 0 {
            words = ["/usr/bin/setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] + words
        }
        // The server outlives the program that starts it, and would keep open what that one inherited: the end would never be seen.
        let bare = #"cd "$0"; for f in /proc/$$/fd/*; do n=${f##*/}; [ "$n" -le 2 ] || eval "exec $n>&-"; done; exec "$@""#
        try await command("/bin/bash", ["-c", bare, place.path()] + words)
    }

    /// Runs any program.
    static func command(_ program: String, _ arguments: [String]) async throws {
        let child = try await Child(
            URL(filePath: program), arguments, environment: ProcessInfo.processInfo.environment,
            folder: FileManager.default.temporaryDirectory)
        let code = await child.exit()
        guard code == 0 else { throw Failed(description: "\(program) \(arguments.last ?? ""): \(child.errorText) \(child.text)") }
    }
}
