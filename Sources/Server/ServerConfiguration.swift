/// How the HTTP side listens and what it lets in.
public struct ServerConfiguration: Sendable {
    public var host: String
    /// 0 takes a free port; `RelevoServer.boundPort` tells which.
    public var port: Int
    /// How the outside reaches Relevo, without a trailing slash; nil: made of host and port.
    public var publicURL: String?
    /// Whether the operator pages can be read without a login. Nil: only on a loopback listener, and only under a loopback name.
    public var openPages: Bool?
    /// Shown in `/metrics` and on the pages.
    public var version: String
    /// Requests answered at once; more are told to come back.
    public var maximumRequests = 2_000
    /// Media uploads and downloads at once; each may hold 100 MB in memory.
    public var maximumTransfers = 8
    /// Memory for the bodies of callers who have shown no key yet, in bytes: webhooks whose signature is not known before their end.
    public var strangersRoom = 128 << 20
    /// Open connections of callers; more wait until one ends. Nil: no bound. A process without descriptors to spare can reach neither
    /// its database nor Meta, and libraries under it stop the program.
    public var maximumConnections: Int?
    /// Open event streams.
    public var maximumStreams = 200
    /// Largest body of a message or of a native request, in bytes.
    public var bodyLimit = 1 << 20
    /// Largest file taken for upload, in bytes; Meta's own limit for documents is 100 MB.
    public var uploadLimit = 105 << 20
    /// A request's body has to be here within this time.
    public var bodyTimeout: Duration = .seconds(30)
    /// An idle connection is closed after this time.
    public var idleTimeout: Duration = .seconds(90)
    /// How long a login lasts.
    public var sessionLifetime: Duration = .seconds(12 * 3600)

    public init(host: String = "127.0.0.1", port: Int = 8080, publicURL: String? = nil, openPages: Bool? = nil, version: String = "0") {
        self.host = host
        self.port = port
        self.publicURL = publicURL
        self.openPages = openPages
        self.version = version
    }

    /// Whether the listener can be reached from this machine only.
    var isLoopback: Bool { Self.isLoopback(host) }

    /// Whether a host means this machine. Names that only begin like an address of it can lead anywhere.
    package static func isLoopback(_ name: String) -> Bool {
        if ["localhost", "::1", "[::1]"].contains(name) { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
