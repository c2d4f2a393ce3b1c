import Foundation
import PhoneNumbers

/// A WABA.
struct Account {
    var seed: WABASeed
    var isSubscribed: Bool
    var overrideURL: String?
    var numbers: [String] = []
    /// Ids, in the order in which they came.
    var templates: [String] = []
    var calls = MovingBudget(limit: 5_000, span: 3_600)
    var creations = MovingBudget(limit: 100, span: 3_600)

    var id: String { seed.id }
}

/// A phone number id: a number as one account holds it.
struct Line {
    let id: String
    let waba: String
    /// Without plus.
    let digits: String
    /// As payloads show it: now with, now without plus and spaces, always the same digits.
    let display: String
    var name: String
    var status: String
    var nameStatus: String
    var newNameStatus: String
    var platform: String
    var verification: String
    var verifiedAt: Date?
    var pin: String?
    var onBusinessApp: Bool
    var accountMode: String
    var identityCheck: Bool
    var throughput: String
    var quality: String
    /// It is being moved from another account.
    var isMigrating = false
    var code: OneTimeCode?
    var registrations = MovingBudget(limit: 10, span: 72 * 3_600)
    var deregistrations = MovingBudget(limit: 10, span: 72 * 3_600)
    var wrongPINs = 0
    var window: SlidingWindow

    init(seed: NumberSeed) {
        digits = seed.phone.filter { $0.isASCII && $0.isNumber }
        let parts = PhoneNumber(e164: "+" + digits)
        display = Seeded.hash(0, [digits]) % 2 == 0 ? digits : "+\(parts?.countryCode ?? "") \(parts?.nationalNumber ?? digits)"
        waba = seed.waba
        id = seed.id ?? Seeded.id("number", seed.waba, digits, prefix: 1)
        name = seed.name
        status = seed.status
        nameStatus = seed.nameStatus
        newNameStatus = seed.newNameStatus
        platform = seed.platform
        verification = "VERIFIED"
        pin = seed.pin
        onBusinessApp = seed.onBusinessApp
        accountMode = seed.accountMode
        identityCheck = seed.identityCheck
        throughput = seed.throughput
        quality = seed.quality
        window = SlidingWindow(limit: Self.limit(seed.throughput, seed.onBusinessApp))
    }

    static func limit(_ throughput: String, _ onBusinessApp: Bool) -> Int { onBusinessApp ? 20 : throughput == "HIGH" ? 1_000 : 80 }

    var isConnected: Bool { status == "CONNECTED" && platform == "CLOUD_API" }
}

/// The code read aloud.
struct OneTimeCode {
    var code: String
    var method: String
    var expires: Date
}

/// A template of an account.
struct StoredTemplate {
    var id: String
    var seed: TemplateSeed
    var status: String
    var quality: String
    var qualityAt: Date
    var delivered = 0
    var pauses = 0
}
