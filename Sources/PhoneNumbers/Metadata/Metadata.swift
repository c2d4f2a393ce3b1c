/// What is known of the numbers of one region.
struct RegionMetadata: Sendable {
    let region: String
    let countryCode: String
    let internationalPrefix: DigitPattern?
    let nationalPrefix: DigitPattern?
    /// What the stripped prefix is replaced by: digits and `$1`, `$2`.
    let transform: String
    let leadingDigits: DigitPattern?
    let isMain: Bool
    let general: DigitPattern?
    let possibleLengths: Set<Int>
    /// In the order in which they are tried.
    let types: [(type: PhoneNumberType, pattern: DigitPattern)]
    let fixedLine: DigitPattern?
    let mobile: DigitPattern?

    init(line: Substring) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        region = fields[0]
        countryCode = fields[1]
        internationalPrefix = DigitPattern(fields[2])
        nationalPrefix = DigitPattern(fields[3])
        transform = fields[4]
        leadingDigits = DigitPattern(fields[5])
        isMain = fields[6] == "1"
        general = DigitPattern(fields[7])
        possibleLengths = Set(fields[8].split(separator: ",").compactMap { Int($0) })
        fixedLine = DigitPattern(fields[9])
        mobile = DigitPattern(fields[10])
        let order: [(PhoneNumberType, Int)] = [
            (.premiumRate, 12), (.tollFree, 11), (.sharedCost, 13), (.voip, 15), (.personal, 14), (.pager, 16), (.uan, 17),
            (.voicemail, 18),
        ]
        types = order.compactMap { type, index in DigitPattern(fields[index]).map { (type, $0) } }
    }

    /// The type of a national number, nil when it is not valid in this region.
    func type(of national: ArraySlice<UInt8>) -> PhoneNumberType? {
        guard let general, general.matchesWhole(national) else { return nil }
        for (type, pattern) in types where pattern.matchesWhole(national) { return type }
        let fixed = fixedLine?.matchesWhole(national) ?? false
        let mobile = mobile?.matchesWhole(national) ?? false
        if fixed && mobile { return .fixedLineOrMobile }
        if fixed { return .fixedLine }
        return mobile ? .mobile : nil
    }
}

/// All regions, read once from the generated text.
struct Metadata: Sendable {
    static let shared = Metadata(text: metadataText)

    let byRegion: [String: RegionMetadata]
    /// Regions of a country code, the main one first.
    let byCountryCode: [String: [RegionMetadata]]

    init(text: String) {
        let all = text.split(separator: "\n").map(RegionMetadata.init)
        byRegion = Dictionary(all.filter { $0.region != "001" }.map { ($0.region, $0) }, uniquingKeysWith: { first, _ in first })
        byCountryCode = Dictionary(grouping: all, by: \.countryCode).mapValues { $0.filter(\.isMain) + $0.filter { !$0.isMain } }
    }

    /// Splits digits of an international number into country code and national number.
    func split(_ digits: ArraySlice<UInt8>) -> (regions: [RegionMetadata], national: ArraySlice<UInt8>)? {
        for length in 1...3 where digits.count > length {
            let code = String(decoding: digits.prefix(length).map { $0 + 48 }, as: UTF8.self)
            if let regions = byCountryCode[code] { return (regions, digits.dropFirst(length)) }
        }
        return nil
    }
}
