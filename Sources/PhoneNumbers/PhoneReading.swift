/// What a raw number was read as, and by which rule.
public struct PhoneReading: Sendable, Equatable {
    public enum Status: String, Codable, Sendable { case ok, ambiguous, invalid }
    public enum Rule: String, Codable, Sendable {
        /// It had a plus.
        case international
        /// No plus and an explicit region.
        case region
        /// No plus, no region, and a single reading (or a stored `wa_id`).
        case onlyReading = "only_reading"
    }

    /// As it was given.
    public var input: String
    public var status: Status
    /// Nil unless `status` is ok.
    public var e164: String?
    public var region: String?
    public var type: PhoneNumberType
    public var valid: Bool
    public var possible: Bool
    public var rule: Rule
    /// E.164 readings that were considered, when there is more than one.
    public var candidates: [String]
    /// Why it was refused, in plain words; nil when ok.
    public var reason: String?
}

extension PhoneReading: Encodable {
    private enum Key: String, CodingKey {
        case input, status, e164, region, type, valid, possible, rule, candidates, reason, metadata
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(input, forKey: .input)
        try container.encode(status, forKey: .status)
        try container.encode(e164, forKey: .e164)
        try container.encode(region, forKey: .region)
        try container.encode(type, forKey: .type)
        try container.encode(valid, forKey: .valid)
        try container.encode(possible, forKey: .possible)
        try container.encode(rule, forKey: .rule)
        try container.encode(candidates, forKey: .candidates)
        try container.encode(reason, forKey: .reason)
        try container.encode(PhoneNumber.metadataVersion, forKey: .metadata)
    }
}

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
        let rule: PhoneReading.Rule = region == nil ? .onlyReading : .region
        let text: DialledText
        do {
            text = try DialledText(raw)
        } catch {
            return refused(raw, raw.contains("+") ? .international : rule, "not a phone number: \(error.reason)")
        }
        if text.hasPlus {
            guard let number = PhoneNumber(international: text.digits[...]) else {
                return refused(raw, .international, "not a phone number: no country code, or too long or short")
            }
            // Number plans change faster than metadata: with a plus, possible is enough.
            return number.isPossible || number.isValid
                ? accepted(raw, number, .international) : refused(raw, .international, "a length no number of this country has", number)
        }
        if let region { return national(raw, text.digits, region) }
        return unmarked(raw, text.digits, senderCountry, knownWaID)
    }

    /// Whether numbers can be read in the national form of a region; any case.
    public static func knows(region: String) -> Bool { Metadata.shared.byRegion[region.uppercased()] != nil }

    private static func national(_ raw: String, _ digits: [UInt8], _ region: String) -> PhoneReading {
        guard let metadata = Metadata.shared.byRegion[region.uppercased()] else {
            return refused(raw, .region, "\(region) is not a region; expected ISO 3166-1 alpha-2, such as BR")
        }
        if let prefix = metadata.internationalPrefix?.matchPrefix(digits[...]), prefix.end < digits.count,
            let number = PhoneNumber(international: digits[prefix.end...]), number.isValid
        {
            return accepted(raw, number, .region)
        }
        if let number = PhoneNumber(national: digits[...], region: metadata), number.isValid { return accepted(raw, number, .region) }
        // Digits that carry the country code without its plus.
        if digits.starts(with: metadata.countryCode.utf8.map { $0 - 48 }),
            let number = PhoneNumber(international: digits[...]), number.isValid
        {
            return accepted(raw, number, .region)
        }
        return refused(
            raw, .region, "not a valid number of \(metadata.region)", PhoneNumber(national: digits[...], region: metadata))
    }

    private static func unmarked(
        _ raw: String, _ digits: [UInt8], _ senderCountry: String?, _ knownWaID: (String) -> Bool
    ) -> PhoneReading {
        let international = PhoneNumber(international: digits[...])
        if let international, knownWaID(String(decoding: digits.map { $0 + 48 }, as: UTF8.self)) {
            return accepted(raw, international, .onlyReading)
        }
        let sender = senderCountry.flatMap { Metadata.shared.byRegion[$0.uppercased()] }
        let domestic = sender.flatMap { PhoneNumber(national: digits[...], region: $0) }
        switch (international.flatMap { $0.isValid ? $0 : nil }, domestic.flatMap { $0.isValid ? $0 : nil }) {
        case (let first?, let second?) where first.e164 == second.e164: return accepted(raw, first, .onlyReading)
        case (let first?, nil): return accepted(raw, first, .onlyReading)
        case (let first?, let second?):
            return ambiguous(raw, [first, second], "two readings; write it with a plus, or give the region")
        case (nil, let second?):
            return ambiguous(raw, [second], "a national number without a region; write it with a plus, or give the region")
        case (nil, nil):
            return refused(raw, .onlyReading, "no valid reading without a plus or a region", international)
        }
    }

    private static func accepted(_ raw: String, _ number: PhoneNumber, _ rule: PhoneReading.Rule) -> PhoneReading {
        PhoneReading(
            input: raw, status: .ok, e164: number.e164, region: number.region, type: number.type, valid: number.isValid,
            possible: number.isPossible, rule: rule, candidates: [], reason: nil)
    }

    private static func ambiguous(_ raw: String, _ numbers: [PhoneNumber], _ reason: String) -> PhoneReading {
        PhoneReading(
            input: raw, status: .ambiguous, e164: nil, region: nil, type: .unknown, valid: false, possible: true, rule: .onlyReading,
            candidates: numbers.map(\.e164), reason: reason)
    }

    private static func refused(
        _ raw: String, _ rule: PhoneReading.Rule, _ reason: String, _ number: PhoneNumber? = nil
    ) -> PhoneReading {
        PhoneReading(
            input: raw, status: .invalid, e164: nil, region: nil, type: .unknown, valid: false, possible: number?.isPossible ?? false,
            rule: rule, candidates: [], reason: reason)
    }
}
