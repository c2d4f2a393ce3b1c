import Foundation
import TestProcesses
import Testing

@testable import PhoneNumbers

@Suite struct MetadataTests {
    @Test func everyRegionIsFoundByItsName() {
        let metadata = Metadata.shared
        for index in 0..<metadata.regions.count {
            guard let name = metadata.regions[index].name else { continue }
            #expect(metadata.region(name) == index && metadata.region(name.lowercased()) == index)
        }
        for name in ["", "U", "USA", "ZZ", "@A", "{{", "1A", "é", "u\u{301}", "00"] { #expect(metadata.region(name) == nil, "\(name)") }
    }

    @Test func samplesAreValidAndReadBackAsThemselves() {
        let samples = PhoneNumber.samples(5000, seed: 11)
        #expect(samples.count == 5000)
        for number in samples where number.fitsE164 {
            #expect(number.isValid && PhoneNumber(e164: number.e164) == number, "\(number.e164)")
            #expect("+" + number.countryCode + number.nationalNumber == number.e164)
        }
        #expect(
            PhoneNumber.samples(50, seed: 11) == Array(samples.prefix(50)) && PhoneNumber.samples(50, seed: 12) != Array(samples.prefix(50))
        )
    }

    @Test(arguments: ["", "+", "34612345678", "+34 612345678", "+3461234567a", "+346", "+1234567890123456", "+999123456", "++34612345678"])
    func whatIsNotE164IsNoStoredNumber(text: String) { #expect(PhoneNumber(e164: text) == nil) }

    @Test func leadingZerosAreKept() {
        let number = PhoneNumber(e164: "+390600012")
        #expect(number?.countryCode == "39" && number?.nationalNumber == "0600012" && number?.e164 == "+390600012")
    }
}

/// What a refresh of the metadata prints.
@Suite struct MetadataChangesTests {
    private static let scripts = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/PhoneNumbers/Metadata")

    /// Runs `changes.py` on two plans.
    private func changes(_ old: String, _ new: String) async throws -> (lines: [Substring], status: Int32) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "relevo-plans-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = [folder.appending(path: "old.tsv"), folder.appending(path: "new.tsv")]
        for (file, text) in zip(files, [old, new]) { try Data(text.utf8).write(to: file) }
        let ended = try await Child.run(
            URL(filePath: "/usr/bin/env"), ["python3", "-B", Self.scripts.appending(path: "changes.py").path] + files.map(\.path))
        return ((ended.output + ended.error).split(separator: "\n"), ended.code)
    }

    private static let benin = """
        #version\t9.0.1
        BJ\tcountry_code\t229
        BJ\tmain\t1
        BJ\tlengths\t8
        BJ\tgeneral\t[2-9]\\d{7}\t8
        BJ\tmobile\t[4-69]\\d{7}\t8
        BJ\tfixed_line\t2[0-5]\\d{6}\t8
        """

    @Test func aNumberValidBeforeAndInvalidAfterIsReported() async throws {
        let new = Self.benin.replacing("9.0.1", with: "9.0.2").replacing("[4-69]\\d{7}\t8", with: "[4-6]\\d{7}\t8")
        let found = try await changes(Self.benin, new)
        #expect(found.status == 0)
        #expect(
            found.lines == [
                "version 9.0.1 to 9.0.2", "BJ: mobile was [4-69]\\d{7} at lengths 8 and is [4-6]\\d{7} at lengths 8",
                "BJ: 10000000 numbers of 8 digits are no longer valid, such as +22990000000",
            ])
        // The other way round they are gained.
        #expect(try await changes(new, Self.benin).lines.last == "BJ: 10000000 numbers of 8 digits are valid now, such as +22990000000")
    }

    @Test func aPlanWrittenOtherwiseIsNoChangeOfNumbers() async throws {
        let new = Self.benin.replacing("[4-69]\\d{7}\t8", with: "(?:[4-6]|9)\\d{7}\t8")
        #expect(
            try await changes(Self.benin, new).lines == ["BJ: mobile was [4-69]\\d{7} at lengths 8 and is (?:[4-6]|9)\\d{7} at lengths 8"])
        #expect(try await changes(Self.benin, Self.benin).lines == ["nothing changed"])
    }

    /// Regions that share a country code are told apart by leading digits: those decide what is valid too.
    @Test func leadingDigitsMakeNumbersInvalidAsWell() async throws {
        let american = "#version\t1\nUS\tcountry_code\t1\nUS\tmain\t1\nUS\tgeneral\t[2-9]\\d{9}\t10\nUS\tmobile\t2(?:01|02)\\d{7}\t10\n"
        let antigua = "AG\tcountry_code\t1\nAG\tleading_digits\t268\nAG\tgeneral\t268\\d{7}\t10\nAG\tmobile\t268\\d{7}\t10"
        let lines = try await changes(american + antigua, american + antigua.replacing("digits\t268", with: "digits\t269")).lines
        #expect(
            lines == [
                "AG: leading_digits was 268 and is 269", "AG: 10000000 numbers of 10 digits are no longer valid, such as +12680000000",
            ])
    }

    @Test(arguments: ["[3-1]\\d", "[]", "1{2,}", "1{3,2}", "(12", "\\w", "1²", "a+"])
    func anExpressionWithoutMeaningHereIsRefusedWithItsPlace(pattern: String) async throws {
        let found = try await changes(Self.benin, Self.benin.replacing("[4-69]\\d{7}", with: pattern))
        #expect(found.status != 0 && found.lines.last?.contains("of \(pattern)") == true, "\(found.lines)")
    }

    @Test func regionsThatComeAndGoAreNamed() async throws {
        let togo = "\nTG\tcountry_code\t228\nTG\tgeneral\t[279]\\d{7}\t8\nTG\tmobile\t9\\d{7}\t8"
        #expect(
            try await changes(Self.benin, Self.benin + togo).lines == [
                "TG: new region", "TG: 10000000 numbers of 8 digits are valid now, such as +22890000000",
            ])
        #expect(try await changes(Self.benin + togo, Self.benin).lines.first == "TG: region gone")
    }

    @Test func aFileThatIsNoPlanIsRefusedWithItsLine() async throws {
        let found = try await changes(Self.benin, "#version\t1\nBJ country_code 229")
        #expect(found.status != 0 && found.lines.last?.contains("line 2: expected region, field and value") == true, "\(found.lines)")
    }

    /// The tables are what the committed plans give: nobody has changed one without the other.
    @Test func theTablesAreThoseOfThePlans() async throws {
        let plans = try String(contentsOf: Self.scripts.appending(path: "plans.tsv"), encoding: .utf8)
        #expect(plans.hasPrefix("#version\t\(PhoneNumber.metadataVersion)\n"))
        let ended = try await Child.run(
            URL(filePath: "/usr/bin/env"), ["python3", "-B", Self.scripts.appending(path: "generate.py").path, "--check"])
        #expect(ended.code == 0, "\(ended.output) \(ended.error)")
    }
}
