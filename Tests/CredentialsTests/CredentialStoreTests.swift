import CloudAPI
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Credentials

@Suite struct CredentialStoreTests {
    let key = MasterKey.generate()

    private func store(_ client: PostgresClient, keys: [MasterKey]? = nil, freshness: Duration = .zero) throws -> CredentialStore {
        CredentialStore(vault: try Vault(keys: keys ?? [key]), client: client, freshness: freshness)
    }

    private func code(of work: () async throws -> some Any) async -> CredentialError.Code? {
        do {
            _ = try await work()
            return nil
        } catch {
            return (error as? CredentialError)?.code
        }
    }

    @Test func aTokenServesTheWABAsItNamesAndTheOtherOneTheRest() async throws {
        try await TestDatabase.with { client in
            let store = try store(client)
            #expect(await code { try await store.token(forWABA: "1") } == .noCredential)
            let named = try await store.add(name: "acme", token: Secret(" token-a\n"), wabaIDs: ["2", "1", "2"])
            #expect(named.wabaIDs == ["1", "2"] && !named.everyWABA && named.keyID == key.id && named.rotatedAt == nil)
            #expect(try await store.token(forWABA: "1").reveal() == "token-a")
            #expect(await code { try await store.token(forWABA: "3") } == .noCredential)
            let all = try await store.add(name: "all", token: Secret("token-b"))
            #expect(all.everyWABA && all.wabaIDs.isEmpty)
            #expect(try await store.token(forWABA: "3").reveal() == "token-b")
            #expect(try await store.token(forWABA: "2").reveal() == "token-a")
            #expect(try await store.token(named: "all").reveal() == "token-b")
            #expect(await code { try await store.token(named: "nobody") } == .notFound)
            #expect(try await store.list() == [named, all])
        }
    }

    @Test func whatCannotBeStoredIsRefusedAndLeavesNothing() async throws {
        try await TestDatabase.with { client in
            let store = try store(client)
            let first = try await store.add(name: "one", token: Secret("t1"), wabaIDs: ["1"])
            let all = try await store.add(name: "all", token: Secret("t2"))
            #expect(await code { try await store.add(name: "one", token: Secret("x"), wabaIDs: ["9"]) } == .nameTaken)
            #expect(await code { try await store.add(name: "two", token: Secret("x"), wabaIDs: ["9", "1"]) } == .wabaTaken)
            #expect(await code { try await store.add(name: "two", token: Secret("x")) } == .wabaTaken)
            #expect(await code { try await store.assign(name: "one", wabaIDs: []) } == .wabaTaken)
            #expect(await code { try await store.assign(name: "nobody", wabaIDs: ["7"]) } == .notFound)
            #expect(await code { try await store.rotate(name: "nobody", token: Secret("x")) } == .notFound)
            #expect(await code { try await store.remove(name: "nobody") } == .notFound)
            for token in ["", " \n", "two words", "line\nbreak", "clé", "tab\tbed", String(repeating: "x", count: 4097)] {
                #expect(await code { try await store.add(name: "bad", token: Secret(token)) } == .badValue)
                #expect(await code { try await store.rotate(name: "one", token: Secret(token)) } == .badValue)
            }
            for name in ["", "a\u{0}b", "a\nb", String(repeating: "n", count: 101)] {
                #expect(await code { try await store.add(name: name, token: Secret("x"), wabaIDs: ["9"]) } == .badValue)
            }
            for waba in ["", "abc", "1 ", "-1", "1'--", String(repeating: "1", count: 65)] {
                #expect(await code { try await store.add(name: "bad", token: Secret("x"), wabaIDs: [waba]) } == .badValue)
            }
            #expect(try await store.list() == [all, first].sorted { $0.name < $1.name })
        }
    }

    @Test func assigningMovesWABAsAndNothingElse() async throws {
        try await TestDatabase.with { client in
            let store = try store(client)
            try await store.add(name: "one", token: Secret("t1"), wabaIDs: ["1", "2"])
            try await store.add(name: "two", token: Secret("t2"), wabaIDs: ["3"])
            #expect(try await store.token(forWABA: "1").reveal() == "t1")
            #expect(try await store.assign(name: "one", wabaIDs: ["2", "4"]).wabaIDs == ["2", "4"])
            #expect(await code { try await store.token(forWABA: "1") } == .noCredential)
            #expect(try await store.assign(name: "two", wabaIDs: ["1", "3"]).wabaIDs == ["1", "3"])
            #expect(try await store.token(forWABA: "1").reveal() == "t2")
            #expect(try await store.token(forWABA: "4").reveal() == "t1")
            #expect(try await store.assign(name: "two", wabaIDs: []).everyWABA)
            #expect(try await store.token(forWABA: "77").reveal() == "t2")
            try await store.remove(name: "one")
            #expect(try await store.token(forWABA: "2").reveal() == "t2")
            #expect(try await client.query("SELECT count(*) FROM credentials.waba").decodeFirst(Int.self) == 0)
        }
    }

    /// Of many who claim the same WABA at once exactly one gets it.
    @Test func aWABAIsServedByOneEvenWhenManyClaimIt() async throws {
        try await TestDatabase.with { client in
            let store = try store(client)
            let codes = await withTaskGroup { group in
                for number in 0..<8 {
                    group.addTask {
                        await code { try await store.add(name: "c\(number)", token: Secret("t\(number)"), wabaIDs: ["1", "2"]) }
                    }
                }
                return await group.reduce(into: [CredentialError.Code?]()) { $0.append($1) }
            }
            #expect(codes.count { $0 == nil } == 1 && codes.count { $0 == .wabaTaken } == 7)
            let stored = try await store.list()
            #expect(stored.count == 1 && stored[0].wabaIDs == ["1", "2"])
        }
    }

    @Test func aRotatedTokenIsUsedAtOnceHereAndSoonElsewhere() async throws {
        try await TestDatabase.with { client in
            let clock = Clock()
            let vault = try Vault(keys: [key])
            let other = CredentialStore(vault: vault, client: client, freshness: .seconds(2), capacity: 10, now: { clock.now })
            let store = try store(client, freshness: .seconds(3600))
            let added = try await store.add(name: "all", token: Secret("old"))
            #expect(try await store.token(forWABA: "1").reveal() == "old")
            #expect(try await other.token(forWABA: "1").reveal() == "old")
            let rotated = try await store.rotate(name: "all", token: Secret("new"))
            #expect(rotated.id == added.id && rotated.createdAt == added.createdAt && rotated.rotatedAt != nil)
            #expect(try await store.token(forWABA: "1").reveal() == "new")
            // Another process: it may use the old one until it has to look again, and not after.
            #expect(try await other.token(forWABA: "1").reveal() == "old")
            clock.advance(by: .seconds(3))
            #expect(try await other.token(forWABA: "1").reveal() == "new")
            // Removed elsewhere: gone as soon; and at once when asked to forget.
            try await store.remove(name: "all")
            #expect(try await other.token(forWABA: "1").reveal() == "new")
            other.forget()
            #expect(await code { try await other.token(forWABA: "1") } == .noCredential)
        }
    }

    @Test func aNewMasterKeyTakesOverAndTheOldOneCanGo() async throws {
        try await TestDatabase.with { client in
            let new = MasterKey.generate()
            try await store(client).add(name: "a", token: Secret("ta"), wabaIDs: ["1"])
            try await store(client).add(name: "b", token: Secret("tb"))
            let both = try store(client, keys: [new, key])
            try await both.check()
            try await both.rotate(name: "b", token: Secret("tb2"))
            #expect(try await both.list().map(\.keyID) == [key.id, new.id])
            #expect(try await both.reseal() == 1)
            #expect(try await both.reseal() == 0)
            let after = try store(client, keys: [new])
            try await after.check()
            #expect(try await after.token(forWABA: "1").reveal() == "ta")
            #expect(try await after.token(forWABA: "2").reveal() == "tb2")
            #expect(try await after.list().map(\.keyID) == [new.id, new.id])
        }
    }

    @Test func aMissingMasterKeyIsToldAndChangesNothing() async throws {
        try await TestDatabase.with { client in
            try await store(client).add(name: "a", token: Secret("ta"))
            let wrong = try store(client, keys: [MasterKey.generate()])
            #expect(await code { try await wrong.check() } == .unknownKey)
            #expect(await code { try await wrong.token(forWABA: "1") } == .unknownKey)
            #expect(await code { try await wrong.token(named: "a") } == .unknownKey)
            #expect(await code { try await wrong.reseal() } == .unknownKey)
            #expect(try await wrong.list().map(\.keyID) == [key.id])
            #expect(try await store(client).token(forWABA: "1").reveal() == "ta")
        }
    }
}

/// What somebody who can read or write the database gets.
@Suite struct StoredTokenTests {
    private let token = "EAAG-plain-token-0123456789"

    @Test func noColumnHoldsATokenInAnyForm() async throws {
        try await TestDatabase.with { client in
            let store = CredentialStore(vault: try Vault(keys: [.generate()]), client: client)
            try await store.add(name: "a", token: Secret(token), wabaIDs: ["1"])
            try await store.rotate(name: "a", token: Secret(token))
            let rows = try await client.query(
                """
                SELECT to_jsonb(c)::text, encode(c.sealed, 'escape'), encode(c.sealed, 'base64') FROM credentials.credential c
                UNION ALL SELECT to_jsonb(w)::text, '', '' FROM credentials.waba w
                UNION ALL SELECT to_jsonb(r)::text, '', '' FROM credentials.revision r
                """
            ).decode((String, String, String).self)
            #expect(rows.count == 3)
            let hex = token.utf8.map { String($0, radix: 16) }.joined()
            let forms = [token, String(token.dropFirst(5)), hex, String(hex.dropFirst(10)), Data(token.utf8).base64EncodedString()]
            for row in rows {
                for form in forms { #expect(!row.0.contains(form) && !row.1.contains(form) && !row.2.contains(form)) }
            }
            let listed = try String(decoding: JSONEncoder().encode(try await store.list()), as: UTF8.self)
            #expect(!listed.contains("EAAG") && !listed.contains("sealed"))
        }
    }

    @Test func aValueMovedToAnotherRowOrPutBackDoesNotOpen() async throws {
        try await TestDatabase.with { client in
            let store = CredentialStore(vault: try Vault(keys: [.generate()]), client: client, freshness: .zero)
            try await store.add(name: "a", token: Secret("ta"), wabaIDs: ["1"])
            try await store.add(name: "b", token: Secret("tb"), wabaIDs: ["2"])
            let old = try #require(
                try await client.query("SELECT sealed FROM credentials.credential WHERE name = 'a'").decodeFirst(Data.self))
            try await client.query("UPDATE credentials.credential SET sealed = \(old) WHERE name = 'b'")
            let moved = await #expect(throws: CredentialError.self) { try await store.token(forWABA: "2") }
            #expect(moved?.code == .damaged)
            #expect(try await store.token(forWABA: "1").reveal() == "ta")
            try await store.rotate(name: "a", token: Secret("ta2"))
            try await client.query("UPDATE credentials.credential SET sealed = \(old) WHERE name = 'a'")
            let put = await #expect(throws: CredentialError.self) { try await store.token(forWABA: "1") }
            #expect(put?.code == .damaged)
            let checked = await #expect(throws: CredentialError.self) { try await store.check() }
            #expect(checked?.code == .damaged)
        }
    }

    @Test func errorsHoldNoToken() async throws {
        try await TestDatabase.with { client in
            let store = CredentialStore(vault: try Vault(keys: [.generate()]), client: client)
            try await store.add(name: "a", token: Secret(token))
            for work in [
                { try await store.add(name: "a", token: Secret(token), wabaIDs: ["1"]) },
                { try await store.add(name: "b", token: Secret(token)) },
                { try await store.add(name: "c", token: Secret(token + " x")) },
                { try await store.rotate(name: "z", token: Secret(token)) },
            ] as [() async throws -> StoredCredential] {
                let error = await #expect(throws: CredentialError.self) { try await work() }
                #expect("\(String(describing: error)) \(String(reflecting: error))".contains("EAAG") == false)
            }
        }
    }
}
