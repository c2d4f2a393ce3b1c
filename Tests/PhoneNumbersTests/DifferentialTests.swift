import Foundation
import Testing

@testable import PhoneNumbers

/// What the engine reads against what libphonenumber reads, on cases that `differential.py` has written.
@Suite struct DifferentialTests {
    /// One input and what libphonenumber makes of it.
    struct Case {
        var family, region, input: Substring
        /// Nil where libphonenumber finds no number.
        var e164: Substring?
        var valid, possible: Bool
        var type, numberRegion: Substring

        init?(_ line: Substring.UTF8View) {
            // By bytes: a field may begin with a mark that joins the tab before it into one character.
            let f = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map(Substring.init)
            guard f.count == 8 else { return nil }
            (family, region, input) = (f[0], f[1], f[2])
            e164 = f[3] == "-" ? nil : f[3]
            (valid, possible, type, numberRegion) = (f[4] == "1", f[5] == "1", f[6], f[7])
        }

        /// The input without escapes.
        var text: String {
            guard input.utf8.contains(UInt8(ascii: "\\")) else { return String(input) }
            var (out, escaped) = (String.UnicodeScalarView(), false)
            for scalar in input.unicodeScalars {
                if escaped {
                    out.append(scalar == "t" ? "\t" : scalar == "n" ? "\n" : scalar == "r" ? "\r" : scalar)
                    escaped = false
                } else if scalar == "\\" {
                    escaped = true
                } else {
                    out.append(scalar)
                }
            }
            return String(out)
        }

        /// What the engine reads otherwise; nil where nothing is.
        var difference: String? {
            let number = PhoneNumber.parse(text, region: region.isEmpty ? nil : String(region))
            let read = number.map { "\($0.e164) \($0.isValid) \($0.isPossible) \($0.type.rawValue) \($0.region ?? "-")" } ?? "no number"
            let expected = e164.map { "\($0) \(valid) \(possible) \(type) \(numberRegion.isEmpty ? "-" : numberRegion)" } ?? "no number"
            return read == expected ? nil : "\(family): \(input.debugDescription) in \(region): read \(read), expected \(expected)"
        }
    }

    /// How many cases a file has, and those read otherwise, the first hundred of them in words. Throws when it is of another metadata version.
    static func compare(_ file: URL) throws -> (cases: Int, differences: Int, examples: [String]) {
        let text = try String(contentsOf: file, encoding: .utf8)
        // A line may end in a scalar that would join its line feed into one character.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
        let header = lines.first.map { Substring($0).split(separator: "\t") } ?? []
        try #require(
            header.count == 3 && header[1] == PhoneNumber.metadataVersion, "\(file.lastPathComponent) is of another version: \(header)")
        var (cases, differences, examples) = (0, 0, [String]())
        for line in lines.dropFirst() {
            let one = try #require(Case(line), "not a case: \(Substring(line))")
            cases += 1
            guard let difference = one.difference else { continue }
            differences += 1
            if examples.count < 100 { examples.append(difference) }
        }
        return (cases, differences, examples)
    }

    static let sample = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/sample.tsv")

    @Test func readsTheSampleAsLibphonenumberDoes() throws {
        let found = try Self.compare(Self.sample)
        #expect(found.cases > 10_000)
        #expect(found.differences == 0, "\(found.examples.joined(separator: "\n"))")
    }

    /// `make test/phones` writes more than a million cases, other ones each time, and names their file.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["RELEVO_PHONE_CASES"] != nil))
    func readsAMillionAsLibphonenumberDoes() throws {
        let found = try Self.compare(URL(filePath: try #require(ProcessInfo.processInfo.environment["RELEVO_PHONE_CASES"])))
        print("\(found.cases) cases, \(found.differences) read otherwise than libphonenumber reads them")
        #expect(found.cases >= 1_000_000)
        #expect(found.differences == 0, "\(found.examples.joined(separator: "\n"))")
    }
}
