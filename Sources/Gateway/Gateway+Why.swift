import CloudAPI
public import Foundation
import Jobs
import Postgres
import Recipients

extension Gateway {
    /// Why a message stands where it stands: the key that holds it back and until when. Empty for an unknown id.
    public func why(_ id: UUID) async throws -> [Reason] {
        guard let record = try await message(id) else { return [] }
        switch record.state {
        case .queued: return try await whyQueued(record)
        case .held: return try await whyHeld(record)
        case .sending:
            return [Reason(code: "sending", text: "The request to Meta is being made.", key: Sender.laneKey(record.sender))]
        case .unknown:
            let text =
                record.needsPerson
                ? "Meta's answer was lost and no status has come: a person has to decide whether it was sent."
                : "Meta's answer was lost. A status from Meta settles it; it is never sent again by itself."
            return [Reason(code: record.needsPerson ? "needs_person" : "waiting_for_status", text: "\(text) \(record.reason ?? "")")]
        case .accepted, .sent:
            return [Reason(code: "waiting_for_status", text: "Meta has accepted it and has not yet said that it was delivered.")]
        case .delivered, .read: return [Reason(code: record.state.rawValue, text: "It has arrived.")]
        case .failed where record.reasonCode == "137000": return [try await whyMismatch(record)]
        case .failed, .expired, .cancelled:
            return [Reason(code: record.reasonCode ?? record.state.rawValue, text: record.reason ?? "It will not be sent.")]
        }
    }

    private func whyQueued(_ record: MessageRecord) async throws -> [Reason] {
        var reasons: [Reason] = []
        let key = Sender.laneKey(record.sender)
        if let stop = try await Lanes.everythingPaused(on: core.client) {
            reasons.append(Reason(code: "everything_paused", text: "\(stop.by) has stopped all sending: \(stop.reason)", key: "everything"))
        }
        if let sender = try await senders.find(phoneNumberID: record.sender), sender.state != .active {
            reasons.append(
                Reason(code: "sender_\(sender.state.rawValue)", text: sender.stoppedReason ?? "The number has another id now.", key: key))
        }
        if let job = try await core.client.query("SELECT job_id FROM gateway.message WHERE id = \(record.id)").decodeFirst(Int64?.self)
            ?? nil,
            let place = try await JobQueue.place(of: job, on: core.client)
        {
            if let pause = try await KindPauses.list(on: core.client).first(where: { $0.kind == SendJob.kind }) {
                reasons.append(Reason(code: "kind_paused", text: "\(pause.by) has paused all sends: \(pause.reason)", key: "kind:send"))
            } else if place.place == "later" {
                let isPair = place.reason?.hasPrefix("pair rate") ?? false
                reasons.append(
                    Reason(
                        code: isPair ? "pair" : "later", text: place.reason ?? record.reason ?? "It is tried again later.",
                        key: isPair ? "pair:\(record.sender):\(record.e164 ?? record.userID ?? "")" : key, until: place.until))
            } else if place.place == "dead" {
                reasons.append(Reason(code: "dead", text: place.reason ?? "The job was given up.", key: key))
            }
        }
        if let lane = try await Lanes.state(key, on: core.client) {
            if lane.isPaused {
                reasons.append(Reason(code: "lane_paused", text: lane.pausedReason ?? "The number's lane is paused.", key: key))
            } else if reasons.isEmpty {
                let until = lane.waitSeconds > 0 ? Date(timeIntervalSinceNow: lane.waitSeconds) : lane.nextAt
                reasons.append(
                    Reason(
                        code: "lane_busy",
                        text: "\(lane.ready) messages of the number are due and \(lane.running) are being sent"
                            + (lane.limits.perSecond.map {
                                ", at most \($0.formatted(.number.precision(.fractionLength(0...1)))) a second."
                            } ?? "."),
                        key: key, until: until))
            }
        }
        return reasons
    }

    /// What Meta refused for its hash goes again once a person has verified the recipient, after the failure: a verification of before may be of
    /// another identity than the one that was refused.
    private func whyMismatch(_ record: MessageRecord) async throws -> Reason {
        let reason = record.reason ?? "Meta refused the identity hash."
        let until = record.updatedAt.addingTimeInterval(Releases.oldest)
        guard try await until > JobQueue.now(on: core.client) else { return Reason(code: "137000", text: reason) }
        let address = record.e164 ?? record.userID ?? ""
        return Reason(
            code: "137000",
            text: "\(reason) It goes again, without a hash, when the recipient is verified: relevo recipients verify \(address) --how …",
            key: "recipient:\(record.sender):\(address)", until: until)
    }

    private func whyHeld(_ record: MessageRecord) async throws -> [Reason] {
        if [HoldReason.portfolioLimit, HoldReason.templateQuota].contains(record.reasonCode) { return try await whyQuota(record) }
        if record.reasonCode == HoldReason.templateHeld, let name = record.templateName,
            let sender = try await senders.find(phoneNumberID: record.sender)
        {
            let until =
                try await core.client.query(
                    """
                    SELECT until FROM gateway.template_hold
                    WHERE waba_id = \(sender.wabaID) AND name = \(name) AND language = \(record.templateLanguage ?? "")
                    """
                ).decodeFirst(Date?.self) ?? nil
            return [
                Reason(
                    code: HoldReason.templateHeld, text: record.reason ?? "The template is held.",
                    key: TemplateHolds.lane(sender.wabaID, name, record.templateLanguage ?? ""), until: until)
            ]
        }
        let address = record.e164 ?? record.userID ?? ""
        let state = try await RecipientDirectory.lookup([address], sender: record.sender, on: core.client)[address]
        return [
            Reason(
                code: record.reasonCode ?? "held", text: state.map(HoldReason.text) ?? record.reason ?? "It is held.",
                key: "recipient:\(record.sender):\(address)")
        ]
    }

    /// Places come free as what is counted gets older than 24 hours: the message goes with the one that its place in the line is for.
    private func whyQuota(_ record: MessageRecord) async throws -> [Reason] {
        let row = try await core.client.query("SELECT key, until FROM gateway.quota_turn(\(record.id))").decodeFirst((String?, Date?).self)
        return [
            Reason(
                code: record.reasonCode ?? "held", text: record.reason ?? "A limit of 24 hours is reached.", key: row?.0 ?? "",
                until: row?.1)
        ]
    }
}
