import Foundation
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestDatabase.isAvailable, "needs PostgreSQL")) struct CodecTests {
    @Test func everyTypeComesBackAsItWent() async throws {
        try await TestDatabase.withEmpty { client in
            let uuid = UUID()
            let date = Date(timeIntervalSince1970: 1_796_256_000.123456)
            let row = try await client.query(
                """
                SELECT \(true), \(Int16.min), \(Int32.min), \(Int64.min), \(Int.max), \(-1.5e-300), \("añ\u{1F600}\"'\\"), \(uuid), \(date), \
                \(Data([0, 1, 255])), \(PostgresJSON(text: #"{"a": [1, "x"]}"#))
                """)[0]
            let (bool, small, middle, large, int, double, text, id, time, bytes, json) = try row.decode(
                (Bool, Int16, Int32, Int64, Int, Double, String, UUID, Date, Data, PostgresJSON).self)
            #expect(bool && small == .min && middle == .min && large == .min && int == .max && double == -1.5e-300)
            #expect(text == "añ\u{1F600}\"'\\" && id == uuid && bytes == Data([0, 1, 255]))
            #expect(abs(time.timeIntervalSince(date)) < 0.000_001)
            #expect(json.text == #"{"a": [1, "x"]}"#)
        }
    }

    @Test func nullsAndEmptyValuesDiffer() async throws {
        try await TestDatabase.withEmpty { client in
            let row = try await client.query("SELECT \(String?.none), \(""), \(Data()), \(Int?.none), \(Date?.none), \([Int]())")[0]
            let (none, empty, noBytes, number, date, array) = try row.decode((String?, String, Data, Int?, Date?, [Int]).self)
            #expect(none == nil && empty == "" && noBytes == Data() && number == nil && date == nil && array == [])
            let error = await #expect(throws: PostgresError.self) { try await client.query("SELECT NULL::int AS n").decodeFirst(Int.self) }
            #expect(error?.code == .decoding && error?.message == "column n is NULL")
        }
    }

    @Test func arraysOfEveryKindComeBackWithTheirNulls() async throws {
        try await TestDatabase.withEmpty { client in
            let ids = [UUID(), UUID()]
            let dates: [Date?] = [Date(timeIntervalSince1970: 0), nil]
            let row = try await client.query(
                "SELECT \(["a", "", "é"]), \([1, nil, 3] as [Int?]), \(ids), \(dates), \([Data([0]), Data()]), \([true, false]), \([0.5])")[
                    0]
            let (texts, numbers, uuids, times, blobs, flags, doubles) = try row.decode(
                ([String], [Int?], [UUID], [Date?], [Data], [Bool], [Double]).self)
            #expect(texts == ["a", "", "é"] && numbers == [1, nil, 3] && uuids == ids && times == dates)
            #expect(blobs == [Data([0]), Data()] && flags == [true, false] && doubles == [0.5])
            await #expect(throws: PostgresError.self) { try await client.query("SELECT ARRAY[1,NULL]::bigint[]").decodeFirst([Int].self) }
            await #expect(throws: PostgresError.self) { try await client.query("SELECT '{{1},{2}}'::bigint[]").decodeFirst([Int].self) }
        }
    }

    @Test func unnestInsertsABatchInOneStatement() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id bigint PRIMARY KEY, name text)")
            let ids = Array(0..<1000)
            let names: [String?] = ids.map { $0 % 3 == 0 ? nil : "n\($0)" }
            for expected in [1000, 0] {
                let rows = try await client.query(
                    "INSERT INTO t SELECT * FROM unnest(\(ids), \(names)) ON CONFLICT DO NOTHING RETURNING id")
                #expect(rows.count == expected && rows.affectedRows == expected)
            }
            #expect(
                try await client.query("SELECT count(*) FROM t WHERE id = ANY(\([0, 1, 5000])) AND name IS NULL").decodeFirst(Int.self) == 1
            )
        }
    }

    @Test func textWithNulIsRefusedBeforeItIsSent() async throws {
        try await TestDatabase.withEmpty { client in
            for query in ["SELECT \("a\u{0}b")", "SELECT \(["a", "\u{0}"])"] as [PostgresQuery] {
                let error = await #expect(throws: PostgresError.self) { try await client.query(query) }
                #expect(error?.code == .encoding && error?.description.contains("U+0000") == true)
            }
            // Bytes may hold it.
            let bytes = try await client.query("SELECT \(Data("a\u{0}b".utf8))").decodeFirst(Data.self)
            #expect(bytes == Data([97, 0, 98]))
        }
    }

    @Test func datesReachFromTheEpochToInfinity() async throws {
        try await TestDatabase.withEmpty { client in
            let row = try await client.query(
                "SELECT 'infinity'::timestamptz, '-infinity'::timestamptz, '1970-01-01Z'::timestamptz, '2026-02-28'::date, '0044-03-15 BC'::timestamptz"
            )[0]
            let (future, past, epoch, day, old) = try row.decode((Date, Date, Date, Date, Date).self)
            #expect(future == .distantFuture && past == .distantPast && epoch.timeIntervalSince1970 == 0)
            #expect(day == Date(timeIntervalSince1970: 1_772_236_800) && old < .init(timeIntervalSince1970: -62_135_596_800))
            let error = await #expect(throws: PostgresError.self) {
                try await client.query("SELECT \(Date(timeIntervalSince1970: .infinity))")
            }
            #expect(error?.code == .encoding)
        }
    }

    @Test func aColumnOfAnotherTypeIsToldByName() async throws {
        try await TestDatabase.withEmpty { client in
            let rows = try await client.query("SELECT 1 AS one, 'x' AS letter, 3000000000 AS big")
            #expect(throws: PostgresError.self) { try rows[0].decode(column: "letter", as: Int.self) }
            #expect(throws: PostgresError.self) { try rows[0].decode(column: "one", as: String.self) }
            #expect(throws: PostgresError.self) { try rows[0].decode(column: "big", as: Int32.self) }
            #expect(throws: PostgresError.self) { try rows[0].decode(column: "missing", as: Int.self) }
            #expect(throws: PostgresError.self) { try rows[0].decode((Int, String).self) }
            #expect(try rows[0].decode(column: "one", as: Int16.self) == 1)
        }
    }
}
