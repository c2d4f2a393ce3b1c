/// Reads digits as libphonenumber does, by the number plan of one region or of the country code they begin with.
struct NumberParser {
    enum Failure: Error, Equatable {
        case notANumber, tooLong, tooShort
        /// No known country code, and no region to read it in.
        case noCountryCode
    }

    let metadata: Metadata

    /// How a country code was found.
    enum Source { case plus, internationalPrefix, withoutPlus, region }

    /// Reads a text in a region (index), nil for none. Throws `Failure`.
    func parse(_ text: borrowing NumberText, in region: Int?) throws(Failure) -> (number: PhoneNumber, source: Source) {
        if text.hasPlus {
            do throws(Failure) {
                return (try international(text.digits.copy()), .plus)
            } catch {
                // A plus before something that begins with no country code is read as if it were not there.
                guard error == .noCountryCode, region != nil else { throw error }
                let read = try parseWithoutPlus(text.digits, in: region)
                guard read.source != .region else { throw .noCountryCode }
                return read
            }
        }
        return try parseWithoutPlus(text.digits, in: region)
    }

    private func parseWithoutPlus(_ digits: borrowing Digits, in region: Int?) throws(Failure) -> (number: PhoneNumber, source: Source) {
        guard let region else { throw .noCountryCode }
        let plan = metadata.regions[region]
        var rest = digits.copy()
        let prefix = metadata.prefixLength(plan.internationalPrefix, digits)
        if prefix > 0 {
            rest.dropFirst(prefix)
            // No country code begins with a zero, so then the match was no prefix.
            if rest.isEmpty || rest[0] != 0 { return (try international(rest), .internationalPrefix) }
        }
        if let national = withoutCountryCode(digits, plan) {
            guard let code = metadata.code(Int(plan.countryCode)) else { throw .noCountryCode }
            return (try finished(national, code), .withoutPlus)
        }
        return (try national(digits, in: region), .region)
    }

    /// Reads digits that begin with a country code.
    func international(_ digits: consuming Digits) throws(Failure) -> PhoneNumber {
        guard digits.count > 2 else { throw .tooShort }
        guard let (code, length) = metadata.countryCode(of: digits) else { throw .noCountryCode }
        digits.dropFirst(length)
        return try finished(digits, code)
    }

    /// Reads the digits of E.164 as they are: what looks like a national prefix is part of the number.
    func exact(_ digits: consuming Digits) throws(Failure) -> PhoneNumber {
        guard let (code, length) = metadata.countryCode(of: digits) else { throw .noCountryCode }
        digits.dropFirst(length)
        return try number(digits, metadata.codes[code])
    }

    /// The valid number that digits with a country code are, as they are or without a national prefix; nil for none.
    func validInternational(_ digits: borrowing Digits) -> PhoneNumber? {
        if let exact = try? exact(digits.copy()), exact.isValid { return exact }
        return (try? international(digits.copy())).flatMap { $0.isValid ? $0 : nil }
    }

    /// The number that +52 1 and ten digits stand for, the form of Mexican mobile numbers until 2019, which WhatsApp still shows. A candidate
    /// only: what was written is no number any more. Nil for other digits.
    func modernMexican(_ digits: borrowing Digits) -> PhoneNumber? {
        guard digits.count == 13, digits[0] == 5, digits[1] == 2, digits[2] == 1 else { return nil }
        var modern = Digits()
        for index in 0..<digits.count where index != 2 { _ = modern.append(digits[index]) }
        return (try? exact(modern)).flatMap { $0.isValid ? $0 : nil }
    }

    /// Whether what follows the country code is a short code of one of its regions.
    func isShortCode(_ digits: borrowing Digits) -> Bool {
        guard let (index, length) = metadata.countryCode(of: digits) else { return false }
        let code = metadata.codes[index]
        var national = digits.copy()
        national.dropFirst(length)
        for region in Int(code.firstRegion)..<Int(code.firstRegion + code.regionCount)
        where metadata.matches(metadata.regions[region].shortCode, national) {
            return true
        }
        return false
    }

    /// What a premium or shared-cost number is called that begins the digits, as where a plan has been lengthened; nil for none.
    func premiumBeginning(of digits: borrowing Digits) -> String? {
        guard let (index, length) = metadata.countryCode(of: digits) else { return nil }
        var national = digits.copy()
        national.dropFirst(length)
        switch metadata.types(onTheWay: metadata.codes[index], national).first(where: { $0 == .premiumRate || $0 == .sharedCost }) {
        case .premiumRate: return "a premium-rate number"
        case .some: return "a shared-cost number"
        case nil: return nil
        }
    }

    /// Reads the national form of a region.
    func national(_ digits: borrowing Digits, in region: Int) throws(Failure) -> PhoneNumber {
        let plan = metadata.regions[region]
        guard let code = metadata.code(Int(plan.countryCode)) else { throw .noCountryCode }
        return try finished(digits.copy(), code, plan)
    }

    /// Digits without the region's own country code, where they are a number only without it, or too long with it.
    private func withoutCountryCode(_ digits: borrowing Digits, _ plan: Metadata.Region) -> Digits? {
        guard let (code, length) = metadata.countryCode(of: digits), metadata.codes[code].countryCode == plan.countryCode else {
            return nil
        }
        var national = digits.copy()
        national.dropFirst(length)
        if let stripped = withoutNationalPrefix(national, plan) { national = stripped }
        let better = !metadata.matches(plan.general, digits) && metadata.matches(plan.general, national)
        if better || Length(of: digits.count, in: plan) == .tooLong { return national }
        return nil
    }

    /// Digits without the national prefix; nil where there is none, or where they were a number only with it.
    private func withoutNationalPrefix(_ digits: borrowing Digits, _ plan: Metadata.Region) -> Digits? {
        guard let action = metadata.prefixAction(plan.nationalPrefix, digits) else { return nil }
        var stripped = digits.copy()
        stripped.apply(action)
        if metadata.matches(plan.general, digits), !metadata.matches(plan.general, stripped) { return nil }
        return stripped
    }

    /// The number of digits behind a country code; the plan is that of the main region unless it is given.
    private func finished(_ digits: consuming Digits, _ code: Int, _ given: Metadata.Region? = nil) throws(Failure) -> PhoneNumber {
        guard digits.count >= 2 else { throw .tooShort }
        let code = metadata.codes[code]
        let main = metadata.regions[Int(code.firstRegion)]
        let plan = given ?? main
        if let stripped = withoutNationalPrefix(digits, plan) {
            let length = Length(of: stripped.count, in: plan)
            if length == .possible || length == .tooLong { digits = stripped }
        }
        return try number(digits, code)
    }

    private func number(_ digits: borrowing Digits, _ code: Metadata.Code) throws(Failure) -> PhoneNumber {
        guard digits.count >= 2 else { throw .tooShort }
        guard digits.count <= 17 else { throw .tooLong }
        let main = metadata.regions[Int(code.firstRegion)]
        let label = metadata.classify(code, digits)
        return PhoneNumber(
            countryCode: code.countryCode, national: digits.value, nationalLength: UInt8(digits.count), regionIndex: label.region,
            type: label.type, length: Length(of: digits.count, in: main))
    }
}

/// What the count of a national number's digits says.
enum Length: UInt8, Sendable {
    case possible
    /// Enough to dial from nearby only.
    case localOnly
    case tooShort, tooLong
    /// Neither too short nor too long, but no number has it.
    case none

    init(of count: Int, in plan: Metadata.Region) {
        let bit: UInt32 = count < 32 ? 1 << UInt32(count) : 0
        if plan.localLengths & bit != 0 {
            self = .localOnly
        } else if plan.lengths & bit != 0 {
            self = .possible
        } else if bit == 0 || plan.lengths < bit {
            self = .tooLong
        } else {
            self = plan.lengths & (bit - 1) == 0 ? .tooShort : .none
        }
    }
}
