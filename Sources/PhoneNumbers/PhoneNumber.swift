/// A number in E.164, split into country code and national number.
public struct PhoneNumber: Hashable, Sendable {
    /// `+` and 4 to 15 digits.
    public let e164: String
    /// Without `+`.
    public let countryCode: String
    /// As `POST /{waba}/phone_numbers` takes it.
    public let nationalNumber: String
    /// ISO 3166-1 alpha-2; nil for numbers of no country.
    public let region: String?
    public let type: PhoneNumberType
    /// Whether the number plan known to the metadata holds it.
    public let isValid: Bool
    /// Whether its length is possible in its country; enough to send to when the number was given with a plus.
    public let isPossible: Bool

    /// The metadata release, such as `9.0.43`.
    public static var metadataVersion: String { PhoneNumbers.metadataVersion }

    /// Reads digits that begin with a country code. Nil when there is no such country code or no length that could be a number.
    init?(international digits: ArraySlice<UInt8>) {
        guard digits.count <= 15, let (regions, national) = Metadata.shared.split(digits), let main = regions.first else { return nil }
        // A plus and a trunk prefix, as in +44 (0)20: stripped only where that makes the number valid.
        let stripped = NationalPrefix.strip(national, in: main)
        self.init(regions: regions, national: stripped)
    }

    /// Reads digits in the national form of a region.
    init?(national digits: ArraySlice<UInt8>, region: RegionMetadata) {
        let regions = Metadata.shared.byCountryCode[region.countryCode] ?? [region]
        self.init(regions: regions, national: NationalPrefix.strip(digits, in: region))
    }

    private init?(regions: [RegionMetadata], national: ArraySlice<UInt8>) {
        guard let main = regions.first, national.count >= 2, national.count + main.countryCode.count <= 15 else { return nil }
        var owner: RegionMetadata?
        var type: PhoneNumberType?
        for candidate in regions {
            if let leading = candidate.leadingDigits {
                guard leading.matchPrefix(national) != nil else { continue }
                owner = candidate
                type = candidate.type(of: national)
                break
            }
            if regions.count == 1 {
                owner = candidate
                type = candidate.type(of: national)
                break
            }
            if let found = candidate.type(of: national) {
                owner = candidate
                type = found
                break
            }
        }
        countryCode = main.countryCode
        nationalNumber = String(decoding: national.map { $0 + 48 }, as: UTF8.self)
        e164 = "+" + countryCode + nationalNumber
        region = owner.flatMap { $0.region == "001" ? nil : $0.region }
        self.type = type ?? .unknown
        isValid = type != nil
        // A valid number is possible, also where its length is a local one (the seven-digit UANs of Canada).
        isPossible = type != nil || main.possibleLengths.contains(national.count)
    }

    /// Reads a number that is already E.164, such as a stored one.
    public init?(e164: String) {
        guard e164.utf8.first == UInt8(ascii: "+") else { return nil }
        let digits = e164.utf8.dropFirst().map { $0 &- 48 }
        guard digits.count >= 4, digits.allSatisfy({ $0 < 10 }) else { return nil }
        self.init(international: digits[...])
    }
}

/// Trunk prefixes, carrier codes and the rewriting rules that go with them.
enum NationalPrefix {
    /// The national number without its trunk prefix; as it was where that would leave too little to be a number.
    static func strip(_ national: ArraySlice<UInt8>, in region: RegionMetadata) -> ArraySlice<UInt8> {
        let stripped = removingPrefix(national, in: region)
        return region.possibleLengths.contains(stripped.count) || stripped.count > (region.possibleLengths.max() ?? 0) ? stripped : national
    }

    private static func removingPrefix(_ national: ArraySlice<UInt8>, in region: RegionMetadata) -> ArraySlice<UInt8> {
        guard let prefix = region.nationalPrefix, let match = prefix.matchPrefix(national), match.end > national.startIndex else {
            return national
        }
        let wasValid = region.general?.matchesWhole(national) ?? false
        let result: ArraySlice<UInt8>
        if !region.transform.isEmpty, match.groups.contains(where: { $0 != nil }) {
            guard let last = match.groups.last, last != nil else { return plain(national, match, region, wasValid) }
            var digits: [UInt8] = []
            var rest = Substring(region.transform)
            while let character = rest.popFirst() {
                if character == "$", let number = rest.popFirst()?.wholeNumberValue, number <= match.groups.count {
                    if let range = match.groups[number - 1] { digits += national[range] }
                } else if let value = character.wholeNumberValue {
                    digits.append(UInt8(value))
                }
            }
            result = (digits + national[match.end...])[...]
        } else {
            return plain(national, match, region, wasValid)
        }
        return wasValid && !(region.general?.matchesWhole(result) ?? false) ? national : result
    }

    private static func plain(
        _ national: ArraySlice<UInt8>, _ match: DigitPattern.Match, _ region: RegionMetadata, _ wasValid: Bool
    ) -> ArraySlice<UInt8> {
        let result = national[match.end...]
        return wasValid && !(region.general?.matchesWhole(result) ?? false) ? national : result
    }
}
