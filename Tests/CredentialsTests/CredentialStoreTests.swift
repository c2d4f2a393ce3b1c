import CloudAPI
import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Credentials

@Suite(.database) struct CredentialStoreTests {
    private let key = MasterKey.generate()

    /// A store as another process would have it, with a clock of its own.
    private func store(_ keys: [MasterKey]? = nil, clock: ManualClock = ManualClock(), capacity: Int = 100) throws -> CredentialStore {
        try CredentialStore(
            vault: Vault(keys: keys ?? [key]), client: Current.database.client, freshness: .seconds(2), capacity: capacity,
            now: { clock.now })
    }

    /// Time that passes when told to.
    private final class ManualClock: Sendable {
        private let start = ContinuousClock.now
        private let elapsed = Mutex(Duration.zero)
        var now: ContinuousClock.Instant { start + elapsed.withLock { $0 } }
        func advance(_ duration: Duration) { elapsed.withLock { $0 += duration } }
    }

    @Test func aTokenIsFoundByWABAThenByTheOneForAll() async throws {
        let store = try store()
        try await store.add(name: "main", token: Secret("EAA-main"))
        try await store.add(name: "hotels", token: Secret("EAA-hotels\n"), wabaIDs: ["222", "111", "222"])
        #expect(try await store.token(forWABA: "111").reveal() == "EAA-hotels")
        #expect(try await store.token(forWABA: "999").reveal() == "EAA-main")
        #expect(try await store.token(named: "hotels").reveal() == "EAA-hotels")
        let listed = try await store.list()
        #expect(listed.map(\.name) == ["hotels", "main"])
        #expect(listed.map(\.wabaIDs) == [["111", "222"], []])
        #expect(listed.map(\.everyWABA) == [false, true])
        #expect(listed.allSatisfy { $0.keyID == key.id && $0.rotatedAt == nil })
    }

    @Test func aWABAWithoutACredentialIsToldSo() async throws {
        let store = try store()
        let error = await #expect(throws: CredentialError.self) { try await store.token(forWABA: "111") }
        #expect(error?.code == .noCredential && error?.message.contains("111") == true)
    }

    @Test func theTokenIsNowhereInTheDatabaseAsText() async throws {
        try await store().add(name: "main", token: Secret("EAAplaintoken"), wabaIDs: ["1"])
        let rows = try await Current.database.client.query("SELECT encode(sealed, 'escape') || c::text FROM credentials.credential c")
        let text = try #require(try rows.decodeFirst(String.self))
        #expect(!text.contains("EAAplaintoken"))
    }

    @Test func aRotationIsSeenByAnotherProcessWithinSeconds() async throws {
        let clock = ManualClock()
        let here = try store()
        let there = try store(clock: clock)
        try await here.add(name: "main", token: Secret("first"))
        #expect(try await there.token(forWABA: "1").reveal() == "first")
        let rotated = try await here.rotate(name: "main", token: Secret("second"))
        #expect(rotated.rotatedAt != nil)
        #expect(try await here.token(forWABA: "1").reveal() == "second")
        #expect(try await there.token(forWABA: "1").reveal() == "first")
        clock.advance(.seconds(3))
        #expect(try await there.token(forWABA: "1").reveal() == "second")
    }

    @Test func aCachedTokenCostsNoStatement() async throws {
        let store = try store()
        try await store.add(name: "main", token: Secret("first"))
        _ = try await store.token(forWABA: "1")
        // The table is out of reach; only the memory can answer.
        try await Current.database.client.query("ALTER SCHEMA credentials RENAME TO away")
        #expect(try await store.token(forWABA: "1").reveal() == "first")
        await #expect(throws: PostgresError.self) { try await store.token(forWABA: "2") }
    }

    @Test func removingEndsItAndForgetsIt() async throws {
        let store = try store()
        try await store.add(name: "main", token: Secret("first"))
        _ = try await store.token(forWABA: "1")
        try await store.remove(name: "main")
        await #expect(throws: CredentialError.self) { try await store.token(forWABA: "1") }
        let error = await #expect(throws: CredentialError.self) { try await store.remove(name: "main") }
        #expect(error?.code == .notFound)
    }

    @Test func twoCredentialsNeverServeTheSameWABA() async throws {
        let store = try store()
        try await store.add(name: "one", token: Secret("a"), wabaIDs: ["1"])
        try await store.add(name: "all", token: Secret("b"))
        let codes = await [
            code { try await store.add(name: "one", token: Secret("c"), wabaIDs: ["9"]) },
            code { try await store.add(name: "two", token: Secret("c"), wabaIDs: ["2", "1"]) },
            code { try await store.add(name: "two", token: Secret("c")) },
            code { try await store.assign(name: "all", wabaIDs: ["1"]) },
            code { try await store.assign(name: "one", wabaIDs: []) },
            code { try await store.rotate(name: "none", token: Secret("c")) },
        ]
        #expect(codes == [.nameTaken, .wabaTaken, .wabaTaken, .wabaTaken, .wabaTaken, .notFound])
        // A refused change leaves nothing behind.
        #expect(try await store.list().map(\.name) == ["all", "one"])
        #expect(try await store.token(forWABA: "2").reveal() == "b")
    }

    @Test func theListOfWABAsCanChange() async throws {
        let store = try store()
        try await store.add(name: "one", token: Secret("a"), wabaIDs: ["1", "2"])
        #expect(try await store.assign(name: "one", wabaIDs: ["2", "3"]).wabaIDs == ["2", "3"])
        await #expect(throws: CredentialError.self) { try await store.token(forWABA: "1") }
        #expect(try await store.token(forWABA: "3").reveal() == "a")
        #expect(try await store.assign(name: "one", wabaIDs: []).everyWABA)
        #expect(try await store.token(forWABA: "1").reveal() == "a")
    }

    @Test(
        arguments: [
            ("", "t", []), (String(repeating: "n", count: 101), "t", []), ("a\nb", "t", []), ("a", " \n", []), ("a", "two words", []),
            ("a", "line\r\nX-Evil: 1", []), ("a", "nul\u{0}", []), ("a", "t", ["12a"]), ("a", "t", [""]), ("a", "t", ["1,2"]),
        ] as [(String, String, [String])])
    func valuesThatCannotBeAreRefusedWithoutEchoingTheToken(name: String, token: String, wabas: [String]) async throws {
        let store = try store()
        let error = await #expect(throws: CredentialError.self) { try await store.add(name: name, token: Secret(token), wabaIDs: wabas) }
        #expect(error?.code == .badValue)
        #expect(token.count < 3 || error?.message.contains(token) == false)
    }

    @Test func afterAMasterKeyRotationTokensAreSealedAgain() async throws {
        let next = MasterKey.generate()
        try await store().add(name: "main", token: Secret("first"), wabaIDs: ["1"])
        let both = try store([next, key])
        #expect(try await both.token(forWABA: "1").reveal() == "first")
        #expect(try await both.reseal() == 1)
        #expect(try await both.reseal() == 0)
        let only = try store([next])
        #expect(try await only.token(forWABA: "1").reveal() == "first")
        try await only.check()
    }

    @Test func aLostMasterKeyShowsAtStart() async throws {
        try await store().add(name: "main", token: Secret("first"))
        let other = try store([MasterKey.generate()])
        let error = await #expect(throws: CredentialError.self) { try await other.check() }
        #expect(error?.code == .unknownKey && error?.message.contains(key.id) == true)
    }

    @Test func aSealedTokenMovedToAnotherRowOrPutBackDoesNotOpen() async throws {
        let store = try store()
        let client = Current.database.client
        try await store.add(name: "one", token: Secret("a"), wabaIDs: ["1"])
        try await store.add(name: "two", token: Secret("b"), wabaIDs: ["2"])
        try await client.query(
            "UPDATE credentials.credential SET sealed = (SELECT sealed FROM credentials.credential WHERE name = 'one') WHERE name = 'two'")
        #expect(await code { _ = try await store.token(named: "two") } == .damaged)
        let before = try #require(
            try await client.query("SELECT sealed FROM credentials.credential WHERE name = 'one'").decodeFirst(Data.self))
        try await store.rotate(name: "one", token: Secret("c"))
        try await client.query("UPDATE credentials.credential SET sealed = \(before) WHERE name = 'one'")
        #expect(await code { _ = try await store.token(named: "one") } == .damaged)
    }

    private func code(_ body: () async throws -> some Any) async -> CredentialError.Code? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? CredentialError)?.code
        }
    }
}
