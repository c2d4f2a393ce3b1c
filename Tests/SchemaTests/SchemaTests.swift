import Logging
import Postgres
import TestSupport
import Testing

@testable import Schema

@Suite(.enabled(if: TestDatabase.isAvailable, "needs PostgreSQL")) struct SchemaTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let first = SchemaFile(name: "0001_a.sql", sql: "CREATE TABLE a (id int);\n-- ### \"\"\" $1 ü\nINSERT INTO a VALUES (1);")
    static let second = SchemaFile(name: "0002_b.sql", sql: "-- nothing yet")

    static func migrator(_ client: PostgresClient, _ files: [SchemaFile], wait: Duration = .seconds(20)) -> SchemaMigrator {
        SchemaMigrator(configuration: client.configuration, logger: logger, files: files, lockWait: wait)
    }

    @Test func filesAreAppliedOnceInOrder() async throws {
        try await TestDatabase.withEmpty { client in
            let migrator = Self.migrator(client, [Self.first, Self.second])
            #expect(try await migrator.status().map(\.applied) == [nil, nil])
            #expect(try await migrator.migrate() == ["0001_a.sql", "0002_b.sql"])
            #expect(try await migrator.migrate() == [])
            #expect(try await client.query("SELECT count(*) FROM a").decodeFirst(Int.self) == 1)
            #expect(try await migrator.status().allSatisfy { $0.applied != nil && $0.checksumOK && $0.isKnown })
            try await migrator.check()
        }
    }

    @Test func aFailingFileIsNamedWithItsLineAndLeavesNothing() async throws {
        try await TestDatabase.withEmpty { client in
            let broken = SchemaFile(name: "0002_b.sql", sql: "CREATE TABLE b (id int);\n\nCREATE TABEL c (id int);")
            let migrator = Self.migrator(client, [Self.first, broken])
            let error = await #expect(throws: SchemaError.self) { try await migrator.migrate() }
            #expect(error?.code == .failed && error?.files == ["0002_b.sql"])
            #expect(error?.description.contains("0002_b.sql line 3, column 8") == true, "\(String(describing: error))")
            let isGone = try await client.query("SELECT to_regclass('b') IS NULL").decodeFirst(Bool.self)
            #expect(isGone == true)
            #expect(try await migrator.status().map { $0.applied != nil } == [true, false])
            // The lock is free again and the mended file goes in.
            #expect(try await Self.migrator(client, [Self.first, Self.second]).migrate() == ["0002_b.sql"])
        }
    }

    @Test func aFileChangedAfterItsApplicationIsRefused() async throws {
        try await TestDatabase.withEmpty { client in
            _ = try await Self.migrator(client, [Self.first]).migrate()
            let changed = Self.migrator(client, [SchemaFile(name: "0001_a.sql", sql: Self.first.sql + " "), Self.second])
            for attempt in [{ _ = try await changed.migrate() }, { try await changed.check() }] {
                let error = await #expect(throws: SchemaError.self) { try await attempt() }
                #expect(error?.code == .changed && error?.files == ["0001_a.sql"])
            }
            #expect(try await changed.status().map(\.checksumOK) == [false, true])
        }
    }

    @Test func aNewerAndAnOlderDatabaseAreTold() async throws {
        try await TestDatabase.withEmpty { client in
            let old = await #expect(throws: SchemaError.self) { try await Self.migrator(client, [Self.first]).check() }
            #expect(old?.code == .older && old?.files == ["0001_a.sql"])
            _ = try await Self.migrator(client, [Self.first, Self.second]).migrate()
            let program = Self.migrator(client, [Self.first])
            for attempt in [{ _ = try await program.migrate() }, { try await program.check() }] {
                let error = await #expect(throws: SchemaError.self) { try await attempt() }
                #expect(error?.code == .newer && error?.files == ["0002_b.sql"])
            }
        }
    }

    @Test func migratorsAtOnceApplyEachFileOnce() async throws {
        try await TestDatabase.withEmpty { client in
            let migrator = Self.migrator(client, [Self.first, Self.second])
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<4 { group.addTask { try await migrator.migrate() } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == ["0001_a.sql", "0002_b.sql"])
        }
    }

    @Test func aLockThatIsNotReleasedIsTold() async throws {
        try await TestDatabase.withEmpty { client in
            try await PostgresClient.withDirectConnection(client.configuration, logger: Self.logger) { other in
                try await MigrationLock(wait: .zero).hold(on: other) {
                    let error = await #expect(throws: SchemaError.self) {
                        try await Self.migrator(client, [Self.first], wait: .zero).migrate()
                    }
                    #expect(error?.code == .locked)
                }
            }
        }
    }

    @Test func aMigrationDoesNotQueueBehindABusyTable() async throws {
        try await TestDatabase.withEmpty { client in
            _ = try await Self.migrator(client, [Self.first]).migrate()
            let file = SchemaFile(name: "0002_b.sql", sql: "SET LOCAL lock_timeout = '50ms'; ALTER TABLE a ADD COLUMN b int")
            try await client.withTransaction { connection in
                try await connection.query("LOCK TABLE a IN ACCESS SHARE MODE")
                let error = await #expect(throws: SchemaError.self) { try await Self.migrator(client, [Self.first, file]).migrate() }
                #expect(error?.description.contains("55P03") == true)
            }
        }
    }

    @Test func theEmbeddedFilesHaveNumbersOfTheirOwnAndAFingerprint() {
        let numbers = EmbeddedSchema.files.compactMap { Int($0.name.prefix(4)) }
        #expect(numbers.count == EmbeddedSchema.files.count && Set(numbers).count == numbers.count && numbers == numbers.sorted())
        #expect(numbers.first == 1 && EmbeddedSchema.fingerprint.count == 64)
    }

    @Test func theProgramsOwnSchemaFitsItself() async throws {
        try await TestDatabase.with { client in
            try await SchemaMigrator(configuration: client.configuration, logger: Self.logger).check()
        }
    }
}
