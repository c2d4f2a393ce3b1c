import Foundation

/// A lock on a file that ends with the process, however it ends.
final class FileLock: Sendable {
    enum Mode: Sendable { case shared, exclusive }

    private let descriptor: Int32
    private let path: String

    /// Opens, and makes, the file; nothing is locked yet.
    init(_ path: String) throws {
        self.path = path
        // Not inherited: PostgreSQL's processes outlive ours.
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw PrivatePostgresError(.folder, "\(path) cannot be opened: \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    func tryLock(_ mode: Mode) -> Bool { flock(descriptor, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 }

    /// Polls for the lock, since a blocking call would hold up a thread. Throws `.locked` when `wait` is over.
    func lock(_ mode: Mode, wait: Duration) async throws {
        let deadline = ContinuousClock.now + wait
        while !tryLock(mode) {
            guard ContinuousClock.now < deadline else {
                throw PrivatePostgresError(
                    .locked, "another relevo process has held \(path) for more than \(wait); look for one that hangs")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func unlock() { flock(descriptor, LOCK_UN) }
}
