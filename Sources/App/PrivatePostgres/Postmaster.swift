import Foundation

/// A running server as its own `postmaster.pid` tells.
struct Postmaster: Sendable, Equatable {
    var process: pid_t
    var socketFolder: String

    /// Nil when the file is missing, incomplete (the server is just starting) or of a process that is gone.
    static func running(in place: ClusterPlace) -> Postmaster? {
        guard let text = try? String(contentsOfFile: place.data + "/postmaster.pid", encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // Process, data folder, start time, port, socket folder, listen addresses, shared memory, status.
        guard lines.count >= 5, let process = pid_t(lines[0].trimmingCharacters(in: .whitespaces)), !lines[4].isEmpty else { return nil }
        guard isPostmaster(process, of: place) else { return nil }
        return Postmaster(process: process, socketFolder: String(lines[4]))
    }

    /// A process of that number, which is PostgreSQL in that folder: numbers are used again, in containers soon.
    static func isPostmaster(_ process: pid_t, of place: ClusterPlace) -> Bool {
        guard process > 1, kill(process, 0) == 0 || errno == EPERM else { return false }
        guard let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd") else {
            // Not ours to look at, or no /proc: believe the file.
            return FileManager.default.fileExists(atPath: "/proc/\(process)") || !FileManager.default.fileExists(atPath: "/proc/self")
        }
        return folder == place.data
    }

    /// Removes the file a dead server left when another process has its number by now, which would keep PostgreSQL from starting.
    static func clearStale(in place: ClusterPlace) {
        let path = place.data + "/postmaster.pid"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let process = text.split(separator: "\n").first.flatMap({ pid_t($0.trimmingCharacters(in: .whitespaces)) }),
            kill(process, 0) == 0 || errno == EPERM, !isPostmaster(process, of: place)
        else { return }
        unlink(path)
    }
}
