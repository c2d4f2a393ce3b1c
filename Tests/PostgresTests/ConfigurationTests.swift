import Testing

@testable import Postgres

@Suite struct ConfigurationTests {
    @Test func aURLIsReadAndPrintedWithoutItsPassword() throws {
        let configuration = try PostgresConfiguration(url: "postgresql://ana:s3cret@db.example:6543/relevo?sslmode=require")
        #expect(configuration.parameters["password"] == "s3cret" && configuration.parameters["sslmode"] == "require")
        #expect("\(configuration)" == "relevo at db.example:6543")
        #expect(configuration.database("other").parameters["dbname"] == "other")
        #expect(configuration.connectionKeywords["connect_timeout"] == "5")
    }

    @Test(arguments: [
        "postgresql://ana:s3cret@host:port:x/", "host=a s3cret", "postgres://ana:s3cret@[::1/x", "postgresql://h/d?nonsense=s3cret",
    ])
    func aBadURLIsToldWithoutBeingEchoed(_ url: String) {
        let error = #expect(throws: PostgresError.self) { try PostgresConfiguration(url: url) }
        #expect(error?.code == .configuration && error?.description.contains("s3cret") == false, "\(String(describing: error))")
    }

    @Test func theStatementUsedLongestAgoIsEvicted() {
        var cache = StatementCache(capacity: 2)
        guard case .prepare(let first, nil) = cache.use("a", oids: []), case .prepare(let second, nil) = cache.use("b", oids: []) else {
            Issue.record("nothing to evict yet")
            return
        }
        #expect(cache.use("a", oids: []) == .known(first))
        guard case .prepare(_, second) = cache.use("c", oids: []) else {
            Issue.record("b was used longest ago")
            return
        }
        // The same text with other types is another statement.
        guard case .prepare(_, first) = cache.use("a", oids: [20]) else {
            Issue.record("a has other parameters now")
            return
        }
        var off = StatementCache(capacity: 0)
        #expect(off.use("a", oids: []) == .off)
    }
}
