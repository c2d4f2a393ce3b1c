package import Foundation
package import Gateway
package import Postgres

/// What a rebuild needs of the gateway.
package protocol RebuildGateway: Sendable {
    func sender(_ phoneNumberID: String) async throws -> RebuildSender?
    /// Takes a message in, in the caller's transaction. Throws `GatewayRefusal` when it would never be sent.
    func submit(_ submission: Submission, on db: PostgresConnection) async throws -> Receipt
    /// Cancels what has not been sent of a step; returns every message of it that is cancelled by now, so that it can be asked again.
    func withdraw(tag: String) async throws -> [UUID]
    func counts(tag: String) async throws -> RebuildCounts
    func counts(tagPrefix: String) async throws -> RebuildCounts
}

/// A sender as a rebuild sees it.
package struct RebuildSender: Sendable, Equatable {
    package var waba: String
    package var defaultRegion: String?
    /// Why it does not send; nil while it does.
    package var stopped: String?

    package init(waba: String, defaultRegion: String? = nil, stopped: String? = nil) {
        self.waba = waba
        self.defaultRegion = defaultRegion
        self.stopped = stopped
    }
}

/// The real gateway.
struct LiveGateway: RebuildGateway {
    let gateway: Gateway

    func sender(_ phoneNumberID: String) async throws -> RebuildSender? {
        guard let sender = try await gateway.senders.find(phoneNumberID: phoneNumberID) else { return nil }
        let stopped = sender.state == .active ? nil : sender.stoppedReason ?? sender.state.rawValue
        return RebuildSender(waba: sender.wabaID, defaultRegion: sender.defaultRegion, stopped: stopped)
    }

    func submit(_ submission: Submission, on db: PostgresConnection) async throws -> Receipt {
        try await gateway.submit(submission, on: db)
    }

    func withdraw(tag: String) async throws -> [UUID] {
        for message in try await ids(tag: tag, in: [.queued, .held]) { _ = try await gateway.cancel(message) }
        return try await ids(tag: tag, in: [.cancelled])
    }

    func counts(tag: String) async throws -> RebuildCounts { RebuildCounts(try await gateway.counts(tag: tag)) }
    func counts(tagPrefix: String) async throws -> RebuildCounts { RebuildCounts(try await gateway.counts(tagPrefix: tagPrefix)) }

    private func ids(tag: String, in states: [MessageState]) async throws -> [UUID] {
        var filter = MessageFilter()
        filter.tag = tag
        filter.states = states
        filter.limit = 1_000
        var found: [UUID] = []
        // A step holds 100,000 messages at most.
        while found.count < 2 * RebuildProfile.largestStep {
            let page = try await gateway.messages(filter)
            found += page.messages.map(\.id)
            guard let next = page.next else { break }
            filter.cursor = next
        }
        return found
    }
}

extension RebuildCounts {
    /// Cancelled messages were never sent and count as not submitted.
    init(_ counts: TagCounts) {
        self.init()
        submitted = max(0, counts.submitted - counts.cancelled)
        queued = counts.queued + counts.held
        delivered = counts.delivered
        read = counts.read
        failed = counts.failed + counts.expired
        unknown = counts.unknown
        failedCodes = counts.failedCodes
    }
}
