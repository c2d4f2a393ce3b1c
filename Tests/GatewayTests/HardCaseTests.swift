import CloudAPI
import Foundation
import Postgres
import Recipients
import Synchronization
import TestSupport
import Testing

@testable import Gateway
@testable import Jobs

/// Something that has happened.
private final class Flag: Sendable {
    private let state = Mutex(false)
    var isUp: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}

/// News that crosses: two transactions, or two requests, that meet at the worst moment.
@Suite struct HardCaseTests {
    private let recipient = RecipientKey(phoneNumberID: Rig.sender, address: "+16315551234")

    private func job(_ id: UUID, _ rig: Rig) async throws -> Int64 {
        try #require(try await rig.client.query("SELECT job_id FROM gateway.message WHERE id = \(id)").decodeFirst(Int64?.self) ?? nil)
    }

    private func attempt(_ id: UUID, job: Int64, attempt: Int64 = 1) -> Attempt {
        Attempt(
            id: attempt, jobID: job, lane: 1, laneKey: Sender.laneKey(Rig.sender), kind: "send", number: 1,
            payload: withUnsafeBytes(of: id.uuid) { Data($0) }, priority: 4, maxAttempts: 10)
    }

    /// Runs `other` while `body`'s transaction is open: until it has ended or stands before a lock.
    private func crossed<T: Sendable>(
        _ rig: Rig, _ other: @escaping @Sendable () async throws -> Void, _ body: (PostgresConnection) async throws -> T,
        then: (PostgresConnection) async throws -> Void = { _ in }
    ) async throws -> T {
        let ended = Flag()
        var task: Task<Void, any Error>?
        let value = try await rig.client.withTransaction { db in
            let value = try await body(db)
            task = Task {
                defer { ended.raise() }
                try await other()
            }
            try await eventually("the other one has ended or waits") {
                if ended.isUp { return true }
                return try await !rig.client.query(
                    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                ).isEmpty
            }
            try await then(db)
            return value
        }
        try await task?.value
        return value
    }

    @Test func whatIsLeftUnderTheOldIdGoesOnUnderTheNewOne() async throws {
        let answers = Mutex(false)
        try await Rig.with(reply: { request in
            guard request.number == 1 else { return .accept }
            try? await eventually("the number has moved") { answers.withLock { $0 } }
            return .error(429, code: 130429)
        }) { rig in
            let receipt = try await rig.submit()
            try await eventually("the request is made") { rig.meta.seen.count == 1 }
            try await rig.gateway.senders.stop(Rig.sender, reason: "cut-over", by: "test")
            try await rig.gateway.senders.moved(from: Rig.sender, to: "777")
            answers.withLock { $0 = true }
            try await rig.reach(receipt.id, .accepted)
            #expect(try await rig.record(receipt.id).sender == "777")
            #expect(rig.meta.seen.map(\.path) == ["/v25.0/\(Rig.sender)/messages", "/v25.0/777/messages"])
        }
    }

    @Test func distrustAndOptOutsGoWithTheNumber() async throws {
        try await Rig.with(sends: false) { rig in
            _ = try await IdentityLedger.markChanged(recipient, at: Date(), on: rig.client)
            _ = try await OptOuts.record(
                [
                    .init(
                        phoneNumberID: Rig.sender, waID: "16315550000", userID: nil, scope: .all, active: true, source: "test",
                        at: Date(timeIntervalSinceNow: -60))
                ], on: rig.client)
            let held = try await rig.submit()
            try await rig.gateway.senders.moved(from: Rig.sender, to: "777")
            #expect(try await rig.submit(Rig.text("later")) { $0.sender = "777" }.state == .held)
            await #expect(throws: GatewayRefusal.self) { try await rig.submit(Rig.text(to: "+16315550000")) { $0.sender = "777" } }
            #expect(try await rig.client.withTransaction { try await rig.gateway.releaseHeld(on: $0) }.isEmpty)
            let (_, released) = try await rig.gateway.verify("+16315551234", how: "called", by: "ana")
            #expect(released.contains(held.id) && released.count == 2)
            #expect(try await rig.record(held.id).sender == "777")
        }
    }

    @Test func answerOfARefusedTransmissionIsNotThatOfTheNextOne() async throws {
        let box = Mutex<Rig?>(nil)
        try await Rig.with(
            mode: .enforce,
            reply: { request in
                if request.number == 1, let rig = box.withLock({ $0 }), let id = UUID(uuidString: String(request.callback.dropFirst(7))) {
                    // The failure outruns the answer, and a person is quick.
                    try? await rig.statuses([Rig.status("failed", "wamid.1", callback: id, code: 137000)])
                    _ = try? await rig.gateway.senders.stop(Rig.sender, reason: "test", by: "test")
                    _ = try? await rig.gateway.verify("+16315551234", how: "called", by: "ana")
                }
                return .accept
            }
        ) { rig in
            box.withLock { $0 = rig }
            let receipt = try await rig.submit()
            try await eventually("the first attempt has ended") {
                try await rig.client.query("SELECT FROM jobs.outcome WHERE result = 'S'").count == 1
            }
            #expect(try await rig.record(receipt.id).state == .queued)
            try await rig.gateway.senders.resume(Rig.sender)
            try await rig.reach(receipt.id, .accepted)
            #expect(try await rig.record(receipt.id).wamid == "wamid.2")
            #expect(rig.meta.seen.count == 2)
            box.withLock { $0 = nil }
        }
    }

    @Test func verificationReachesAMessageThatIsJustBeingHeld() async throws {
        try await Rig.with { rig in
            _ = try await IdentityLedger.markChanged(recipient, at: Date(), on: rig.client)
            let receipt = try await crossed(rig) {
                _ = try await rig.gateway.verify("+16315551234", how: "called", by: "ana")
            } _: { db in
                try await rig.gateway.submit(Submission(sender: Rig.sender, body: Rig.text()), on: db)
            }
            #expect(receipt.state == .held)
            try await rig.reach(receipt.id, .accepted)
        }
    }

    @Test func templateIsReleasedForAMessageThatIsJustBeingHeld() async throws {
        try await Rig.with(sends: false) { rig in
            let receipt = try await rig.submit([
                "messaging_product": "whatsapp", "to": "+16315551234", "type": "template",
                "template": ["name": "promo", "language": ["code": "en_US"]],
            ])
            try await rig.client.query(
                "INSERT INTO gateway.template_hold (waba_id, name, language, reason) VALUES (\(Rig.waba), 'promo', 'en_US', 'paused')")
            let mine = attempt(receipt.id, job: try await job(receipt.id, rig))
            _ = try await crossed(rig) {
                try await rig.client.withTransaction {
                    try await rig.gateway.releaseTemplate(
                        waba: Rig.waba, name: "promo", language: "en_US", saidAt: try await JobQueue.now(on: $0), on: $0)
                }
            } _: { db in
                try await rig.gateway.kind.admit([mine], on: db).count
            }
            #expect(try await rig.record(receipt.id).state == .queued)
        }
    }

    @Test func cancelDoesNotStandInACircleWithAnIntent() async throws {
        try await Rig.with(sends: false) { rig in
            let receipt = try await rig.submit()
            var slots = SlotReader(windows: LaneWindows())
            let worker = try await JobStore(client: rig.client).beat(nil, name: "test", on: rig.client)
            try await JobStore(client: rig.client).turn()
            let claimed = try await JobStore(client: rig.client).claim(
                .init(worker: worker, lanes: 1, most: 1, perLane: 1, lease: 60), slots: &slots
            ).attempts
            #expect(claimed.count == 1)
            _ = try await crossed(rig) {
                _ = try await rig.gateway.cancel(receipt.id)
            } _: { db in
                try await JobStore(client: rig.client).intend(
                    worker: worker, ids: claimed.map(\.id), delivery: .atMostOnce, lease: 60, on: db)
            } then: { db in
                guard case .drop = try await rig.gateway.kind.admit(claimed, on: db)[0] else { return #expect(Bool(false)) }
            }
            #expect(try await rig.record(receipt.id).state == .cancelled)
        }
    }

    @Test func staleJobDoesNotTakeTheTurnOfTheCurrentOne() async throws {
        try await Rig.with(sends: false) { rig in
            let receipt = try await rig.submit()
            let stale = attempt(receipt.id, job: 7, attempt: 1)
            let current = attempt(receipt.id, job: try await job(receipt.id, rig), attempt: 2)
            let verdicts = try await rig.client.withTransaction { try await rig.gateway.kind.admit([stale, current], on: $0) }
            guard case .drop = verdicts[0], case .go = verdicts[1] else { return #expect(Bool(false), "\(verdicts)") }
        }
    }

    @Test func lateProofThatNothingWasSentQueuesTheMessageAgain() async throws {
        try await Rig.with(sends: false) { rig in
            let receipt = try await rig.submit()
            let mine = attempt(receipt.id, job: try await job(receipt.id, rig))
            func settle(_ result: AttemptResult, isLate: Bool) async throws {
                try await rig.client.withTransaction { db in
                    try await rig.gateway.kind.settle(
                        [Settlement(attempt: mine, result: result, detail: nil, isLate: isLate, willRetryAt: nil)], on: db)
                }
            }
            try await rig.client.query("UPDATE gateway.message SET state = 'sending'")
            try await settle(.unknown(reason: "lost"), isLate: false)
            #expect(try await rig.record(receipt.id).state == .unknown)
            let notSent = AttemptResult.retry(after: .zero, reason: "the lease was over", costsAttempt: false, lanePenalty: nil)
            try await settle(notSent, isLate: true)
            #expect(try await rig.record(receipt.id).state == .queued)
            let next = try await job(receipt.id, rig)
            #expect(next != mine.jobID)
            // Once is enough.
            try await settle(notSent, isLate: true)
            #expect(try await job(receipt.id, rig) == next)
        }
    }

    /// Who looks at a message that goes again reads what Meta said, not that the next try has missed its slot.
    @Test func aTryThatIsPutOffDoesNotHideWhatMetaSaid() async throws {
        try await Rig.with(reply: { _ in .error(400, code: 131057) }) { rig in
            let receipt = try await rig.submit()
            try await eventually("refused") {
                let record = try await rig.record(receipt.id)
                return record.state == .queued && record.reasonCode == "131057"
            }
            try await KindPauses.pause("send", by: "test", reason: "test", on: rig.client)
            let said = try await rig.record(receipt.id).reason
            let mine = attempt(receipt.id, job: try await job(receipt.id, rig))
            try await rig.client.query(
                "UPDATE gateway.message SET state = 'sending', attempts = attempts + 1, reason = NULL, reason_code = NULL")
            let missed = AttemptResult.retry(after: .zero, reason: "its slot was missed", costsAttempt: false, lanePenalty: nil)
            try await rig.client.withTransaction { db in
                try await rig.gateway.kind.settle(
                    [Settlement(attempt: mine, result: missed, detail: nil, isLate: false, willRetryAt: nil)], on: db)
            }
            let record = try await rig.record(receipt.id)
            #expect(record.state == .queued && record.reasonCode == "131057" && record.reason == said)
            // One that was never tried says what is.
            let other = try await rig.submit(Rig.text(to: "+16315550000"))
            let first = attempt(other.id, job: try await job(other.id, rig))
            try await rig.client.query("UPDATE gateway.message SET state = 'sending', attempts = 1 WHERE id = \(other.id)")
            try await rig.client.withTransaction { db in
                try await rig.gateway.kind.settle(
                    [Settlement(attempt: first, result: missed, detail: nil, isLate: false, willRetryAt: nil)], on: db)
            }
            #expect(try await rig.record(other.id).reason == "its slot was missed")
        }
    }

    @Test func metasWordOutranksAPersons() async throws {
        try await Rig.with(reply: { _ in .drop }) { rig in
            let receipt = try await rig.submit()
            try await rig.reach(receipt.id, .unknown)
            #expect(try await rig.gateway.settleByPerson(receipt.id, sent: false, by: "ana", note: "not on the phone"))
            try await rig.statuses([Rig.status("sent", "wamid.1", callback: receipt.id)])
            let record = try await rig.record(receipt.id)
            #expect(record.state == .sent && record.reason == nil && record.failedAt == nil)
        }
    }

    @Test func textThatCannotBeStoredDoesNotLoseTheAnswer() async throws {
        let accepted = #"{"contacts":[{"input":"1","wa_id":"1\u0000"}],"messages":[{"id":"wamid.1"}]}"#
        let nameless = #"{"contacts":[{"input":"1","wa_id":"16315550000"}],"messages":[{"id":"wamid \u0000"}]}"#
        try await Rig.with(reply: { .raw(200, $0.number == 1 ? accepted : nameless) }) { rig in
            let first = try await rig.submit()
            try await rig.reach(first.id, .accepted)
            let second = try await rig.submit(Rig.text(to: "+16315550000"))
            try await rig.reach(second.id, .accepted)
            #expect(try await rig.record(second.id).wamid == nil)
            // A status cannot be poisoned by its recipient either.
            let third = try await rig.submit(Rig.text(to: "+16315550001"))
            try await rig.reach(third.id, .accepted)
            let odd = try #require(
                StatusUpdate([
                    "id": "wamid.3", "status": "delivered", "timestamp": "1790000000", "recipient_id": "1\u{0}",
                    "biz_opaque_callback_data": .string("relevo:\(third.id.uuidString.lowercased())"),
                ]))
            try await rig.client.query("UPDATE gateway.message SET wa_id = NULL")
            try await rig.statuses([odd])
            #expect(try await rig.record(third.id).state == .delivered)
        }
    }

    @Test func messageThatNobodySendsAnyMoreIsNotSendingForEver() async throws {
        try await Rig.with(sends: false) { rig in
            let receipt = try await rig.submit()
            let fresh = try await rig.submit(Rig.text(to: "+16315550000"))
            let store = JobStore(client: rig.client)
            var slots = SlotReader(windows: LaneWindows())
            let worker = try await store.beat(nil, name: "test", on: rig.client)
            try await store.turn()
            let claimed = try await store.claim(.init(worker: worker, lanes: 1, most: 2, perLane: 2, lease: 60), slots: &slots)
                .attempts
            try await rig.client.query("UPDATE gateway.message SET state = 'sending', sent_at = jobs.now()")
            // The engine could end the attempt, and the gateway could not take its result over.
            let lost = try #require(claimed.first { SendJob.message($0.payload) == receipt.id })
            let ending = Ending(
                Completion(attempt: lost, kind: rig.gateway.kind, result: .done(providerID: "wamid.1"), detail: nil),
                settings: EngineSettings())
            let ended = try await rig.client.withTransaction { try await store.finish([ending], unsettled: [Data()], on: $0) }
            #expect(ended.count == 1)
            _ = try await rig.gateway.housekeeper.round()
            #expect(try await rig.record(receipt.id).state == .unknown)
            #expect(try await rig.record(fresh.id).state == .sending)
        }
    }

    @Test func digitsThatAreNoDigitsAreRefused() async throws {
        try await Rig.with(sends: false) { rig in
            for number in ["\u{2469}6315551234", "\u{4E07}", "\u{BD}16315551234"] {
                await #expect(throws: GatewayRefusal.self) { try await rig.submit(Rig.text(to: number)) }
            }
        }
    }

    @Test func tokenThatMetaRepeatsIsNotStored() async throws {
        let body = #"{"error":{"message":"Malformed access token token-of-acme-1234","type":"OAuthException","code":190}}"#
        try await Rig.with(reply: { _ in .raw(401, body) }, token: "token-of-acme-1234") { rig in
            let receipt = try await rig.submit()
            let record = try await rig.gateway.wait(for: receipt.id, atMost: .seconds(300))
            #expect(record.state == .failed && record.errorCode == 190)
            let stored = try await rig.client.query(
                """
                SELECT concat_ws(' ', m.reason, convert_from(m.graph_error, 'UTF8'), (SELECT string_agg(e.detail, ' ')
                    FROM gateway.event e), (SELECT string_agg(o.reason, ' ') FROM jobs.outcome o),
                    (SELECT stopped_reason FROM gateway.sender))
                FROM gateway.message m
                """
            ).decodeFirst(String.self)
            #expect(stored?.contains("Malformed") == true && stored?.contains("token-of-acme") == false)
        }
    }
}

extension JobKind {
    /// As the engine asks, in two round trips.
    func admit(_ attempts: [Attempt], on db: PostgresConnection) async throws -> [Admission] {
        try await admit(attempts, prepared: try await db.pipeline(prepare(attempts)), on: db)
    }
}
