/// Reads numbers by the rules of the design: a number is used only when it has one reading.
public enum PhoneNumberReader {
    /// Reads one number.
    /// - Parameters:
    ///   - raw: as a person or program wrote it; at most 64 characters.
    ///   - region: ISO 3166-1 alpha-2; the national form is then read in this region.
    ///   - senderCountry: region of the sending number, for numbers with neither plus nor region.
    ///   - knownWaID: whether the digits are a `wa_id` stored for this sender; with a plus only asked where they would be refused else.
    public static func read(
        _ raw: String, region: String? = nil, senderCountry: String? = nil, knownWaID: (String) -> Bool = { _ in false }
    ) -> PhoneReading {
        Reading(raw: raw, region: region, senderCountry: senderCountry, parser: NumberParser(metadata: .shared)).read(knownWaID)
    }

    /// Whether numbers can be read in the national form of a region; any case.
    public static func knows(region: String) -> Bool { Metadata.shared.region(region) != nil }
}

/// One number on its way to being read.
private struct Reading {
    let raw: String
    let region: String?
    let senderCountry: String?
    let parser: NumberParser

    private var metadata: Metadata { parser.metadata }
    private var ruleWithoutPlus: PhoneReading.Rule { region == nil ? .onlyReading : .region }

    func read(_ knownWaID: (String) -> Bool) -> PhoneReading {
        var raw = raw
        // Nearly every number is written in a way that leaves no question; the others have to be looked at closely.
        if let reading = raw.withUTF8({ utf8 -> PhoneReading? in
            guard Self.isSober(utf8), let number = try? NumberText(utf8), number.isPlain else { return nil }
            return read(number, knownWaID)
        }) {
            return reading
        }
        guard let written = WrittenNumber(raw) else {
            return refused(.notANumber, "longer than \(WrittenNumber.longest) characters", ruleWithoutPlus)
        }
        let rule: PhoneReading.Rule = written.hasPlus ? .international : ruleWithoutPlus
        if let damage = SpreadsheetDamage.found(in: written.text) {
            return refused(.spreadsheetDamage, damage.reason, rule, candidates: candidate(damage.meant))
        }
        var text = written.text
        return text.withUTF8 { utf8 in
            let number: NumberText
            do throws(NumberText.Failure) {
                number = try NumberText(utf8)
            } catch {
                return refused(.notANumber, "not a phone number: \(Self.fault(error, of: written.text))", rule)
            }
            if let (refusal, reason) = written.fault(number) {
                let meant = (try? parser.parse(number, in: region.flatMap(metadata.region)).number).flatMap { $0.isValid ? $0.e164 : nil }
                return refused(refusal, "not a phone number: \(reason)", rule, candidates: meant.map { [$0] } ?? [])
            }
            if let first = written.beforeSlashes.first(where: isNumber) {
                let meant = candidate(first)
                return refused(.notANumber, "not a phone number: a slash parts it from another; give one of them", rule, candidates: meant)
            }
            if number.hasPlus, let text = written.withoutBracketedZero {
                return withBracketedZero(international(number.digits), without: PhoneNumberReader.read(text))
            }
            return read(number, knownWaID)
        }
    }

    /// Whether a text is a valid number by itself, here or near the sender. 030/1234567 is one number, 030 1234567/8 are two.
    private func isNumber(_ text: String) -> Bool {
        if PhoneNumber.parse(text, region: region ?? senderCountry)?.isValid == true { return true }
        return region == nil && PhoneNumber.parse("+" + text, region: nil)?.isValid == true
    }

    /// A zero in brackets behind a country code is dialled within the country only; but in Italy it is part of the number. The number plan
    /// decides, and where it does not, nobody does.
    private func withBracketedZero(_ with: PhoneReading, without: PhoneReading) -> PhoneReading {
        var without = without
        without.input = raw
        switch (with.e164 != nil && with.valid, without.e164 != nil && without.valid) {
        case (true, false): return with
        case (false, true): return without
        case (true, true) where with.e164 == without.e164: return with
        default:
            let candidates = [with, without].flatMap { [$0.e164].compactMap { $0 } + $0.candidates }
            guard !candidates.isEmpty else { return with }
            var seen = Set<String>()
            return ambiguous(
                candidates.filter { seen.insert($0).inserted },
                "the zero in brackets may belong to it or not; write it as it is dialled from abroad",
                .international)
        }
    }

    /// Whether a text begins as a number does, ends in a digit, and has neither a point, a comma, a slash nor a zero in brackets.
    @inline(__always)
    private static func isSober(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        guard utf8.count <= WrittenNumber.longest, let first = utf8.first, let last = utf8.last, last &- 48 < 10 else { return false }
        guard first &- 48 < 10 || first == UInt8(ascii: "+") || first == UInt8(ascii: "(") else { return false }
        var (pluses, before) = (0, UInt8(0))
        for byte in utf8 {
            if (UInt8(ascii: ".")...UInt8(ascii: "/")).contains(byte) || byte == UInt8(ascii: ",") { return false }
            if byte == UInt8(ascii: "+") { pluses += 1 }
            // +44 (0)20
            if byte == UInt8(ascii: "0"), before == UInt8(ascii: "(") { return false }
            if byte != UInt8(ascii: " ") { before = byte }
        }
        return pluses < 2
    }

    private static func fault(_ failure: NumberText.Failure, of text: String) -> String {
        if failure == .tooLong { return "too many digits" }
        let digits = text.unicodeScalars.count { NumberText.isDigit($0.value) }
        return text.isEmpty
            ? "it is empty"
            : digits == 0 ? "it has no digits" : digits < 3 ? "too few digits" : "characters between its digits that no number has"
    }

    /// The reading that a repaired number would have.
    private func candidate(_ meant: String?) -> [String] {
        guard let meant, let number = PhoneNumber.parse(meant, region: region), number.isValid else { return [] }
        return [number.e164]
    }

    private func read(_ number: borrowing NumberText, _ knownWaID: (String) -> Bool) -> PhoneReading {
        if number.hasPlus { return international(number.digits, knownWaID) }
        guard let region else { return unmarked(number.digits, knownWaID) }
        guard let index = metadata.region(region) else {
            return refused(.unknownRegion, "\(region) is not a region; expected ISO 3166-1 alpha-2, such as BR", .region)
        }
        return national(number, index)
    }

    private func international(_ digits: borrowing Digits, _ knownWaID: (String) -> Bool = { _ in false }) -> PhoneReading {
        let written: PhoneNumber
        do throws(NumberParser.Failure) {
            written = try parser.exact(digits.copy())
        } catch {
            return error == .noCountryCode
                ? refused(.noCountryCode, "not a phone number: no country code begins like this", .international)
                : refused(.length, "not a phone number: too \(error == .tooLong ? "many" : "few") digits", .international)
        }
        if written.isValid { return accepted(written, .international) }
        // As in +44 (0)20: a national prefix that does not belong behind a country code.
        let stripped = try? parser.international(digits.copy())
        if let stripped, stripped.isValid { return accepted(stripped, .international) }
        if parser.isShortCode(digits) {
            return refused(.shortCode, "a short code of +\(written.countryCode); WhatsApp has no such numbers", .international, written)
        }
        if let stripped, stripped != written {
            // Neither is in the number plan, so nothing tells which was meant; and each would be another number.
            let candidates = [written, stripped].filter { $0.isReachable && $0.fitsE164 }.map(\.e164)
            if !candidates.isEmpty {
                return ambiguous(
                    candidates,
                    "not a valid number with what looks like a national prefix, nor without; write it as it is dialled from abroad",
                    .international)
            }
        }
        // Number plans change faster than metadata: with a plus, possible is enough.
        if written.isReachable && written.fitsE164 {
            var reading = accepted(written, .international)
            reading.premiumKind = parser.premiumBeginning(of: digits).map { "what begins as \($0)" }
            return reading
        }
        // Meta's own word, which is never rewritten: Mexican accounts are still named by +52 1, which is no number any more.
        if written.fitsE164, knownWaID(digits.text) { return accepted(written, .international) }
        return refused(
            .length, "not a phone number: \(fault(inLengthOf: written))", .international, written,
            candidates: parser.modernMexican(digits).map { [$0.e164] } ?? [])
    }

    private func national(_ text: borrowing NumberText, _ region: Int) -> PhoneReading {
        let plan = metadata.regions[region]
        let name = plan.name ?? ""
        let read = try? parser.parse(text, in: region)
        if let read, read.number.isValid {
            return accepted(read.number, .region)
        }
        if metadata.matches(plan.shortCode, text.digits) {
            return refused(.shortCode, "a short code of \(name); WhatsApp has no such numbers", .region, read?.number)
        }
        if let meant = withZero(text.digits, in: region) {
            let reason = "a valid number of \(name) only with a zero in front, which spreadsheets drop"
            return refused(.spreadsheetDamage, reason, .region, read?.number, candidates: [meant.e164])
        }
        let foreign = parser.validInternational(text.digits)?.e164
        return refused(
            read?.number.isPossible == true ? .notValid : .length,
            "not a valid number of \(name)" + (foreign.map { "; with a plus it would be \($0)" } ?? ""), .region, read?.number,
            candidates: foreign.map { [$0] } ?? [])
    }

    /// The number that digits are with a zero in front, where that is a valid one.
    private func withZero(_ digits: borrowing Digits, in region: Int) -> PhoneNumber? {
        var zero = Digits()
        _ = zero.append(0)
        for index in 0..<digits.count { _ = zero.append(digits[index]) }
        return (try? parser.national(zero, in: region)).flatMap { $0.isValid ? $0 : nil }
    }

    private func unmarked(_ digits: borrowing Digits, _ knownWaID: (String) -> Bool) -> PhoneReading {
        // Meta's own word, which is never rewritten.
        if let known = try? parser.exact(digits.copy()), known.fitsE164, knownWaID(digits.text) { return accepted(known, .onlyReading) }
        let international = parser.validInternational(digits).flatMap { $0.fitsE164 ? $0 : nil }
        let sender = senderCountry.flatMap(metadata.region)
        let domestic = sender.flatMap { try? parser.national(digits, in: $0) }
        let advice = "write it with a plus, or give the region"
        switch (international, domestic.flatMap { $0.isValid ? $0 : nil }) {
        case (let first?, let second?) where first == second: return accepted(first, .onlyReading)
        case (let first?, nil):
            // What somebody near the sender would dial.
            if domestic?.length == .localOnly { return ambiguous([first.e164], "it may be a local number; \(advice)", .onlyReading) }
            return accepted(first, .onlyReading)
        case (let first?, let second?): return ambiguous([first.e164, second.e164], "two readings; \(advice)", .onlyReading)
        case (nil, let second?): return ambiguous([second.e164], "a national number without a region; \(advice)", .onlyReading)
        case (nil, nil):
            if let sender, metadata.matches(metadata.regions[sender].shortCode, digits) {
                return refused(.shortCode, "a short code; WhatsApp has no such numbers", .onlyReading)
            }
            return refused(
                .notValid, "no valid reading without a plus or a region", .onlyReading, try? parser.exact(digits.copy()),
                candidates: parser.modernMexican(digits).map { [$0.e164] } ?? [])
        }
    }

    /// What is wrong with how many digits a number has.
    private func fault(inLengthOf number: PhoneNumber) -> String {
        if !number.fitsE164 { return "more than the 15 digits that E.164 allows" }
        switch number.length {
        case .localOnly: return "a local number, which cannot be reached from elsewhere; its area code is missing"
        case .tooShort: return "too short for a number of +\(number.countryCode)"
        case .tooLong: return "too long for a number of +\(number.countryCode)"
        case .possible, .none: return "a length no number of +\(number.countryCode) has"
        }
    }

    private func accepted(_ number: PhoneNumber, _ rule: PhoneReading.Rule) -> PhoneReading {
        guard number.fitsE164 else { return refused(.length, "not a phone number: \(fault(inLengthOf: number))", rule, number) }
        return PhoneReading(
            input: raw, status: .ok, e164: number.e164, region: number.region, type: number.type, valid: number.isValid,
            possible: number.isPossible, rule: rule, candidates: [], reason: nil, refusal: nil, premiumKind: number.premiumKind)
    }

    private func ambiguous(_ candidates: [String], _ reason: String, _ rule: PhoneReading.Rule) -> PhoneReading {
        PhoneReading(
            input: raw, status: .ambiguous, e164: nil, region: nil, type: .unknown, valid: false, possible: true, rule: rule,
            candidates: candidates, reason: reason, refusal: .ambiguous, premiumKind: nil)
    }

    private func refused(
        _ refusal: PhoneReading.Refusal, _ reason: String, _ rule: PhoneReading.Rule, _ number: PhoneNumber? = nil,
        candidates: [String] = []
    ) -> PhoneReading {
        PhoneReading(
            input: raw, status: .invalid, e164: nil, region: nil, type: .unknown, valid: false, possible: number?.isPossible ?? false,
            rule: rule, candidates: candidates, reason: reason, refusal: refusal, premiumKind: nil)
    }
}
