import CLibPQ
import Foundation

/// How to reach a database, and how many connections to keep.
public struct PostgresConfiguration: Sendable, CustomStringConvertible {
    /// libpq's connection keywords (`host`, `port`, `dbname`, `user`, `password`, …).
    public var parameters: [String: String]
    /// The same keywords for the server itself, when `parameters` lead to a pooler in transaction mode; nil when they lead to the server.
    ///
    /// What needs a session of its own (LISTEN, migrations, heartbeats) goes this way.
    public var directParameters: [String: String]?
    /// Most pooled connections at once. 1 or more.
    public var maximumConnections = 10
    /// How long one attempt to connect may take, in whole seconds (libpq's smallest is 2).
    public var connectTimeoutSeconds = 5
    /// How long a caller waits for a pooled connection.
    public var leaseTimeout: Duration = .seconds(30)
    /// Prepared statements kept a connection; 0 switches preparing off, and through a pooler it is off whatever stands here: the next
    /// transaction may run on another server connection, where the statement is not known.
    public var statementCacheSize = 100
    /// Shown in `pg_stat_activity`.
    public var applicationName = "relevo"
    /// How long a transaction may stand still before the server ends it with its locks; nil leaves it to the server's own setting, as it
    /// is left through a pooler, whose connections are not ours to set.
    public var idleInTransactionTimeout: Duration? = .seconds(60)

    /// Takes libpq keywords as they are.
    public init(parameters: [String: String]) { self.parameters = parameters }

    /// Reads `postgresql://…` or `key=value …`. Throws `.configuration` with libpq's reason, without the text itself, which may hold a password.
    public init(url: String) throws {
        var reason: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &reason) else {
            let text = reason.map { String(cString: $0) } ?? "not a connection string"
            PQfreemem(reason)
            let shown = text.replacing(url, with: "…").split(separator: "\"").enumerated().map {
                $0.offset % 2 == 1 ? "…" : String($0.element)
            }
            throw PostgresError(
                .configuration,
                "the database URL cannot be read: \(shown.joined().trimmingCharacters(in: .whitespacesAndNewlines)); expected postgresql://user@host:port/database"
            )
        }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        // libpq looks at ports only when it connects.
        for port in (parameters["port"] ?? "").split(separator: ",") where Int(port).map({ (1...65535).contains($0) }) != true {
            throw PostgresError(.configuration, "the database URL cannot be read: its port is not a number from 1 to 65535")
        }
        self.parameters = parameters
    }

    /// A pooler in transaction mode, and the server behind it. Throws as `init(url:)` does, for either.
    public init(pooledURL: String, directURL: String) throws {
        try self.init(url: pooledURL)
        directParameters = try Self(url: directURL).parameters
    }

    /// Whether pooled connections go through a pooler.
    public var isPooled: Bool { directParameters != nil }

    /// The server itself, without the pooler.
    public var direct: Self {
        guard let directParameters else { return self }
        var copy = self
        copy.parameters = directParameters
        copy.directParameters = nil
        return copy
    }

    /// The same server, another database.
    public func database(_ name: String) -> Self {
        var copy = self
        copy.parameters["dbname"] = name
        copy.directParameters?["dbname"] = name
        return copy
    }

    /// Where it points, without credentials.
    public var description: String {
        "\(parameters["dbname"] ?? parameters["user"] ?? "") at \(parameters["host"] ?? "localhost"):\(parameters["port"] ?? "5432")"
    }

    /// What libpq is given: defaults that make a dead network visible, under what the user asked for.
    var connectionKeywords: [String: String] {
        let defaults = [
            "connect_timeout": String(connectTimeoutSeconds), "application_name": applicationName, "gssencmode": "disable",
            "keepalives": "1", "keepalives_idle": "20", "keepalives_interval": "5", "keepalives_count": "3",
            // Keepalives are silent while sent bytes wait for their answer; without this, TCP tries for a quarter of an hour.
            "tcp_user_timeout": "30000", "client_encoding": "UTF8",
            "target_session_attrs": "read-write",
        ]
        return defaults.merging(parameters) { _, given in given }
    }
}
