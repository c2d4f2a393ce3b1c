/// The round cannot go on; the number stays stopped until it is retried, re-planned or called off.
struct Stop: Error, Codable, Sendable, Equatable {
    /// `.failed`, `.missed` or `.blocked`.
    var state: NumberState
    var code: String
    var reason: String
    var needsPerson = true
    /// Register was refused, so that the number can still be called off.
    var canStillAbort = false
    /// The proof of ownership is of no use any more: the next round reads out a new code.
    var proofIsGone = false

    /// Something went wrong; later waves are held.
    static func failed(_ code: String, _ reason: String, canStillAbort: Bool = false) -> Stop {
        Stop(state: .failed, code: code, reason: reason, canStillAbort: canStillAbort)
    }

    /// Nothing went wrong, but the time has passed.
    static func missed(_ code: String, _ reason: String) -> Stop { Stop(state: .missed, code: code, reason: reason) }
}

/// The number belongs to another run now, or was called off: this run has nothing left to do.
struct RunOver: Error {}
