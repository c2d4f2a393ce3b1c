/// Reads numbers by the rules of the design: a number is used only when it has one reading.
public enum PhoneNumberReader {
    /// Reads one number.
    /// - Parameters:
    ///   - raw: as a person or program wrote it; at most 64 characters.
    ///   - region: ISO 3166-1 alpha-2; the national form is then read in this region.
    ///   - senderCountry: region of the sending number, for numbers with neither plus nor region.
    ///   - knownWaID: whether the digits are a `wa_id` stored for this sender.
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
        // What is plain needs no cleaning: nearly every number. Decimals, a minus and the like have to be looked for all the same.
        if let reading = raw.withUTF8({ utf8 -> PhoneReading? in
            guard utf8.count <= WrittenNumber.longest, let first = utf8.first, first != UInt8(ascii: "-"), !Self.endsInDecimals(utf8),
                let number = try? NumberText(utf8), number.isPlain
            else { return nil }
            return read(number, knownWaID)
        }) {
            return reading
        }
        guard let written = WrittenNumber(raw) else {
            return refused(.notANumber, "longer than \(WrittenNumber.longest) characters", ruleWithoutPlus)
        }
        let rule: PhoneReading.Rule =
            written.text.unicodeScalars.contains { $0 == "+" || $0 == "\u{FF0B}" } ? .international : ruleWithoutPlus
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
            return read(number, knownWaID)
        }
    }

    private static func fault(_ failure: NumberText.Failure, of text: String) -> String {
        if failure == .tooLong { return "too many digits" }
        let digits = text.unicodeScalars.count { NumberText.isDigit($0.value) }
        return text.isEmpty
            ? "it is empty"
            : digits == 0 ? "it has no digits" : digits < 3 ? "too few digits" : "characters between its digits that no number has"
    }

    /// Whether one or two zeros stand behind a point at the end.
    private static func endsInDecimals(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        guard utf8.count > 3, utf8[utf8.count - 1] == UInt8(ascii: "0") else { return false }
        let before = utf8[utf8.count - 2]
        return before == UInt8(ascii: ".") || before == UInt8(ascii: "0") && utf8[utf8.count - 3] == UInt8(ascii: ".")
    }

    /// The reading that a repaired number would have.
    private func candidate(_ meant: String?) -> [String] {
        guard let meant, let number = PhoneNumber.parse(meant, region: region), number.isValid else { return [] }
        return [number.e164]
    }

    private func read(_ number: borrowing NumberText, _ knownWaID: (String) -> Bool) -> PhoneReading {
        if number.hasPlus { return international(number.digits) }
        guard let region else { return unmarked(number.digits, knownWaID) }
        guard let index = metadata.region(region) else {
            return refused(.unknownRegion, "\(region) is not a region; expected ISO 3166-1 alpha-2, such as BR", .region)
        }
        return national(number, index)
    }

    private func international(_ digits: borrowing Digits) -> PhoneReading {
        let number: PhoneNumber
        do throws(NumberParser.Failure) {
            number = try parser.international(digits.copy())
        } catch {
            return error == .noCountryCode
                ? refused(.noCountryCode, "not a phone number: no country code begins like this", .international)
                : refused(.length, "not a phone number: too \(error == .tooLong ? "many" : "few") digits", .international)
        }
        // Number plans change faster than metadata: with a plus, possible is enough.
        if number.isReachable && number.fitsE164 { return accepted(number, .international) }
        return refused(.length, "not a phone number: \(fault(inLengthOf: number))", .international, number)
    }

    private func national(_ text: borrowing NumberText, _ region: Int) -> PhoneReading {
        let plan = metadata.regions[region]
        let name = plan.name ?? ""
        let read = try? parser.parse(text, in: region)
        if let read, read.number.isValid {
            guard read.number.fitsE164 else { return refused(.length, fault(inLengthOf: read.number), .region, read.number) }
            return accepted(read.number, .region)
        }
        if metadata.matches(plan.shortCode, text.digits) {
            return refused(.shortCode, "a short code of \(name); WhatsApp has no such numbers", .region, read?.number)
        }
        var zero = Digits()
        _ = zero.append(0)
        for index in 0..<text.digits.count { _ = zero.append(text.digits[index]) }
        if let meant = try? parser.national(zero, in: region), meant.isValid {
            let reason = "a valid number of \(name) only with a zero in front, which spreadsheets drop"
            return refused(.spreadsheetDamage, reason, .region, read?.number, candidates: [meant.e164])
        }
        let foreign = (try? parser.international(text.digits.copy())).flatMap { $0.isValid ? $0.e164 : nil }
        return refused(
            read?.number.isPossible == true ? .notValid : .length,
            "not a valid number of \(name)" + (foreign.map { "; with a plus it would be \($0)" } ?? ""), .region, read?.number,
            candidates: foreign.map { [$0] } ?? [])
    }

    private func unmarked(_ digits: borrowing Digits, _ knownWaID: (String) -> Bool) -> PhoneReading {
        let international = try? parser.international(digits.copy())
        if let international, international.fitsE164, knownWaID(digits.text) { return accepted(international, .onlyReading) }
        let sender = senderCountry.flatMap(metadata.region)
        let domestic = sender.flatMap { try? parser.national(digits, in: $0) }
        switch (international.flatMap { $0.isValid && $0.fitsE164 ? $0 : nil }, domestic.flatMap { $0.isValid ? $0 : nil }) {
        case (let first?, let second?) where first == second: return accepted(first, .onlyReading)
        case (let first?, nil): return accepted(first, .onlyReading)
        case (let first?, let second?):
            return ambiguous([first, second], "two readings; write it with a plus, or give the region", .onlyReading)
        case (nil, let second?):
            return ambiguous([second], "a national number without a region; write it with a plus, or give the region", .onlyReading)
        case (nil, nil):
            if let sender, metadata.matches(metadata.regions[sender].shortCode, digits) {
                return refused(.shortCode, "a short code; WhatsApp has no such numbers", .onlyReading, international)
            }
            return refused(.notValid, "no valid reading without a plus or a region", .onlyReading, international)
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
        PhoneReading(
            input: raw, status: .ok, e164: number.e164, region: number.region, type: number.type, valid: number.isValid,
            possible: number.isPossible, rule: rule, candidates: [], reason: nil, refusal: nil)
    }

    private func ambiguous(_ numbers: [PhoneNumber], _ reason: String, _ rule: PhoneReading.Rule) -> PhoneReading {
        PhoneReading(
            input: raw, status: .ambiguous, e164: nil, region: nil, type: .unknown, valid: false, possible: true, rule: rule,
            candidates: numbers.map(\.e164), reason: reason, refusal: .ambiguous)
    }

    private func refused(
        _ refusal: PhoneReading.Refusal, _ reason: String, _ rule: PhoneReading.Rule, _ number: PhoneNumber? = nil,
        candidates: [String] = []
    ) -> PhoneReading {
        PhoneReading(
            input: raw, status: .invalid, e164: nil, region: nil, type: .unknown, valid: false, possible: number?.isPossible ?? false,
            rule: rule, candidates: candidates, reason: reason, refusal: refusal)
    }
}
