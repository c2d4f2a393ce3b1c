public import Foundation

/// An object identifier of PostgreSQL's type catalogue, with the identifier of its array type.
public struct PostgresType: Hashable, Sendable {
    /// `pg_type.oid`.
    public let oid: UInt32
    /// `pg_type.typarray`; 0 where Relevo has no use for arrays of it.
    public let arrayOID: UInt32

    static let bool = PostgresType(oid: 16, arrayOID: 1000)
    static let bytea = PostgresType(oid: 17, arrayOID: 1001)
    static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    static let int2 = PostgresType(oid: 21, arrayOID: 1005)
    static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    static let text = PostgresType(oid: 25, arrayOID: 1009)
    static let float8 = PostgresType(oid: 701, arrayOID: 1022)
    static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
    static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)
}

/// A value that can be a parameter, in PostgreSQL's binary form.
public protocol PostgresEncodable: Sendable {
    /// The declared type, so that the server never guesses.
    static var postgresType: PostgresType { get }
    /// Whether the value is SQL NULL.
    var isNull: Bool { get }
    /// Appends the binary form. Not called for NULL.
    func encode(into buffer: inout [UInt8]) throws
}

extension PostgresEncodable {
    public var isNull: Bool { false }
}

/// One column of one row as it came from the server.
public struct PostgresCell {
    let bytes: UnsafeRawBufferPointer?
    let oid: UInt32
    let column: String

    func required() throws -> UnsafeRawBufferPointer {
        guard let bytes else { throw PostgresError(.decoding, "column \(column) is NULL") }
        return bytes
    }

    func mismatch(_ expected: String) -> PostgresError {
        PostgresError(.decoding, "column \(column) has type \(oid), which is not \(expected)")
    }

    func integer<T: FixedWidthInteger & SignedInteger>(_: T.Type) throws -> T {
        let bytes = try required()
        let value: Int64
        switch (oid, bytes.count) {
        case (20, 8): value = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        case (23, 4): value = Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
        case (21, 2): value = Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
        case (26, 4): value = Int64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        default: throw mismatch("an integer")
        }
        guard let result = T(exactly: value) else {
            throw PostgresError(.decoding, "column \(column) holds \(value), too large for \(T.self)")
        }
        return result
    }
}

/// A value that can be read from a column.
public protocol PostgresDecodable: Sendable {
    /// Reads the value. Throws `.decoding` for NULL or another type.
    static func decode(_ cell: PostgresCell) throws -> Self
}

extension FixedWidthInteger {
    func appendBigEndian(to buffer: inout [UInt8]) {
        Swift.withUnsafeBytes(of: self.bigEndian) { buffer.append(contentsOf: $0) }
    }
}

extension Bool: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .bool }
    public func encode(into buffer: inout [UInt8]) { buffer.append(self ? 1 : 0) }
    public static func decode(_ cell: PostgresCell) throws -> Bool {
        guard cell.oid == 16 else { throw cell.mismatch("bool") }
        return try cell.required().first == 1
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int2 }
    public func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }
    public static func decode(_ cell: PostgresCell) throws -> Int16 { try cell.integer(Int16.self) }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int4 }
    public func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }
    public static func decode(_ cell: PostgresCell) throws -> Int32 { try cell.integer(Int32.self) }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }
    public static func decode(_ cell: PostgresCell) throws -> Int64 { try cell.integer(Int64.self) }
}

extension Int: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public func encode(into buffer: inout [UInt8]) { Int64(self).appendBigEndian(to: &buffer) }
    public static func decode(_ cell: PostgresCell) throws -> Int { try cell.integer(Int.self) }
}

extension Double: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .float8 }
    public func encode(into buffer: inout [UInt8]) { bitPattern.appendBigEndian(to: &buffer) }
    public static func decode(_ cell: PostgresCell) throws -> Double {
        let bytes = try cell.required()
        switch (cell.oid, bytes.count) {
        case (701, 8): return Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
        case (700, 4): return Double(Float(bitPattern: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))))
        default: return Double(try cell.integer(Int64.self))
        }
    }
}

extension String: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .text }
    public func encode(into buffer: inout [UInt8]) throws {
        guard !utf8.contains(0) else { throw PostgresError(.encoding, "text with U+0000 cannot be stored in PostgreSQL") }
        buffer.append(contentsOf: utf8)
    }
    public static func decode(_ cell: PostgresCell) throws -> String {
        let bytes = try cell.required()
        switch cell.oid {
        case 16, 17, 20, 21, 23, 26, 700, 701, 1082, 1114, 1184, 1700, 2950: throw cell.mismatch("text")
        case 3802: return String(decoding: bytes.dropFirst(), as: UTF8.self)
        default: return String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .uuid }
    public func encode(into buffer: inout [UInt8]) { withUnsafeBytes(of: uuid) { buffer.append(contentsOf: $0) } }
    public static func decode(_ cell: PostgresCell) throws -> UUID {
        let bytes = try cell.required()
        guard cell.oid == 2950, bytes.count == 16 else { throw cell.mismatch("uuid") }
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Date: PostgresEncodable, PostgresDecodable {
    /// 2000-01-01T00:00:00Z, PostgreSQL's epoch, in seconds since 1970.
    private static var postgresEpoch: Double { 946_684_800 }
    public static var postgresType: PostgresType { .timestamptz }
    public func encode(into buffer: inout [UInt8]) throws {
        let microseconds = ((timeIntervalSince1970 - Self.postgresEpoch) * 1_000_000).rounded()
        guard let value = Int64(exactly: microseconds) else { throw PostgresError(.encoding, "a time outside PostgreSQL's range") }
        value.appendBigEndian(to: &buffer)
    }
    public static func decode(_ cell: PostgresCell) throws -> Date {
        let bytes = try cell.required()
        switch (cell.oid, bytes.count) {
        case (1184, 8), (1114, 8):
            let value = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
            if value == .max { return .distantFuture }
            if value == .min { return .distantPast }
            return Date(timeIntervalSince1970: Double(value) / 1_000_000 + postgresEpoch)
        case (1082, 4):
            return Date(timeIntervalSince1970: Double(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self))) * 86400 + postgresEpoch)
        default: throw cell.mismatch("a time")
        }
    }
}

extension Data: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .bytea }
    public func encode(into buffer: inout [UInt8]) { buffer.append(contentsOf: self) }
    public static func decode(_ cell: PostgresCell) throws -> Data {
        guard cell.oid == 17 else { throw cell.mismatch("bytea") }
        return Data(try cell.required())
    }
}

/// A `jsonb` value as text.
public struct PostgresJSON: PostgresEncodable, PostgresDecodable, Equatable {
    /// The JSON text; the server normalises `jsonb`.
    public var text: String
    /// Takes JSON text as it is; the server refuses text that is not JSON.
    public init(text: String) { self.text = text }
    /// Encodes a value, dates as RFC 3339.
    public init(encoding value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        text = String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    /// Decodes the text, dates as RFC 3339.
    public func decode<T: Decodable>(_: T.Type) throws -> T {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(T.self, from: Data(text.utf8))
    }
    public static var postgresType: PostgresType { .jsonb }
    public func encode(into buffer: inout [UInt8]) throws {
        buffer.append(1)  // version of the binary form
        try text.encode(into: &buffer)
    }
    public static func decode(_ cell: PostgresCell) throws -> PostgresJSON {
        guard cell.oid == 3802 || cell.oid == 114 else { throw cell.mismatch("json") }
        return PostgresJSON(text: try String.decode(cell))
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }
    public var isNull: Bool {
        if case .none = self { return true }
        return false
    }
    public func encode(into buffer: inout [UInt8]) throws { try self?.encode(into: &buffer) }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public static func decode(_ cell: PostgresCell) throws -> Wrapped? {
        cell.bytes == nil ? nil : try Wrapped.decode(cell)
    }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    public static var postgresType: PostgresType { PostgresType(oid: Element.postgresType.arrayOID, arrayOID: 0) }
    public func encode(into buffer: inout [UInt8]) throws {
        Int32(isEmpty ? 0 : 1).appendBigEndian(to: &buffer)
        Int32(contains { $0.isNull } ? 1 : 0).appendBigEndian(to: &buffer)
        Element.postgresType.oid.appendBigEndian(to: &buffer)
        if isEmpty { return }
        Int32(count).appendBigEndian(to: &buffer)
        Int32(1).appendBigEndian(to: &buffer)
        for element in self {
            if element.isNull {
                Int32(-1).appendBigEndian(to: &buffer)
                continue
            }
            let start = buffer.count
            Int32(0).appendBigEndian(to: &buffer)
            try element.encode(into: &buffer)
            let length = Int32(buffer.count - start - 4).bigEndian
            Swift.withUnsafeBytes(of: length) { buffer.replaceSubrange(start..<start + 4, with: $0) }
        }
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    public static func decode(_ cell: PostgresCell) throws -> [Element] {
        let bytes = try cell.required()
        func integer(at offset: Int) throws -> Int32 {
            guard offset + 4 <= bytes.count else { throw cell.mismatch("a complete array") }
            return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        }
        let dimensions = try integer(at: 0)
        if dimensions == 0 { return [] }
        guard dimensions == 1, bytes.count >= 20 else { throw cell.mismatch("an array of one dimension") }
        let oid = UInt32(bitPattern: try integer(at: 8))
        let count = Int(try integer(at: 12))
        var result: [Element] = []
        result.reserveCapacity(count)
        var offset = 20
        for _ in 0..<count {
            let length = Int(try integer(at: offset))
            offset += 4
            var element: UnsafeRawBufferPointer?
            if length >= 0 {
                guard offset + length <= bytes.count else { throw cell.mismatch("a complete array") }
                element = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
                offset += length
            }
            result.append(try Element.decode(PostgresCell(bytes: element, oid: oid, column: cell.column)))
        }
        return result
    }
}
