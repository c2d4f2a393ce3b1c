import Foundation

/// A process of the program under test. Output goes to files, so that a killed process loses none of it.
final class Child {
    let process = Process()
    let output: URL
    let errors: URL

    init(_ program: URL, _ arguments: [String], environment: [String: String], input: String? = nil, folder: URL) throws {
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

    var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }
    var errorText: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }
    var isRunning: Bool { process.isRunning }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for the end, off the cooperative pool; the exit code, or minus the signal.
    func exit() async -> Int32 {
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
