import Foundation

/// Runs other programs.
///
/// Not through Foundation's `Process`: that learns of a program's end from a socket, which a daemon the program leaves behind (`pg_ctl start`)
/// keeps open for as long as it lives.
enum Program {
    struct Result: Sendable {
        var status: Int32
        /// Both streams, at most the last 8 KiB.
        var output: String
    }

    /// Runs a program to its end, in a process group of its own: Ctrl-C on our terminal does not reach it. It gets none of our descriptors, and the
    /// root folder to be in, since the working folder may be closed to the user it runs as.
    ///
    /// Throws `PrivatePostgresError` when it cannot be run or takes longer than `limit`.
    static func run(_ path: String, _ arguments: [String], limit: Duration = .seconds(180)) async throws -> Result {
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("relevo-\(UUID().uuidString).out").path
        defer { unlink(log) }
        let process = try spawn(path, arguments, output: log)
        let deadline = ContinuousClock.now + limit
        var pause = 5
        while true {
            var status: Int32 = 0
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process {
                let text = String(decoding: ((try? Data(contentsOf: URL(fileURLWithPath: log))) ?? Data()).suffix(8192), as: UTF8.self)
                // Exit status, or 128 and the signal, as a shell counts.
                let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
                return Result(status: code, output: text.trimmingCharacters(in: .whitespacesAndNewlines))
            }
            guard ended == 0 || errno == EINTR else {
                throw PrivatePostgresError(.failed, "\(path) cannot be waited for: \(String(cString: strerror(errno)))")
            }
            guard ContinuousClock.now < deadline else {
                kill(process, SIGKILL)
                waitpid(process, &status, 0)
                throw PrivatePostgresError(.failed, "\(path) did not end within \(limit)")
            }
            // A cancelled caller still waits: a program left behind would go on by itself.
            await Task.detached { [pause] in try? await Task.sleep(for: .milliseconds(pause)) }.value
            pause = min(pause * 2, 50)
        }
    }

    private static func spawn(_ path: String, _ arguments: [String], output: String) throws -> pid_t {
        keepDescriptors()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        // Signals we ignore or block must be as usual in the server.
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        // The shell changes the folder and gives way to the program.
        var words = (["/bin/sh", "-c", "cd / && exec \"$@\"", "sh", path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, "/bin/sh", &actions, &attributes, &words, environ)
        guard code == 0 else { throw PrivatePostgresError(.failed, "cannot run \(path): \(String(cString: strerror(code)))") }
        return process
    }

    /// Marks every descriptor of ours as not to be inherited.
    private static func keepDescriptors() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    /// What a short program prints; for use at start only, since it waits.
    static func output(_ path: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
