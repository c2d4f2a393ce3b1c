import Foundation
import Testing

@testable import PhoneNumbers

@Suite struct PhoneNumbersTests {
    struct Example: Sendable {
        var region, e164, national, expectedRegion, type: String
        var valid, possible: Bool
    }

    static let examples: [Example] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/examples.tsv")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { line in
            let f = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return Example(
                region: f[0], e164: f[1], national: f[2], expectedRegion: f[3], type: f[4], valid: f[5] == "1", possible: f[6] == "1")
        }
    }()

    @Test func everyExampleNumberIsReadAsLibphonenumberReadsIt() {
        #expect(Self.examples.count > 900)
        for example in Self.examples {
            let reading = PhoneNumberReader.read(example.e164)
            #expect(reading.e164 == example.e164, "\(example)")
            #expect(reading.valid == example.valid && reading.possible == example.possible, "\(example)")
            #expect(reading.type.rawValue == example.type, "\(example)")
            if example.region != "001" { #expect(reading.region == example.expectedRegion, "\(example)") }
        }
    }

    @Test func everyExampleIsReadInItsNationalFormToo() {
        for example in Self.examples where example.region != "001" && !example.national.isEmpty {
            let reading = PhoneNumberReader.read(example.national, region: example.region)
            #expect(reading.e164 == example.e164, "\(example) \(reading)")
        }
    }

    @Test(
        arguments: [
            ("+1 (631) 555-1234", nil, nil, "ok", "+16315551234", "international"),
            ("tel:+1-631-555-1234", nil, nil, "ok", "+16315551234", "international"),
            ("\u{FF0B}16315551234", nil, nil, "ok", "+16315551234", "international"),
            ("(631) 555-1234", "US", nil, "ok", "+16315551234", "region"),
            ("1 (631) 555-1234", nil, "IN", "ok", "+16315551234", "only_reading"),
            ("(631) 555-1234", nil, "IN", "ambiguous", nil, "only_reading"),
            ("011 5511961231445", nil, nil, "invalid", nil, "only_reading"),
            ("+44 (0)20 7946 0018", nil, nil, "ok", "+442079460018", "international"),
            ("0049 30 123456", "BR", nil, "invalid", nil, "region"),
            ("00 49 30 123456", "FR", nil, "ok", "+4930123456", "region"),
            ("+٩١٨١٢٣٤٥٣٦٩٠", nil, nil, "ok", "+918123453690", "international"),
            ("+1 631 555 1234 x7", nil, nil, "invalid", nil, "international"),
            ("1-800-FLOWERS", "US", nil, "invalid", nil, "region"),
            ("5.2E+11", nil, nil, "invalid", nil, "international"),
            ("", nil, nil, "invalid", nil, "only_reading"),
            ("+999123456789", nil, nil, "invalid", nil, "international"),
        ] as [(String, String?, String?, String, String?, String)])
    func readsByTheRules(_ raw: String, _ region: String?, _ sender: String?, _ status: String, _ e164: String?, _ rule: String) {
        let reading = PhoneNumberReader.read(raw, region: region, senderCountry: sender)
        #expect(reading.status.rawValue == status && reading.e164 == e164 && reading.rule.rawValue == rule, "\(reading)")
    }

    @Test func aReadingIsWrittenWithAllItsKeys() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func written(_ reading: PhoneReading) throws -> String { String(decoding: try encoder.encode(reading), as: UTF8.self) }
        let version = PhoneNumber.metadataVersion
        #expect(
            try written(PhoneNumberReader.read("(631) 555-1234", region: "US")) == #"""
                {"candidates":[],"e164":"+16315551234","input":"(631) 555-1234","metadata":"\#(version)","possible":true,"reason":null,"region":"US",\#
                "rule":"region","status":"ok","type":"fixed_line_or_mobile","valid":true}
                """#)
        let refused = try written(PhoneNumberReader.read("(631) 555-1234", senderCountry: "IN"))
        #expect(refused.contains(#""candidates":["+916315551234"],"e164":null"#) && refused.contains(#""region":null"#), "\(refused)")
        #expect(
            PhoneNumberReader.knows(region: "mx") && !PhoneNumberReader.knows(region: "Mars") && !PhoneNumberReader.knows(region: "001"))
    }

    /// A trunk prefix is taken off only where a number of a possible length is left; a plus with a possible length is enough.
    @Test func newRangesAreAcceptedWithAPlusOnly() {
        let reading = PhoneNumberReader.read("+97700012365")
        #expect(reading.e164 == "+97700012365" && !reading.valid && reading.possible)
        #expect(PhoneNumberReader.read("97700012365").status == .invalid)
        #expect(PhoneNumberReader.read("+13201236").status == .invalid, "a local number, which nobody abroad can dial")
    }

    @Test func aStoredWaIDSettlesANumberWithoutPlus() {
        let reading = PhoneNumberReader.read("6315551234", senderCountry: "IN", knownWaID: { $0 == "6315551234" })
        #expect(reading.status == .ok && reading.e164 == "+6315551234")
    }

    @Test func anyTextIsAnsweredWithoutTrapping() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("0123456789+ ()-.;=telxX#\u{0}é٣\u{FF0B}")
        for _ in 0..<5000 {
            let text = String(
                (0..<Int.random(in: 0...70, using: &random)).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
            for region in [nil, "US", "AR", "IT", "ZZ"] as [String?] {
                let reading = PhoneNumberReader.read(text, region: region, senderCountry: "BR")
                #expect((reading.status == .ok) == (reading.e164 != nil))
                // What was accepted reads back as itself.
                if let e164 = reading.e164 { #expect(PhoneNumberReader.read(e164).e164 == e164, "\(text)") }
            }
        }
    }
}
