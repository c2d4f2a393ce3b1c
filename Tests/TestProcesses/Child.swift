public import Foundation
import Subprocess
import Synchronization
import SystemPackage

/// A process of a program under test. Output goes to files, so that a killed process loses none of it.
///
/// Not through Foundation's `Process`: it learns of an end from a socket that any other child started at the same moment inherits and keeps open,
/// and its `waitUntilExit` does not sleep on a thread that did not start the process. Two such waits on a machine of two cores, each for a process
/// that had long ended, kept a whole test run standing still.
public final class Child: Sendable {
    /// The words after the program's name.
    public let arguments: [String]
    /// The process number.
    public let id: Int32
    private let output: URL
    private let errors: URL
    private let ending: Ending
    private let run: Task<Int32, any Error>

    private final class Ending: Sendable {
        let code = Mutex<Int32?>(nil)
    }

    /// Starts it; `input` is its standard input. `folder` takes its output.
    public init(
        _ program: URL, _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment, input: String? = nil,
        folder: URL
    ) async throws {
        let name = UUID().uuidString
        let (output, errors) = (folder.appending(path: "\(name).out"), folder.appending(path: "\(name).err"))
        (self.arguments, self.output, self.errors) = (arguments, output, errors)
        let ending = Ending()
        self.ending = ending
        // Where the input is too; a pipe's writer would have to outlive a process that does not read.
        let source = folder.appending(path: "\(name).in")
        if let input { try Data(input.utf8).write(to: source) }
        defer { if input != nil { try? FileManager.default.removeItem(at: source) } }
        let files = [
            try FileDescriptor.open(input == nil ? "/dev/null" : FilePath(source.path(percentEncoded: false)), .readOnly),
            try FileDescriptor.open(
                FilePath(output.path(percentEncoded: false)), .writeOnly, options: [.create, .exclusiveCreate],
                permissions: [.ownerReadWrite]),
            try FileDescriptor.open(
                FilePath(errors.path(percentEncoded: false)), .writeOnly, options: [.create, .exclusiveCreate],
                permissions: [.ownerReadWrite]),
        ]
        var running: Task<Int32, any Error>?
        id = try await withCheckedThrowingContinuation { started in
            running = Task.detached {
                let hasStarted = Mutex(false)
                do {
                    let result = try await Subprocess.run(
                        .path(FilePath(program.path(percentEncoded: false))), arguments: Arguments(arguments),
                        environment: .custom(
                            Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })),
                        input: .fileDescriptor(files[0], closeAfterSpawningProcess: true),
                        output: .fileDescriptor(files[1], closeAfterSpawningProcess: true),
                        error: .fileDescriptor(files[2], closeAfterSpawningProcess: true)
                    ) { execution in
                        hasStarted.withLock { $0 = true }
                        started.resume(returning: execution.processIdentifier.value)
                    }
                    let code: Int32 =
                        switch result.terminationStatus {
                        case .exited(let code): code
                        case .signaled(let signal): -signal
                        }
                    ending.code.withLock { $0 = code }
                    return code
                } catch {
                    if !hasStarted.withLock({ $0 }) { started.resume(throwing: error) }
                    throw error
                }
            }
        }
        run = running!
    }

    /// What it has written so far.
    public var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }
    public var errorText: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// The exit code, or minus the signal; nil while it runs.
    public var code: Int32? { ending.code.withLock { $0 } }
    public var isRunning: Bool { code == nil }

    /// Whether SIGSTOP holds it.
    public var isStopped: Bool {
        guard let line = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
        // The name stands in parentheses and may hold anything; the state follows it.
        return line.split(separator: ")").last?.split(separator: " ").first == "T"
    }

    /// Sends a signal, unless it has ended.
    public func signal(_ number: Int32) {
        ending.code.withLock { if $0 == nil { kill(id, number) } }
    }

    /// Waits for the end; the exit code, or minus the signal.
    @discardableResult
    public func exit() async -> Int32 {
        do { return try await run.value } catch { preconditionFailure("process \(id) cannot be watched: \(error)") }
    }

    /// Runs a program to its end, with its output in files of their own that are gone afterwards. Returns the exit code, or minus the signal, and
    /// both streams.
    public static func run(
        _ program: URL, _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment, input: String? = nil
    ) async throws -> (code: Int32, output: String, error: String) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "relevo-child-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let child = try await Child(program, arguments, environment: environment, input: input, folder: folder)
        let code = await child.exit()
        return (code, child.text, child.errorText)
    }
}

/// Programs and files of the package.
public enum Package {
    public static var folder: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    /// A program that the tests' build has made beside the test bundle.
    public static func program(_ name: String) -> URL {
        let beside = Bundle.main.bundleURL.deletingLastPathComponent().appending(path: name)
        return FileManager.default.isExecutableFile(atPath: beside.path()) ? beside : folder.appending(path: ".build/debug/\(name)")
    }
}

/// A port nobody has now.
public func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
        }
    }
    guard bound else { throw POSIXError(.EADDRINUSE) }
    return Int(UInt16(bigEndian: address.sin_port))
}
