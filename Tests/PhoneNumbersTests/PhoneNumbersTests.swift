import Foundation
import Testing

@testable import PhoneNumbers

@Suite struct PhoneNumbersTests {
    static let examples: [DifferentialTests.Case] = {
        let text = (try? String(contentsOf: DifferentialTests.sample, encoding: .utf8)) ?? ""
        return text.utf8.split(separator: UInt8(ascii: "\n")).compactMap(DifferentialTests.Case.init).filter {
            $0.family.hasPrefix("example")
        }
    }()

    @Test func everyExampleNumberIsReadByItsPlus() {
        let examples = Self.examples.filter { $0.family == "example e164" && $0.valid }
        #expect(examples.count > 900)
        for example in examples {
            let reading = PhoneNumberReader.read(example.text)
            #expect(reading.e164.map { $0[...] } == example.e164 && reading.rule == .international, "\(example) \(reading)")
            #expect(reading.valid && reading.possible == example.possible && reading.type.rawValue == example.type, "\(example)")
            #expect(reading.region ?? "" == example.numberRegion, "\(example)")
        }
    }

    @Test func everyExampleIsReadInItsNationalFormToo() {
        let examples = Self.examples.filter { $0.family == "example national" && $0.valid && !$0.region.isEmpty }
        #expect(examples.count > 900)
        for example in examples where !example.text.contains(where: \.isLetter) {
            let reading = PhoneNumberReader.read(example.text, region: String(example.region))
            #expect(reading.e164.map { $0[...] } == example.e164, "\(example) \(reading)")
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
            ("5.2E+11", nil, nil, "invalid", nil, "only_reading"),
            ("", nil, nil, "invalid", nil, "only_reading"),
            ("+999123456789", nil, nil, "invalid", nil, "international"),
            // Meta's examples of what it makes of numbers without a plus.
            ("+16315551234", nil, "IN", "ok", "+16315551234", "international"),
            ("+1 (631) 555-1234", nil, "IN", "ok", "+16315551234", "international"),
            ("+39 06 698 12345", nil, nil, "ok", "+390669812345", "international"),
            ("06 698 12345", "IT", nil, "ok", "+390669812345", "region"),
            ("011 15-2345-6789", "AR", nil, "ok", "+5491123456789", "region"),
            ("tel:863-1234;phone-context=+1-914", nil, nil, "ok", "+19148631234", "international"),
            ("TEL:+34612345678", nil, nil, "ok", "+34612345678", "international"),
            ("\u{202A}+34\u{202F}612\u{A0}345\u{2009}678\u{202C}", nil, nil, "ok", "+34612345678", "international"),
            ("Tel: +34612345678", nil, nil, "ok", "+34612345678", "international"),
            ("34612345678", nil, "IN", "ok", "+34612345678", "only_reading"),
            // 0346 is an area of Germany.
            ("34612345678", nil, "DE", "ambiguous", nil, "only_reading"),
            ("+800 1234 5678", nil, nil, "ok", "+80012345678", "international"),
            ("\t+34612345678\r\n", nil, nil, "ok", "+34612345678", "international"),
            ("612345678", "001", nil, "invalid", nil, "region"),
            ("+34 +612345678", nil, nil, "invalid", nil, "international"),
            ("+34612345678 oder +34612345679", nil, nil, "invalid", nil, "international"),
        ] as [(String, String?, String?, String, String?, String)])
    func readsByTheRules(_ raw: String, _ region: String?, _ sender: String?, _ status: String, _ e164: String?, _ rule: String) {
        let reading = PhoneNumberReader.read(raw, region: region, senderCountry: sender)
        #expect(reading.status.rawValue == status && reading.e164 == e164 && reading.rule.rawValue == rule, "\(reading)")
    }

    @Test(
        arguments: [
            // What spreadsheets do; the repaired number only as a candidate.
            ("5,21555E+12", "MX", "spreadsheet_damage", []), ("5.2E+11", nil, "spreadsheet_damage", []),
            ("+49301234567.0 ", nil, "spreadsheet_damage", ["+49301234567"]),
            ("612 345 678.0", "ES", "spreadsheet_damage", ["+34612345678"]), ("+4930123456.5", nil, "spreadsheet_damage", ["+4930123456"]),
            ("+4930123456.000", nil, "spreadsheet_damage", ["+4930123456"]), (" -34612345678", "ES", "spreadsheet_damage", []),
            ("\u{2212}34612345678", "ES", "spreadsheet_damage", []), ("34612345678-", "ES", "spreadsheet_damage", []),
            ("(34612345678)", "ES", "spreadsheet_damage", []),
            ("3.46123E11", "ES", "spreadsheet_damage", []), ("+5,2e+12", nil, "spreadsheet_damage", []),
            ("34612345678.0", "ES", "spreadsheet_damage", ["+34612345678"]),
            ("+34612345678.00", nil, "spreadsheet_damage", ["+34612345678"]),
            ("612345678,0", "ES", "spreadsheet_damage", ["+34612345678"]), ("'+34612345678", nil, "spreadsheet_damage", ["+34612345678"]),
            ("=\"+34612345678\"", nil, "spreadsheet_damage", ["+34612345678"]), ("#NUM!", "ES", "spreadsheet_damage", []),
            ("########", nil, "spreadsheet_damage", []), ("-34612345678", "ES", "spreadsheet_damage", []),
            ("669812345", "VA", "spreadsheet_damage", ["+390669812345"]), ("612345678", "IT", "spreadsheet_damage", ["+390612345678"]),
            // What is dialled after the call, or with letters.
            ("+34 612 345 678 ext. 12", nil, "extension", ["+34612345678"]), ("(631) 555-1234 x7", "US", "extension", ["+16315551234"]),
            ("tel:+34-612-345-678;ext=5", nil, "extension", ["+34612345678"]), ("1-800-FLOWERS", "US", "letters", ["+18003569377"]),
            ("Mobil: +34612345678", nil, "letters", ["+34612345678"]), ("+34612345678a", nil, "letters", ["+34612345678"]),
            ("tel:7042;phone-context=example.com", "US", "no_country_code", []), ("+34612345678;isub=1", nil, "letters", ["+34612345678"]),
            // Services, lengths, and what is no number.
            ("112", "ES", "short_code", []), ("911", "US", "short_code", []), ("+1 555 0100", nil, "length", []),
            ("+34 61234567", nil, "length", []), ("+62 12345678901234567", nil, "length", []),
            ("+0034612345678", nil, "no_country_code", []),
            ("+34*612345678", nil, "not_a_number", ["+34612345678"]), ("n/a", "ES", "not_a_number", []),
            ("+49 30 123456/7", nil, "not_a_number", ["+4930123456"]),
            ("030 123456 / 78", "DE", "not_a_number", ["+4930123456"]), ("0301234567/0301234568", "DE", "not_a_number", ["+49301234567"]),
            ("+49 30 1234/12345", nil, "not_a_number", ["+49301234"]),
            ("+5215512345678", nil, "length", ["+525512345678"]), ("5215512345678", nil, "not_valid", ["+525512345678"]),
            ("34612345678/9", nil, "not_a_number", []),
            ("++34612345678", nil, "not_a_number", ["+34612345678"]), ("\u{202E}+34612345678", nil, "not_a_number", ["+34612345678"]),
            ("tel:612345678;phone-context=+34;phone-context=+44", nil, "not_a_number", ["+34612345678"]),
            ("tel:;phone-context=+34612345678", nil, "not_a_number", ["+34612345678"]), ("+49116117", nil, "short_code", []),
            ("+34612345\t678", nil, "not_a_number", []), ("+34612345\r\n678", nil, "not_a_number", []), ("+", nil, "not_a_number", []),
            ("+34612345678\u{2460}", nil, "not_a_number", []), (String(repeating: "1", count: 65), nil, "not_a_number", []),
            ("12345678901234567890123456789012345678901234567890", "US", "not_a_number", []), ("612345678", "QQ", "unknown_region", []),
            ("1234567890", "US", "not_valid", []), ("34612345678", "US", "length", ["+34612345678"]),
            ("612345678", nil, "not_valid", []),
        ] as [(String, String?, String, [String])])
    func refusesWithAReasonAndWhatMayHaveBeenMeant(_ raw: String, _ region: String?, _ refusal: String, _ candidates: [String]) {
        let reading = PhoneNumberReader.read(raw, region: region)
        #expect(reading.status == .invalid && reading.e164 == nil && reading.reason != nil, "\(reading)")
        #expect(reading.refusal?.rawValue == refusal && reading.candidates == candidates, "\(reading)")
    }

    /// Ways of writing that many countries are used to, in their own region and with a plus.
    @Test(
        arguments: [
            ("030/1234567", "DE", "+49301234567"), ("0211 / 123 45 67", "DE", "+492111234567"), ("036601/12345", "DE", "+493660112345"),
            ("07542/1234", "DE", "+4975421234"), ("+49/172/1234567", nil, "+491721234567"), ("0049 30/1234567", "DE", "+49301234567"),
            ("06/30/123-4567", "HU", "+36301234567"), ("02/345.67.89", "BE", "+3223456789"), ("06.12.34.56.78", "FR", "+33612345678"),
            ("06/12/34/56/78", "FR", "+33612345678"), ("8 (495) 123-45-67", "RU", "+74951234567"),
            ("(11) 98765-4321", "BR", "+5511987654321"),
            ("631.555.1234", "US", "+16315551234"), ("03\u{30FC}1234\u{30FC}5678", "JP", "+81312345678"),
            ("[+34] 612 345 678", nil, "+34612345678"), ("\u{202D}+34 612 345 678\u{202C}", nil, "+34612345678"),
            ("+34612345678.", nil, "+34612345678"), ("098765 43210", "IN", "+919876543210"),
            // A zero in brackets is dialled within the country; in Italy it is part of the number.
            ("+48 (0)22 621 12 34", nil, "+48226211234"), ("+34 (0)612 345 678", nil, "+34612345678"),
            ("+49 (0) 30 1234567", nil, "+49301234567"),
            ("+39 (0)333 1234567", nil, "+393331234567"), ("+39 (0)6 698 12345", nil, "+390669812345"),
            ("+44 [0]20 7946 0018", nil, "+442079460018"),
        ] as [(String, String?, String)])
    func whatPeopleAreUsedToIsRead(_ raw: String, _ region: String?, _ e164: String) {
        let reading = PhoneNumberReader.read(raw, region: region)
        #expect(reading.e164 == e164 && reading.input == raw, "\(reading)")
    }

    /// A national prefix behind a country code is taken off where that makes a valid number of it; where nothing is valid, both may be meant,
    /// and each is another number.
    @Test(
        arguments: [
            ("+44 (0)20 7946 0018", "ok", "+442079460018", []), ("+493301234567", "ok", "+493301234567", []),
            // Valid as it is, and not without what looks like a prefix.
            ("+3758100530161", "ok", "+3758100530161", []),
            ("+35800166130", "ambiguous", nil, ["+35800166130", "+3580166130"]),
            ("+9710042266594", "ambiguous", nil, ["+9710042266594", "+971042266594"]),
            // With the zero a line in Italy, without it a mobile; and neither.
            ("+39 (0)3123456789", "ambiguous", nil, ["+3903123456789", "+393123456789"]),
            ("+34 (0)512 345 678 9", "invalid", nil, []), ("+687880310(0)", "invalid", nil, []),
            ("+5511987654321", "ok", "+5511987654321", []), ("+97700012365", "ok", "+97700012365", []),
        ] as [(String, String, String?, [String])])
    func aPlusIsNeverReadAsTwoNumbers(_ raw: String, _ status: String, _ e164: String?, _ candidates: [String]) {
        let reading = PhoneNumberReader.read(raw)
        #expect(reading.status.rawValue == status && reading.e164 == e164 && reading.candidates == candidates, "\(reading)")
    }

    @Test(
        arguments: [
            // Seven digits of a neighbour, or of somebody in Austria.
            ("4318294", "US", ["+4318294"]), ("3235132907", "US", ["+3235132907", "+13235132907"]),
        ])
    func whatSomebodyNearTheSenderMayMeanIsAmbiguous(_ raw: String, _ sender: String, _ candidates: [String]) {
        let reading = PhoneNumberReader.read(raw, senderCountry: sender)
        #expect(reading.status == .ambiguous && reading.candidates == candidates, "\(reading)")
        let known = PhoneNumberReader.read(raw, senderCountry: sender, knownWaID: { $0 == raw })
        #expect(known.e164 == "+" + raw && known.rule == .onlyReading)
    }

    @Test func aStoredWaIDIsNeverRewritten() {
        let reading = PhoneNumberReader.read("35800166130", knownWaID: { $0 == "35800166130" })
        #expect(reading.e164 == "+35800166130")
    }

    @Test func aNumberOfNoPlanHasTheMainRegionOfItsCode() {
        #expect(PhoneNumber(e164: "+15550783881")?.region == nil && PhoneNumber(e164: "+15550783881")?.planRegion == "US")
        #expect(PhoneNumber(e164: "+80012345678")?.planRegion == nil && PhoneNumber(e164: "+441534123456")?.planRegion == "JE")
    }

    @Test func onlyNumbersThatCostMoreOrBelongToNobodyArePremium() {
        #expect(PhoneNumberReader.read("+34803123456").premiumKind == "a premium-rate number")
        #expect(PhoneNumberReader.read("+34901123456").premiumKind == "a shared-cost number")
        #expect(PhoneNumberReader.read("+80012345678").premiumKind == "an international freephone number")
        #expect(PhoneNumberReader.read("+979123456789").premiumKind == "a premium-rate number")
        // Longer than a premium number is: not valid, and possible.
        #expect(PhoneNumberReader.read("+9719000251996").premiumKind == "what begins as a premium-rate number")
        for number in ["+34612345678", "+18002345678", "+34900123456", "+97700012365", "no number"] {
            #expect(PhoneNumberReader.read(number).premiumKind == nil, "\(number)")
        }
    }

    @Test func regionsAreKnownInAnyCase() {
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
}
