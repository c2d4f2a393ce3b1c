/// SQL with its parameters. Interpolated values become binds, never text.
public struct PostgresQuery: ExpressibleByStringInterpolation, Sendable {
    var sql: String
    var parameters: Parameters = Parameters()
    var failure: PostgresError?

    /// Binary parameters in one buffer.
    struct Parameters: Sendable {
        var oids: [UInt32] = []
        /// Start and length in `bytes`; nil for NULL.
        var ranges: [Range<Int>?] = []
        /// Begins with a byte that belongs to no value, so that an empty value has an address too.
        var bytes: [UInt8] = [0]

        mutating func append<T: PostgresEncodable>(_ value: T) throws {
            oids.append(T.postgresType.oid)
            guard !value.isNull else {
                ranges.append(nil)
                return
            }
            let start = bytes.count
            ranges.append(nil)
            try value.encode(into: &bytes)
            ranges[ranges.count - 1] = start..<bytes.count
        }
    }

    /// SQL that holds no parameter.
    public init(stringLiteral value: String) { sql = value }

    /// SQL put together by the program; never from input.
    public init(unsafeSQL: String) { sql = unsafeSQL }

    public init(stringInterpolation: Interpolation) {
        sql = stringInterpolation.sql
        parameters = stringInterpolation.parameters
        failure = stringInterpolation.failure
    }

    public struct Interpolation: StringInterpolationProtocol, Sendable {
        var sql = ""
        var parameters = Parameters()
        var failure: PostgresError?

        public init(literalCapacity: Int, interpolationCount: Int) { sql.reserveCapacity(literalCapacity + interpolationCount * 3) }
        public mutating func appendLiteral(_ literal: String) { sql += literal }

        /// Binds a value.
        public mutating func appendInterpolation<T: PostgresEncodable>(_ value: T) {
            do {
                try parameters.append(value)
            } catch {
                // Kept until the query runs: an interpolation cannot throw.
                failure = failure ?? (error as? PostgresError)
            }
            sql += "$\(parameters.oids.count)"
        }

        /// Binds a value or NULL. By itself, so that the compiler does not take it for the printing of an optional.
        public mutating func appendInterpolation<T: PostgresEncodable>(_ value: T?) {
            do {
                try parameters.append(value)
            } catch {
                failure = failure ?? (error as? PostgresError)
            }
            sql += "$\(parameters.oids.count)"
        }

        /// Puts text into the statement as it is: identifiers known to the program, never input.
        public mutating func appendInterpolation(unescaped text: String) { sql += text }
    }
}
