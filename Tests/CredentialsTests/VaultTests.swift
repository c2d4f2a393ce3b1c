import CloudAPI
import Crypto
import Foundation
import Testing

@testable import Credentials

@Suite struct VaultTests {
    let old = MasterKey.generate()
    let new = MasterKey.generate()

    @Test(arguments: ["", "EAAG0123", "ключ 🔑\u{0}", String(repeating: "x", count: 10_000)])
    func whatWasSealedOpensAgain(text: String) throws {
        let vault = try Vault(keys: [new])
        #expect(try vault.open(vault.seal(Secret(text), for: "a"), for: "a").reveal() == text)
    }

    @Test func theSameSecretIsNeverSealedToTheSameBytes() throws {
        let vault = try Vault(keys: [new])
        #expect(try vault.seal(Secret("token"), for: "a") != vault.seal(Secret("token"), for: "a"))
    }

    @Test func theSealedFormDoesNotHoldTheText() throws {
        let sealed = try Vault(keys: [new]).seal(Secret("EAAG-very-secret"), for: "a")
        #expect(sealed.range(of: Data("EAAG".utf8)) == nil)
        #expect(try Vault.keyID(of: sealed, for: "a") == new.id)
    }

    @Test func afterARotationOldKeysOpenAndTheNewestSeals() throws {
        let before = try Vault(keys: [old])
        let after = try Vault(keys: [new, old])
        let sealed = try before.seal(Secret("token"), for: "a")
        #expect(try after.open(sealed, for: "a").reveal() == "token")
        #expect(after.isOutdated(sealed))
        let again = try after.seal(Secret("token"), for: "a")
        #expect(!after.isOutdated(again))
        #expect(try Vault.keyID(of: again, for: "a") == new.id)
    }

    @Test func aMissingKeyIsNamedByItsID() throws {
        let sealed = try Vault(keys: [old]).seal(Secret("token"), for: "the place")
        let error = #expect(throws: CredentialError.self) { try Vault(keys: [new]).open(sealed, for: "the place") }
        #expect(error?.code == .unknownKey)
        #expect(error?.message.contains(old.id) == true && error?.message.contains("the place") == true)
    }

    @Test func aSecretDoesNotOpenInAnotherPlace() throws {
        let vault = try Vault(keys: [new])
        let sealed = try vault.seal(Secret("token"), for: "row 1")
        #expect(throws: CredentialError.self) { try vault.open(sealed, for: "row 2") }
    }

    @Test func everyChangedByteIsNoticed() throws {
        let vault = try Vault(keys: [new])
        let sealed = try vault.seal(Secret("token"), for: "a")
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: CredentialError.self, "byte \(index)") { try vault.open(changed, for: "a") }
        }
        for length in 0..<sealed.count {
            #expect(throws: CredentialError.self, "length \(length)") { try vault.open(sealed.prefix(length), for: "a") }
        }
    }

    @Test func aSliceWhoseIndicesDoNotStartAtZeroOpens() throws {
        let vault = try Vault(keys: [new])
        let padded = Data([9, 9, 9]) + (try vault.seal(Secret("token"), for: "a"))
        #expect(try vault.open(padded.dropFirst(3), for: "a").reveal() == "token")
    }

    @Test func printingAKeyShowsOnlyItsID() throws {
        let text = "\(new) \(String(reflecting: new)) \(dump(of: new))"
        #expect(text.contains(new.id))
        #expect(!text.contains(new.base64))
    }

    private func dump(of value: some Any) -> String {
        var text = ""
        Swift.dump(value, to: &text)
        return text
    }

    @Test(arguments: [
        ("", "is empty"), ("not base64!", "is not base64"), ("AAAA", "holds 3 bytes"),
        (Data(repeating: 7, count: 33).base64EncodedString(), "holds 33 bytes"),
    ])
    func aBadSettingIsToldWithoutEchoingIt(text: String, reason: String) {
        let error = #expect(throws: CredentialError.self) { try MasterKey.list(base64: text, source: "RELEVO_MASTER_KEY") }
        #expect(error?.code == .badMasterKey)
        #expect(error?.message.contains(reason) == true && error?.message.contains("RELEVO_MASTER_KEY") == true)
        #expect(text.count < 4 || error?.message.contains(text) == false)
    }

    @Test func severalKeysAreReadNewestFirst() throws {
        let keys = try MasterKey.list(base64: "\(new.base64),\n\(old.base64)\n", source: "x")
        #expect(keys.map(\.id) == [new.id, old.id])
    }

    @Test func theIDIsTheBeginningOfTheSHA256OfTheKey() throws {
        // SHA-256 of 32 zero bytes, from a published table.
        #expect(try MasterKey(SymmetricKey(data: Data(count: 32))).id == "66687aad")
        #expect(throws: CredentialError.self) { try MasterKey(SymmetricKey(data: Data(count: 16))) }
    }
}

@Suite struct SecretHashTests {
    @Test func aHashMatchesItsSecretOnly() throws {
        let hash = SecretHash(of: Secret("rk_live_1"))
        let stored = try #require(SecretHash(bytes: hash.bytes))
        #expect(stored.matches(Secret("rk_live_1")))
        #expect(!stored.matches(Secret("rk_live_2")) && !stored.matches(Secret("")))
        #expect("\(hash)" == "[redacted]")
    }

    @Test(arguments: [0, 31, 33]) func bytesOfAnotherLengthAreNoHash(count: Int) {
        #expect(SecretHash(bytes: Data(count: count)) == nil)
    }
}
