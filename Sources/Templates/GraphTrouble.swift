/// Why a Graph call has no answer that can be used.
public struct GraphTrouble: Error, Codable, Sendable, Equatable, CustomStringConvertible {
    /// What may be done about it.
    public enum Remedy: String, Codable, Sendable {
        /// Provably without effect: the same call may be made again.
        case retry
        /// The call may have had its effect: read before calling again.
        case reconcile
        /// Without effect, and will be refused until some time has passed.
        case wait
        /// Without effect; something has to be changed first, by a person.
        case person
    }

    public var remedy: Remedy
    /// Meta's `code`; nil when nothing was answered.
    public var code: Int?
    public var subcode: Int?
    /// Plain words, Meta's own where there are any. Never holds a token.
    public var message: String
    /// Seconds to wait, where Meta or the rule says so.
    public var waitSeconds: Double?

    public init(_ remedy: Remedy, code: Int? = nil, subcode: Int? = nil, message: String, waitSeconds: Double? = nil) {
        self.remedy = remedy
        self.code = code
        self.subcode = subcode
        self.message = message
        self.waitSeconds = waitSeconds
    }

    /// Whether `number` is the code or the subcode: management edges put theirs under code 100.
    public func isCode(_ number: Int) -> Bool { code == number || subcode == number }

    public var description: String {
        switch (code, subcode) {
        case (let code?, let subcode?): "Graph error \(code)/\(subcode): \(message)"
        case (let code?, nil): "Graph error \(code): \(message)"
        default: message
        }
    }
}
