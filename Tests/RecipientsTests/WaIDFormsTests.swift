import Testing

@testable import Recipients

@Suite struct WaIDFormsTests {
    @Test(arguments: [
        ("5511987654321", ["5511987654321", "551187654321"]), ("551187654321", ["551187654321", "5511987654321"]),
        ("551133334444", ["551133334444"]), ("5215512345678", ["5215512345678", "525512345678"]),
        ("525512345678", ["525512345678", "5215512345678"]), ("5491123456789", ["5491123456789", "541123456789"]),
        ("541123456789", ["541123456789", "5491123456789"]), ("16315551234", ["16315551234"]), ("447700900123", ["447700900123"]),
        ("55", ["55"]), ("52", ["52"]), ("54", ["54"]),
        ("2290195000000", ["2290195000000", "22995000000"]), ("22995000000", ["22995000000", "2290195000000"]),
        ("2250707123456", ["2250707123456", "22507123456"]), ("22507123456", ["22507123456", "2250707123456"]),
        ("22505123456", ["22505123456", "2250505123456"]), ("22541123456", ["22541123456", "2250141123456"]),
        // Not what an operator put in front of such a number, a fixed line, and a number made since.
        ("2250107123456", ["2250107123456"]), ("22520123456", ["22520123456"]), ("2252520123456", ["2252520123456"]), ("229", ["229"]),
    ])
    func numbersThatGrewHaveTwoForms(digits: String, forms: [String]) {
        #expect(WaIDForms.of(digits: digits) == forms)
    }

    @Test func everyFormLeadsBackToTheOther() {
        for digits in ["5511987654321", "5215512345678", "5491123456789", "2290195000000", "22549123456"] {
            for form in WaIDForms.of(digits: digits) { #expect(Set(WaIDForms.of(digits: form)) == Set(WaIDForms.of(digits: digits))) }
        }
    }

    @Test(arguments: ["", "+", "+1", "+12a4", "16315551234", "+1234567890123456", "US.\u{0}", String(repeating: "u", count: 257)])
    func whatIsNeitherANumberNorAUserIDIsNoAddress(text: String) {
        #expect(Address(text) == nil)
        #expect(throws: RecipientError.self) { try Address.checked(text) }
    }

    @Test func aUserIDHasNoNumberForms() {
        #expect(Address("US.13491208655302741918")?.waIDs == [])
        #expect(Address("+16315551234")?.waIDs == ["16315551234"])
    }
}
