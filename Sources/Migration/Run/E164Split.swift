import PhoneNumbers

/// The two parts of a number as `POST /{waba}/phone_numbers` takes them.
enum E164Split {
    static func split(_ e164: String) -> (countryCode: String, national: String)? {
        PhoneNumber(e164: e164).map { ($0.countryCode, $0.nationalNumber) }
    }
}
