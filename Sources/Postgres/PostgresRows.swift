import CLibPQ

/// Owns one `PGresult`.
///
/// `@unchecked Sendable`: a PGresult is read-only once libpq has returned it, so any thread may read it; the last owner frees it.
final class ResultBox: @unchecked Sendable {
    let pointer: OpaquePointer
    let columns: [String]
    let oids: [UInt32]

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        let count = PQnfields(pointer)
        columns = (0..<count).map { PQfname(pointer, $0).map { String(cString: $0) } ?? "" }
        oids = (0..<count).map { PQftype(pointer, $0) }
    }

    deinit { PQclear(pointer) }

    func cell(row: Int, column: Int) -> PostgresCell {
        let (row32, column32) = (Int32(row), Int32(column))
        var bytes: UnsafeRawBufferPointer?
        if PQgetisnull(pointer, row32, column32) == 0, let start = PQgetvalue(pointer, row32, column32) {
            bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(pointer, row32, column32)))
        }
        return PostgresCell(bytes: bytes, oid: oids[column], column: columns[column])
    }
}

/// One row of a result.
public struct PostgresRow: Sendable {
    let result: ResultBox
    let index: Int

    /// Reads the columns in order. Throws `.decoding` when their number or a type differs.
    public func decode<each T: PostgresDecodable>(_: (repeat each T).Type) throws -> (repeat each T) {
        var expected = 0
        for _ in repeat (each T).self { expected += 1 }
        guard expected == result.columns.count else {
            throw PostgresError(.decoding, "the row has \(result.columns.count) columns, \(expected) were asked for")
        }
        var column = 0
        func next<V: PostgresDecodable>(_: V.Type) throws -> V {
            defer { column += 1 }
            return try withExtendedLifetime(result) { try V.decode(result.cell(row: index, column: column)) }
        }
        return (repeat try next((each T).self))
    }

    /// Reads the only column.
    public func decode<T: PostgresDecodable>(_: T.Type) throws -> T {
        guard result.columns.count == 1 else {
            throw PostgresError(.decoding, "the row has \(result.columns.count) columns, one was asked for")
        }
        return try withExtendedLifetime(result) { try T.decode(result.cell(row: index, column: 0)) }
    }

    /// Reads one column by name.
    public func decode<T: PostgresDecodable>(column: String, as _: T.Type = T.self) throws -> T {
        guard let position = result.columns.firstIndex(of: column) else {
            throw PostgresError(.decoding, "the row has no column \(column)")
        }
        return try withExtendedLifetime(result) { try T.decode(result.cell(row: index, column: position)) }
    }
}

/// A whole result; libpq holds it in memory.
public struct PostgresRows: RandomAccessCollection, Sendable {
    let result: ResultBox

    public var startIndex: Int { 0 }
    public var endIndex: Int { Int(PQntuples(result.pointer)) }
    public subscript(position: Int) -> PostgresRow { PostgresRow(result: result, index: position) }

    /// Rows inserted, updated, deleted or selected.
    public var affectedRows: Int { PQcmdTuples(result.pointer).flatMap { Int(String(cString: $0)) } ?? 0 }

    /// The server's command tag, such as `COMMIT`.
    var commandTag: String { PQcmdStatus(result.pointer).map { String(cString: $0) } ?? "" }

    /// Reads every row.
    public func decode<each T: PostgresDecodable>(_ type: (repeat each T).Type) throws -> [(repeat each T)] {
        try map { try $0.decode(type) }
    }

    /// Reads the only column of every row.
    public func decode<T: PostgresDecodable>(_ type: T.Type) throws -> [T] { try map { try $0.decode(type) } }

    /// Reads the only column of the first row, nil when there is none.
    public func decodeFirst<T: PostgresDecodable>(_ type: T.Type) throws -> T? { isEmpty ? nil : try self[0].decode(type) }

    /// Reads the first row, nil when there is none.
    public func decodeFirst<each T: PostgresDecodable>(_ type: (repeat each T).Type) throws -> (repeat each T)? {
        isEmpty ? nil : try self[0].decode(type)
    }
}
