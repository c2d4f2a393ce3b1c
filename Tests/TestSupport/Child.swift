public import Foundation

/// A process of a program under test. Output goes to files, so that a killed process loses none of it.
public final class Child {
    public let process = Process()
    let output: URL
    let errors: URL

    /// Starts it; `input` is its standard input. `folder` takes its output.
    public init(_ program: URL, _ arguments: [String], environment: [String: String], input: String? = nil, folder: URL) throws {
        let name = UUID().uuidString
        output = folder.appending(path: "\(name).out")
        errors = folder.appending(path: "\(name).err")
        for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path(), contents: nil) }
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        let pipe = Pipe()
        process.standardInput = pipe
        try process.run()
        if let input { try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
        try pipe.fileHandleForWriting.close()
    }

    public var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }
    public var errorText: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }
    public var isRunning: Bool { process.isRunning }

    /// Whether SIGSTOP holds it.
    public var isStopped: Bool {
        guard let line = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8) else { return false }
        // The name stands in parentheses and may hold anything; the state follows it.
        return line.split(separator: ")").last?.split(separator: " ").first == "T"
    }

    public func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for the end, off the cooperative pool; the exit code, or minus the signal.
    @discardableResult
    public func exit() async -> Int32 {
        let process = ProcessBox(process)
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                process.value.waitUntilExit()
                let code = process.value.terminationStatus
                continuation.resume(returning: process.value.terminationReason == .uncaughtSignal ? -code : code)
            }
        }
    }

    /// `@unchecked Sendable`: `waitUntilExit` and the two readings after it are all that crosses.
    private struct ProcessBox: @unchecked Sendable {
        let value: Process
        init(_ value: Process) { self.value = value }
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
