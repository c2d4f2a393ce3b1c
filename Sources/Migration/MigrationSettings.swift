/// How patient a migration is. Seconds of business time unless said otherwise.
public struct MigrationSettings: Sendable {
    /// How late a planned start may be taken up without a look at the windows.
    public var startTolerance: Double = 900
    /// How often failing preconditions are looked at again before the code is due.
    public var recheckInterval: Double = 86_400
    /// How long a code is waited for before another is asked for. Meta publishes no lifetime.
    public var codeLifetime: Double = 600
    /// Codes asked for in one round; Meta publishes no limit, and clients lose patience.
    public var codeRequests = 3
    /// Wrong codes taken for one request.
    public var codeTries = 3
    /// What must be left of a cut-over window when register is called.
    public var cutoverReserve: Double = 300
    /// What must be left of the code hours when a code is asked for.
    public var codeReserve: Double = 300
    /// How old the proof of a template copy may be at the cut-over.
    public var copyFreshness: Double = 3_600
    /// How often a copy that could not be proved is looked at again without being asked.
    public var copyRecheck: Double = 21_600
    /// How long a registered number may take to be CONNECTED.
    public var connectDeadline: Double = 1_800
    /// How long a test message may take to be delivered.
    public var testDeadline: Double = 3_600
    /// Real seconds over which a lost register call is watched before the number is believed to be unregistered.
    public var settleSeconds: Double = 3
    /// First pause after trouble that passes; doubled each time up to the longest.
    public var retryPause: Double = 10
    public var longestRetryPause: Double = 600
    /// Looks for a number that a person has to connect: first pause, doubled up to the longest.
    public var connectPoll: Double = 60
    public var longestConnectPoll: Double = 1_800
    /// How long a code link is good for.
    public var codeLinkLifetime: Double = 86_400
    /// The address clients open, without the token; the server's public URL.
    public var publicURL: String = "http://127.0.0.1:8080"

    public init() {}
}
