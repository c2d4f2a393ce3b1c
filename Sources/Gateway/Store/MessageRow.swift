import Foundation

/// A message under lock: what may still change of it, and the rules by which it does.
struct MessageRow: Sendable {
    let id: UUID
    let sender: String
    let address: String
    let e164: String?
    let template: String?
    let templateLanguage: String?
    let notifyRun: String?
    var state: MessageState
    var reasonCode: String?
    var reason: String?
    var jobID: Int64?
    var attempts: Int
    var hashAttached: String?
    var wamid: String?
    /// The wamid as it is stored.
    var storedWamid: String?
    var oldWamids: [String]
    var waID: String?
    var answer: Data?
    var error: Data?
    var httpStatus: Int?
    var errorCode: Int?
    var withoutHash: Bool
    var needsPerson: Bool
    var unknownAt: Date?
    var acceptedAt: Date?
    var deliveredAt: Date?
    var readAt: Date?
    var failedAt: Date?
}

extension MessageState {
    /// How far a message is: news of a lower rank changes nothing, so that every order of arrival ends the same.
    var rank: Int {
        switch self {
        case .queued, .held, .expired, .cancelled: 0
        case .sending: 1
        case .unknown: 2
        case .accepted: 3
        case .sent: 4
        case .failed: 5
        case .delivered: 6
        case .read: 7
        }
    }
}

extension MessageRow {
    /// How far it is. A person's word that it was not sent gives way to Meta's that it was.
    private var rank: Int { state == .failed && reasonCode == Self.settledByPerson ? MessageState.unknown.rank : state.rank }
    static let settledByPerson = "settled_by_person"

    /// What Meta answered: accepted. A wamid or `wa_id` that cannot be stored is left out; the answer itself is kept.
    mutating func accept(wamid: String?, waID: String?, answer: Data?, httpStatus: Int?, at: Date) {
        let wamid = wamid.flatMap { $0.isStorable && !$0.contains(" ") ? $0 : nil }
        if let wamid {
            // The late answer to a transmission that failed, after which the message was made ready to go again.
            if oldWamids.contains(wamid) { return }
            if let earlier = self.wamid, earlier != wamid {
                // What is known came from an earlier transmission, which failed.
                oldWamids.append(earlier)
                if state == .failed { state = .sending }
            }
        }
        self.wamid = wamid ?? self.wamid
        self.waID = waID.flatMap { $0.isStorable ? $0 : nil } ?? self.waID
        self.answer = answer ?? self.answer
        self.httpStatus = httpStatus ?? self.httpStatus
        acceptedAt = acceptedAt ?? at
        raise(to: .accepted)
    }

    /// A status that says the message went out. Returns whether anything changed.
    @discardableResult
    mutating func progress(_ new: MessageState, wamid: String, at: Date) -> Bool {
        guard !oldWamids.contains(wamid) else { return false }
        let before = (state, deliveredAt, readAt, self.wamid)
        self.wamid = self.wamid ?? wamid
        acceptedAt = acceptedAt ?? at
        if new == .delivered || new == .read { deliveredAt = min(deliveredAt ?? at, at) }
        if new == .read { readAt = min(readAt ?? at, at) }
        raise(to: new)
        return before != (state, deliveredAt, readAt, self.wamid)
    }

    /// A status that says the message was not delivered. One of an attempt that is to be repeated anyway changes nothing.
    @discardableResult
    mutating func fail(_ code: Int?, _ reason: String, error: Data?, wamid: String, at: Date) -> Bool {
        guard !oldWamids.contains(wamid), rank > 0, rank < MessageState.failed.rank else { return false }
        if let own = self.wamid, own != wamid { return false }
        self.wamid = wamid
        refuse(code, reason, error: error, httpStatus: nil, at: at)
        return true
    }

    /// Refused for good.
    mutating func refuse(_ code: Int?, _ text: String, reasonCode: String? = nil, error: Data?, httpStatus: Int?, at: Date) {
        guard rank < MessageState.failed.rank else { return }
        state = .failed
        self.reasonCode = reasonCode ?? code.map { "\($0)" } ?? "failed"
        reason = text
        errorCode = code
        self.error = error
        self.httpStatus = httpStatus ?? self.httpStatus
        failedAt = at
        needsPerson = false
    }

    /// Forgets a transmission that failed, so that the message can go again.
    mutating func prepareAgain() {
        if let wamid { oldWamids.append(wamid) }
        (wamid, answer, error, httpStatus, errorCode) = (nil, nil, nil, nil, nil)
        (acceptedAt, failedAt, unknownAt, hashAttached, jobID) = (nil, nil, nil, nil, nil)
        (reasonCode, reason, needsPerson) = (nil, nil, false)
        withoutHash = true
        state = .queued
    }

    private mutating func raise(to new: MessageState) {
        guard new.rank > rank else { return }
        state = new
        // What was said before it was known that the message arrived.
        (reasonCode, reason, errorCode, error, failedAt) = (nil, nil, nil, nil, nil)
        needsPerson = false
    }
}
