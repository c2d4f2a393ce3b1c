import Foundation
import Testing

@testable import CloudAPI

@Suite struct SecretTests {
    private struct Holder {
        var name = "holder"
        var token: Secret
        var maybe: Secret?
        var all: [String: Secret]
    }

    @Test func noWayOfPrintingShowsIt() {
        let text = "EAAG-very-secret"
        let secret = Secret(text)
        let holder = Holder(token: secret, maybe: secret, all: ["a": secret])
        var dumped = ""
        dump(secret, to: &dumped)
        dump(holder, to: &dumped)
        dump([secret], to: &dumped)
        let printed = [
            "\(secret)", "\(String(describing: Optional(secret)))", String(describing: secret), String(reflecting: secret), "\(holder)",
            String(reflecting: holder), "\([secret])", String(reflecting: ["k": secret]), dumped, secret.description,
            secret.debugDescription,
            "\(GraphOutcome<Secret>.success(secret, GraphResponse(status: 200, body: Data())))",
        ]
        for line in printed { #expect(!line.contains("EAAG") && !line.contains("very")) }
        #expect("\(secret)" == "[redacted]")
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect(!(secret is any Encodable) && !(secret is any LosslessStringConvertible))
    }

    @Test func equalityIsThatOfTheText() {
        #expect(Secret("a") == Secret("a") && Secret("") == Secret(""))
        #expect(Secret("a") != Secret("b") && Secret("a") != Secret("ab") && Secret("ab") != Secret("a") && Secret("") != Secret("\u{0}"))
        #expect(Secret("").isEmpty && !Secret(" ").isEmpty && Secret("x").reveal() == "x")
    }
}

@Suite struct SignatureTests {
    /// From `printf BODY | openssl dgst -sha256 -hmac KEY`; the last is test case 2 of RFC 4231.
    static let vectors = [
        ("hello", "app-secret", "ad5c6aa52b4bf4d1955ccd07b1393163fa5aa461e01cedabf58a512035063c49"),
        (#"{"text":"\u00e9\/"}"#, "0123456789abcdef0123456789abcdef", "9372b6a1b5eec4e31cf223a9c110c8c307b8e3688b5146da76d9f65ebfc0eb2e"),
        ("", "app-secret", "f685db4c946698bf105ff5b62e30bc1f78216f3914b12bb750f8992aa6748824"),
        ("what do ya want for nothing?", "Jefe", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    ]

    @Test(arguments: vectors) func knownVectors(body: String, key: String, hex: String) {
        #expect(Signature.sign(body.utf8, secret: Secret(key)) == "sha256=" + hex)
        #expect(Signature.verify("sha256=" + hex, body: body.utf8, secret: Secret(key)))
        #expect(Signature.verify("SHA256=" + hex.uppercased(), body: body.utf8, secret: Secret(key)))
        #expect(!Signature.verify("sha256=" + hex, body: (body + " ").utf8, secret: Secret(key)))
        #expect(!Signature.verify("sha256=" + hex, body: body.utf8, secret: Secret(key + "x")))
    }

    @Test func everyChangedDigitIsNoticed() {
        let header = Array("sha256=" + Self.vectors[0].2)
        for index in 7..<header.count {
            var changed = header
            changed[index] = changed[index] == "0" ? "1" : "0"
            #expect(!Signature.verify(String(changed), body: "hello".utf8, secret: Secret("app-secret")))
        }
    }

    @Test(
        arguments: [
            nil, "", "sha256=", Self.vectors[0].2, "sha1=" + Self.vectors[0].2, "sha256=" + Self.vectors[0].2 + "0",
            "sha256=" + Self.vectors[0].2.dropLast(), "sha256=" + Self.vectors[0].2.dropLast() + "g",
            "sha256=" + Self.vectors[0].2.dropLast(2) + "é",
            " sha256=" + Self.vectors[0].2.dropLast(), "sha256=" + String(repeating: " ", count: 64),
        ] as [String?])
    func whatIsNoSignatureIsRefused(header: String?) {
        #expect(!Signature.verify(header, body: "hello".utf8, secret: Secret("app-secret")))
    }

    @Test func anEmptySecretVerifiesNothing() {
        let header = Signature.sign("hello".utf8, secret: Secret(""))
        #expect(!Signature.verify(header, body: "hello".utf8, secret: Secret("")))
    }

    @Test func theBytesCountAndNotTheirMeaning() throws {
        let secret = Secret("s")
        let body = Array(#"{"text":"\u00e9"}"#.utf8)
        let header = Signature.sign(body, secret: secret)
        #expect(!Signature.verify(header, body: try JSONValue(parsing: body).encoded(), secret: secret))
    }
}
