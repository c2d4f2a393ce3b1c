import Foundation
import PhoneNumbers

/// How many numbers a second the engine reads, beside libphonenumber in C++ on the same file.
///
/// Both parse, tell validity, possibility, type and region, and write E.164, one pass after the other in turn.
package struct PhoneBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        /// Numbers made up when no file is given.
        package var numbers: Int
        /// Lines of a region, a tab and a number; the region may be empty.
        package var file: String?
        package var rounds: Int
        package var peer: Bool

        package init(numbers: Int = 200_000, file: String? = nil, rounds: Int = 5, peer: Bool = true) {
            self.numbers = numbers
            self.file = file
            self.rounds = rounds
            self.peer = peer
        }
    }

    package struct Result: Codable, Sendable {
        package var lines: Int
        package var read: Int
        package var valid: Int
        /// On one processor, median of the rounds.
        package var perSecond: Double
        /// With a second thread, and how many times the first alone that is.
        package var perSecondOfTwo: Double
        package var scaling: Double
        /// The same of a loop that does nothing but arithmetic: what a second thread is worth on this machine now.
        package var scalingOfArithmetic: Double
        /// The rules of reading on top, as `relevo phone normalize` and the gateway use them.
        package var readingsPerSecond: Double
        /// libphonenumber on one processor; nil when it was left out.
        package var peerPerSecond: Double?
        /// Of Debian's package; its number plans are those of its time, so it calls fewer numbers valid.
        package var peerVersion: String?
        package var peerRead: Int?
        package var peerValid: Int?
        /// Median of the rounds' ratios.
        package var timesThePeer: Double?
        /// What the process grew by when the engine was used for the first time, in KiB.
        package var engineKib: Int
        package var metadata: String
    }

    package typealias Report = BenchmarkReport<Result, Parameters>

    private let parameters: Parameters

    package init(_ parameters: Parameters) { self.parameters = parameters }

    package func run() async throws -> Report {
        let before = try Self.residentKiB()
        _ = PhoneNumber.parse("+16315551234", region: "US")?.e164
        for number in PhoneNumber.samples(1000, seed: 1) { _ = PhoneNumber.parse(number.e164, region: nil)?.isValid }
        let engineKib = max(0, try Self.residentKiB() - before)

        let folder = FileManager.default.temporaryDirectory.appending(path: "relevo-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try numbers(in: folder)
        let lines = Lines(try Data(contentsOf: file))
        guard lines.count > 0 else { throw BenchmarkError("\(file.path) has no numbers") }
        let peer = parameters.peer ? try PhonePeer(in: folder) : nil
        var (one, two, readings, peers, ratios) = ([Double](), [Double](), [Double](), [Double](), [Double]())
        var arithmetic: [Double] = []
        var (counts, peerCounts) = ((read: 0, valid: 0), (read: 0, valid: 0))
        // A pass for nothing first: nobody's pages are warm in the first.
        _ = lines.parse(0..<lines.count)
        for _ in 0..<parameters.rounds {
            try Task.checkCancellation()
            let (seconds, found) = Self.timed { lines.parse(0..<lines.count) }
            counts = found
            one.append(Double(lines.count) / seconds)
            let half = lines.count / 2
            two.append(
                Double(lines.count)
                    / Self.timed {
                        DispatchQueue.concurrentPerform(iterations: 2) { _ = lines.parse($0 == 0 ? 0..<half : half..<lines.count) }
                    }.seconds)
            let alone = Self.timed { Self.arithmetic() }.seconds
            let both = Self.timed { DispatchQueue.concurrentPerform(iterations: 2) { _ in _ = Self.arithmetic() } }.seconds
            arithmetic.append(2 * alone / both)
            readings.append(Double(lines.count) / Self.timed { lines.readByRules() }.seconds)
            if let peer {
                let pass = try peer.run(file)
                peerCounts = (pass.read, pass.valid)
                peers.append(Double(lines.count) / pass.seconds)
                ratios.append(pass.seconds / seconds)
            }
        }
        let result = Result(
            lines: lines.count, read: counts.read, valid: counts.valid, perSecond: Self.median(one), perSecondOfTwo: Self.median(two),
            scaling: Self.median(zip(one, two).map { $1 / $0 }), scalingOfArithmetic: Self.median(arithmetic),
            readingsPerSecond: Self.median(readings),
            peerPerSecond: peer == nil ? nil : Self.median(peers), peerVersion: peer?.version,
            peerRead: peer == nil ? nil : peerCounts.read,
            peerValid: peer == nil ? nil : peerCounts.valid, timesThePeer: peer == nil ? nil : Self.median(ratios), engineKib: engineKib,
            metadata: PhoneNumber.metadataVersion)
        return Report(
            benchmark: "phone", result: result, environment: MeasuredOn(), parameters: parameters, problems: Self.problems(result))
    }

    private static func problems(_ result: Result) -> [String] {
        var problems: [String] = []
        if let times = result.timesThePeer, times < 10 {
            problems.append(String(format: "%.1f times libphonenumber's numbers per second; at least 10 are promised", times))
        }
        // A quarter for chance: both are measured a few times, and others are at work on the same processors.
        if result.scaling < 0.75 * result.scalingOfArithmetic {
            problems.append(
                String(
                    format: "a second thread makes it %.2f times as fast; arithmetic gains %.2f times", result.scaling,
                    result.scalingOfArithmetic))
        }
        if result.engineKib >= 4096 { problems.append("the engine takes \(result.engineKib) KiB; less than 4,096 are promised") }
        return problems
    }

    /// The given file, or one of made-up valid numbers: a third each in E.164, spaced with a plus, and national.
    private func numbers(in folder: URL) throws -> URL {
        if let file = parameters.file { return URL(filePath: file) }
        let file = folder.appending(path: "numbers.tsv")
        var text = ""
        for (index, number) in PhoneNumber.samples(parameters.numbers, seed: 7).enumerated() {
            let national = number.nationalNumber
            let spaced = "\(national.prefix(2)) \(national.dropFirst(2).prefix(3))-\(national.dropFirst(5))"
            switch index % 3 {
            case 0: text += "\t\(number.e164)\n"
            case 1: text += "\t+\(number.countryCode) \(spaced)\n"
            default: text += "\(number.region ?? "")\t\(number.region == nil ? number.e164 : national)\n"
            }
        }
        try Data(text.utf8).write(to: file)
        return file
    }

    private static func timed<T>(_ body: () -> T) -> (seconds: Double, value: T) {
        let start = MonotonicTime.micros
        let value = body()
        return (Double(max(1, MonotonicTime.micros - start)) / 1e6, value)
    }

    /// Some fifty milliseconds of nothing but arithmetic.
    private static func arithmetic() -> UInt64 {
        var random = SplitMix(state: 1)
        return (0..<20_000_000).reduce(into: 0) { sum, _ in sum ^= random.next() }
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// Throws where it cannot be told: a zero would look like an engine without memory.
    private static func residentKiB() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        guard let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw BenchmarkError("/proc/self/statm does not tell the resident memory")
        }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024
    }
}

/// A file of numbers, taken apart before the clock runs.
private struct Lines: Sendable {
    private let bytes: [UInt8]
    private let texts: [Range<Int>]
    private let regions: [String?]

    var count: Int { texts.count }

    init(_ data: Data) {
        bytes = Array(data)
        var (texts, regions, start) = ([Range<Int>](), [String?](), 0)
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            if let tab = bytes[start..<end].firstIndex(of: UInt8(ascii: "\t")) {
                texts.append(tab + 1..<end)
                regions.append(tab == start ? nil : String(decoding: bytes[start..<tab], as: UTF8.self))
            }
            start = end + 1
        }
        self.texts = texts
        self.regions = regions
    }

    /// What libphonenumber's loop does.
    func parse(_ range: Range<Int>) -> (read: Int, valid: Int) {
        var (read, valid, rest) = (0, 0, 0)
        // Pointers: two threads that count the references of the same lists would measure that.
        bytes.withUnsafeBufferPointer { bytes in
            texts.withUnsafeBufferPointer { texts in
                regions.withUnsafeBufferPointer { regions in
                    for index in range {
                        let text = UnsafeBufferPointer(rebasing: bytes[texts[index]])
                        guard let number = PhoneNumber.parse(text, region: regions[index]) else { continue }
                        read += 1
                        if number.isValid { valid += 1 }
                        if number.isPossible { rest += 1 }
                        if number.type != .unknown { rest += 1 }
                        rest += number.region?.utf8.count ?? 0
                        rest += number.e164.utf8.count
                    }
                }
            }
        }
        // What is not used would not be computed.
        precondition(rest >= 0)
        return (read, valid)
    }

    func readByRules() -> Int {
        var accepted = 0
        for index in texts.indices {
            let text = String(decoding: bytes[texts[index]], as: UTF8.self)
            if PhoneNumberReader.read(text, region: text.hasPrefix("+") ? nil : regions[index]).status == .ok { accepted += 1 }
        }
        return accepted
    }
}
