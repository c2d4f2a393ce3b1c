import Foundation
import Testing

@testable import PhoneNumbers

/// Arbitrary bytes, put together from pieces that numbers are made of, mutated, and read in every way there is.
@Suite struct FuzzTests {
    private static let pieces =
        [
            " ", "-", "/", ".", "(", ")", "(0)", ".00", "/7", " - ", "49", "375", "358", "tel:", "TEL:", ";ext=", ";phone-context=",
            ";isub=", " ext. ", "x", "#", ",", ",,", ";", "+", "\u{FF0B}", "00", "011", "0",
            "1", "55", "44",
        ]
        + [
            "34612345678", "(631) 555-1234", "\u{202A}", "\u{FEFF}", "\u{301}", "٣", "９", "𝟗", "é", "ДОБ", "example.com", ".0", "E+12", "'",
            "=\"", "-", "~",
        ]
        + [
            String(repeating: "9", count: 60), String(repeating: ",", count: 90), String(repeating: " ", count: 120), "\u{0}", "\n", "\r\n",
            "a", "Z",
        ]

    /// One input: some pieces or raw bytes, then bytes changed, doubled or cut out.
    static func input(_ random: inout SplitMix) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes += (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            case 1: bytes += (0..<Int.random(in: 1...20, using: &random)).map { _ in UInt8.random(in: 48...57, using: &random) }
            case 2: bytes += PhoneNumber.samples(1, seed: random.next())[0].e164.utf8
            default: bytes += pieces.randomElement(using: &random).map { Array($0.utf8) } ?? []
            }
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.remove(at: at)
            default: bytes.insert(bytes[at], at: at)
            }
        }
        // Once in a while far more than is ever looked at.
        if Int.random(in: 0..<500, using: &random) == 0 { bytes = Array(repeatElement(bytes, count: 2000).joined().prefix(1 << 20)) }
        return bytes
    }

    /// Reads one input in every way, and says what is wrong with what came out; nil when all is well.
    static func fault(_ bytes: [UInt8], _ text: String, region: String?) -> String? {
        let lenient = bytes.withUnsafeBufferPointer { PhoneNumber.parse($0, region: region) }
        if let lenient, !lenient.e164.utf8.dropFirst().allSatisfy({ $0 &- 48 < 10 }) || !(4...21).contains(lenient.e164.utf8.count) {
            return "parsed as \(lenient.e164)"
        }
        for (region, sender) in [(region, nil), (nil, "BR")] as [(String?, String?)] {
            let reading = PhoneNumberReader.read(text, region: region, senderCountry: sender)
            if (reading.status == .ok) != (reading.e164 != nil) || (reading.status == .ok) != (reading.reason == nil) {
                return "status \(reading.status) and E.164 \(reading.e164 ?? "nil")"
            }
            guard let e164 = reading.e164 else { continue }
            let again = PhoneNumberReader.read(e164)
            if again.e164 != e164 || again.valid != reading.valid { return "read as \(e164), and that as \(again.e164 ?? "nothing")" }
            // What is accepted is what libphonenumber reads too: the rules only ever refuse more. Except for a zero in brackets, and for what is
            // valid as it is written, which libphonenumber may shorten by what looks like a national prefix.
            let written = PhoneNumber(e164: "+" + text.filter(\.isNumber))
            if reading.rule == .international, written?.isValid == true, written?.e164 == e164 { continue }
            if sender == nil, bytes.count < 2000, !text.lowercased().hasPrefix("tel:"), text.unicodeScalars.allSatisfy(\.isASCII),
                lenient?.e164 != e164,
                reading.rule != .onlyReading, !text.contains(/[(\[] ?0 ?[)\]]/)
            {
                return "read as \(e164), parsed as \(lenient?.e164 ?? "nothing")"
            }
        }
        return nil
    }

    private static let regions = [nil, "US", "AR", "IT", "BR", "MX", "JP", "GG", "CI", "ZZ", "", "u\u{301}"] as [String?]

    /// Reads inputs until it is told to stop. Returns how many, and the longest that one took, in seconds.
    static func run(seed: UInt64, while goOn: (Int) -> Bool) -> (inputs: Int, longest: Double, slowest: [UInt8], fault: String?) {
        var random = SplitMix(state: seed)
        var (inputs, longest, slowest) = (0, 0.0, [UInt8]())
        while goOn(inputs) {
            let bytes = input(&random)
            let region = regions.randomElement(using: &random) ?? nil
            // Mending a mebibyte that is no UTF-8 takes a second, and is not the engine's work.
            let text = String(decoding: bytes, as: UTF8.self)
            let start = ContinuousClock.now
            let fault = fault(bytes, text, region: region)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            if seconds > longest { (longest, slowest) = (seconds, bytes) }
            inputs += 1
            if let fault {
                return (
                    inputs, longest, slowest,
                    "\(fault): \(String(decoding: bytes.prefix(300), as: UTF8.self).debugDescription) in \(region ?? "nil")"
                )
            }
        }
        return (inputs, longest, slowest, nil)
    }

    @Test func arbitraryBytesAreAnsweredAndNeverGuessed() {
        // Another seed each time; a failure names it.
        let seed = UInt64.random(in: .min ... .max)
        let found = Self.run(seed: seed) { $0 < 3000 }
        #expect(found.fault == nil, "seed \(seed): \(found.fault ?? "")")
    }

    /// `make test/fuzz`: for as long as RELEVO_FUZZ_SECONDS says, from RELEVO_FUZZ_SEED if there is one.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["RELEVO_FUZZ_SECONDS"] != nil))
    func arbitraryBytesForAsLongAsAsked() throws {
        let environment = ProcessInfo.processInfo.environment
        let seconds = try #require(environment["RELEVO_FUZZ_SECONDS"].flatMap(Double.init))
        let seed = environment["RELEVO_FUZZ_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: .min ... .max)
        // Before the first input: a crash would leave no other trace.
        Self.say("seed \(seed), \(seconds) s")
        let before = Self.residentKiB
        var next = 0.0
        let start = ContinuousClock.now
        let found = Self.run(seed: seed) { inputs in
            let spent = (ContinuousClock.now - start) / .seconds(1)
            if spent >= next {
                Self.say("\(Int(spent)) s: \(inputs) inputs, \(Self.residentKiB - before) KiB more than at the start")
                next += 60
            }
            return spent < seconds
        }
        Self.say(
            "\(found.inputs) inputs, the longest took \(Int(found.longest * 1e6)) µs (\(found.slowest.count) bytes), \(Self.residentKiB - before) KiB more than at the start"
        )
        #expect(found.fault == nil, "seed \(seed): \(found.fault ?? "")")
        // Milliseconds, in a debug build and on a busy machine; a loop without a bound takes for ever.
        #expect(found.longest < 2)
        #expect(Self.residentKiB - before < 64 << 10)
    }

    /// At once: what is printed would wait for more, and be lost in a crash.
    private static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    private static var residentKiB: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024
    }
}
