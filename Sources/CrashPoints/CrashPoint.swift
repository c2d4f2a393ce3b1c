/// A moment at which a fault test kills or stops the process that reaches it.
///
/// Points exist in debug builds only: in a release build `passed()` is empty and no variable is read.
public enum CrashPoint: String, CaseIterable, Sendable {
    /// Before the claim is sent: it is one statement, so that PostgreSQL commits it or not at all.
    case claimBeforeCommit = "claim.before_commit"
    /// The answer to a claim that found work has come.
    case claimAfterCommit = "claim.after_commit"
    case intentBeforeCommit = "intent.before_commit"
    case intentAfterCommit = "intent.after_commit"
    /// The first byte of a request's body was written, the last one was not.
    case requestAfterFirstByte = "request.after_first_byte"
    /// The whole answer was read.
    case requestAfterResponse = "request.after_response"
    case finishBeforeCommit = "finish.before_commit"
    case finishAfterCommit = "finish.after_commit"
    /// A message or job was handed in; its caller has not been told.
    case enqueueAfterCommit = "enqueue.after_commit"
    case rescueBeforeCommit = "rescue.before_commit"
    case rescueAfterCommit = "rescue.after_commit"
    /// A transaction of a workflow run: a step with its checkpoint, an intent, a wait, the end of the run.
    case stepBeforeCommit = "step.before_commit"
    case stepAfterCommit = "step.after_commit"

    /// Says that the process is there now; ends or stops it when that was asked for.
    @inlinable
    public func passed() {
        #if CRASH_POINTS
            CrashPlan.current.strike(self)
        #endif
    }
}
