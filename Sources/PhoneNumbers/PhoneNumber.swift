/// A number in E.164, split into country code and national number.
///
/// It holds no text: country code and national number are kept as numbers and written out when asked for.
public struct PhoneNumber: Hashable, Sendable {
    private let code: UInt16
    private let national: UInt64
    /// Digits of the national number, with its leading zeros.
    private let nationalLength: UInt8
    private let regionIndex: UInt16
    let length: Length
    public let type: PhoneNumberType

    init(countryCode: UInt16, national: UInt64, nationalLength: UInt8, regionIndex: UInt16, type: PhoneNumberType, length: Length) {
        code = countryCode
        self.national = national
        self.nationalLength = nationalLength
        self.regionIndex = regionIndex
        self.type = type
        self.length = length
    }

    /// `+` and digits. E.164 allows 15; number plans know longer ones (see `fitsE164`).
    public var e164: String {
        // Exactly as long as it is: up to 15 bytes need no memory of their own, and a larger capacity would ask for some.
        String(unsafeUninitializedCapacity: 1 + codeLength + Int(nationalLength)) { buffer in
            buffer[0] = UInt8(ascii: "+")
            Self.write(UInt64(code), codeLength, at: 1, to: buffer)
            Self.write(national, Int(nationalLength), at: 1 + codeLength, to: buffer)
            return 1 + codeLength + Int(nationalLength)
        }
    }

    /// Without `+`.
    public var countryCode: String { String(code) }

    /// As `POST /{waba}/phone_numbers` takes it.
    public var nationalNumber: String {
        String(unsafeUninitializedCapacity: Int(nationalLength)) { buffer in
            Self.write(national, Int(nationalLength), at: 0, to: buffer)
            return Int(nationalLength)
        }
    }

    /// ISO 3166-1 alpha-2; nil for numbers of no country.
    public var region: String? { regionIndex == Metadata.noRegion ? nil : Metadata.shared.regions[Int(regionIndex)].name }

    /// Whether the number plan known to the metadata holds it.
    public var isValid: Bool { type != .unknown }
    /// Whether its length is possible in its country, from outside it or inside; what libphonenumber calls possible.
    public var isPossible: Bool { length == .possible || length == .localOnly }
    /// Whether it can be called from anywhere: its length is more than a local one, or the number plan holds it.
    public var isReachable: Bool { length == .possible || isValid }
    /// Whether it has at most the 15 digits of E.164.
    public var fitsE164: Bool { Int(nationalLength) + codeLength <= 15 }

    private var codeLength: Int { code < 10 ? 1 : code < 100 ? 2 : 3 }

    /// Why it is not sent to unless a setting allows it, in words; nil for a usual number.
    var premiumKind: String? {
        switch type {
        case .premiumRate: "a premium-rate number"
        case .sharedCost: "a shared-cost number"
        // ITU-T E.169.1: universal international freephone numbers.
        case .tollFree where code == 800: "an international freephone number"
        default: nil
        }
    }

    /// The region whose number plan it is read by: its own, else the main one of its country code. Nil for numbers of no country.
    public var planRegion: String? {
        region ?? Metadata.shared.code(Int(code)).flatMap { Metadata.shared.regions[Int(Metadata.shared.codes[$0].firstRegion)].name }
    }

    /// The metadata release, such as `9.0.43`.
    public static var metadataVersion: String { PhoneNumbers.metadataVersion }

    private static func write(_ value: UInt64, _ digits: Int, at offset: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) {
        var value = value
        for index in stride(from: offset + digits - 1, through: offset, by: -1) {
            let (quotient, digit) = value.quotientAndRemainder(dividingBy: 10)
            buffer[index] = UInt8(digit) + 48
            value = quotient
        }
    }
}

extension PhoneNumber {
    /// Reads a number that is already E.164, such as a stored one: `+` and 4 to 15 digits, nothing else.
    public init?(e164: String) {
        var e164 = e164
        let parsed: PhoneNumber? = e164.withUTF8 { utf8 in
            guard utf8.first == UInt8(ascii: "+"), (5...16).contains(utf8.count) else { return nil }
            var digits = Digits()
            for byte in utf8.dropFirst() {
                guard byte &- 48 < 10, digits.append(byte - 48) else { return nil }
            }
            return try? NumberParser(metadata: .shared).exact(digits)
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// Reads any text as libphonenumber's `parse` does: what stands around a number is dropped, an extension from its end, and letters are
    /// read as the keys of a telephone. It guesses, so it is no way to find out whom to send to; that is `PhoneNumberReader`.
    /// - Parameter region: ISO 3166-1 alpha-2; how a text without a plus is read. Without one such a text is no number.
    /// - Returns: nil where libphonenumber fails.
    public static func parse(_ text: String, region: String?) -> PhoneNumber? {
        var text = text
        return text.withUTF8 { parse($0, region: region) }
    }

    /// As `parse(_:region:)`, of UTF-8.
    public static func parse(_ utf8: UnsafeBufferPointer<UInt8>, region: String?) -> PhoneNumber? {
        let metadata = Metadata.shared
        guard let text = try? NumberText(utf8) else { return nil }
        return try? NumberParser(metadata: metadata).parse(text, in: region.flatMap(metadata.region)).number
    }
}
