import CloudAPI
import Foundation
import Jobs
import Postgres
import Recipients
import TestSupport
import Testing

@testable import Gateway

@Suite struct IdentityTests {
    private func observe(_ hash: String, at second: Int, _ rig: Rig) async throws {
        _ = try await IdentityLedger.observe(
            [
                .init(
                    phoneNumberID: Rig.sender, waID: "16315551234", userID: nil, hash: hash, source: .status,
                    at: Date(timeIntervalSince1970: Double(1_780_000_000 + second)), senderEnforces: true)
            ], on: rig.client)
    }

    private func own(_ hash: String) -> JSONValue {
        guard var object = Rig.text().object else { return .null }
        object["recipient_identity_key_hash"] = .string(hash)
        return .object(object)
    }

    @Test func enforcingSenderAttachesTheLearntHashAndRefusesAnother() async throws {
        try await Rig.with(mode: .enforce) { rig in
            try await observe("HASH=", at: 0, rig)
            let receipt = try await rig.submit()
            try await rig.reach(receipt.id, .accepted)
            #expect(rig.meta.seen.first?.hash == "HASH=")
            #expect(try await rig.record(receipt.id).hashAttached)
            let other = own("OTHER=")
            let refusal = await #expect(throws: GatewayRefusal.self) { try await rig.submit(other) }
            #expect(refusal?.code == 137000)
        }
    }

    @Test func observingSenderAttachesNothing() async throws {
        try await Rig.with(mode: .observe) { rig in
            try await observe("HASH=", at: 0, rig)
            let receipt = try await rig.submit()
            try await rig.reach(receipt.id, .accepted)
            #expect(rig.meta.seen.first?.hash == nil)
        }
    }

    @Test func changedIdentityHoldsUntilAPersonVerifiesThenGoesWithoutHash() async throws {
        try await Rig.with(mode: .enforce) { rig in
            try await observe("OLD=", at: 0, rig)
            // The caller's own hash is left out as well when the message goes again.
            let first = try await rig.submit(own("OLD="))
            try await rig.reach(first.id, .accepted)
            try await rig.statuses([Rig.status("failed", "wamid.1", code: 137000)])
            let failed = try await rig.record(first.id)
            #expect(failed.state == .failed && failed.reasonCode == "137000" && failed.errorCode == 137000)
            let second = try await rig.submit(Rig.text("later"))
            #expect(second.state == .held && second.reason != nil)
            #expect(try await rig.gateway.why(second.id).map(\.code) == ["recipient_changed"])
            // Nobody has verified anything yet.
            #expect(try await rig.client.withTransaction { try await rig.gateway.releaseHeld(on: $0) }.isEmpty)
            let (verified, released) = try await rig.gateway.verify("+16315551234", how: "called back", by: "ana")
            #expect(verified.map(\.wasChanged) == [true] && Set(released) == [first.id, second.id])
            try await rig.reach(first.id, .accepted)
            try await rig.reach(second.id, .accepted)
            #expect(rig.meta.seen.map(\.hash) == ["OLD=", nil, nil])
            // The old failure comes once more: it is of a transmission that is over.
            try await rig.statuses([Rig.status("failed", "wamid.1", callback: first.id, code: 137000)])
            #expect(try await rig.record(first.id).state == .accepted)
            #expect(
                try await rig.gateway.history(of: first.id).map(\.kind).filter { $0 != "submitted" }.sorted()
                    == ["accepted", "accepted", "released", "status.failed"])
        }
    }

    /// What has failed goes without a hash, and whoever was verified long ago may have changed again.
    @Test func verifyingSomebodySendsNobodyElseWhatFailed() async throws {
        try await Rig.with(mode: .enforce) { rig in
            try await observe("OLD=", at: 0, rig)
            let failed = try await rig.submit()
            try await rig.reach(failed.id, .accepted)
            // They are verified while it is on its way: its failure tells of who they were before.
            for number in ["+16315551234", "+16315550000"] {
                _ = try await IdentityLedger.markChanged(
                    RecipientKey(phoneNumberID: Rig.sender, address: number), at: Date(), on: rig.client)
            }
            #expect(try await rig.gateway.verify("+16315551234", how: "called back", by: "ana").released.isEmpty)
            try await rig.statuses([Rig.status("failed", "wamid.1", code: 137000)])
            #expect(try await rig.record(failed.id).state == .failed)
            let why = try #require(try await rig.gateway.why(failed.id).first)
            #expect(why.code == "137000" && why.key == "recipient:\(Rig.sender):+16315551234")
            #expect(why.text.contains("relevo recipients verify +16315551234"))
            #expect(try await rig.gateway.verify("+16315550000", how: "called back", by: "ana").released.isEmpty)
            #expect(try await rig.gateway.verify("+16315551234", how: "called back", by: "ana").released == [failed.id])
        }
    }

    /// Nobody wants the code of last month.
    @Test func whatFailedAMonthAgoDoesNotGoAgain() async throws {
        try await Rig.with(mode: .enforce) { rig in
            var messages: [UUID] = []
            for days in [29, 31] {
                try await observe("OLD=", at: 0, rig)
                let message = try await rig.submit(Rig.text("\(days)")).id
                try await rig.reach(message, .accepted)
                messages.append(message)
            }
            for (message, days) in zip(messages, [29, 31]) {
                let wamid = try #require(try await rig.record(message).wamid)
                try await rig.statuses([Rig.status("failed", wamid, callback: message, code: 137000)])
                try await rig.client.query(
                    "UPDATE gateway.message SET updated_at = jobs.now() - make_interval(days => \(Int32(days))) WHERE id = \(message)")
            }
            #expect(try await rig.gateway.why(messages[1]).map(\.key) == [nil])
            #expect(try await rig.gateway.verify("+16315551234", how: "called back", by: "ana").released == [messages[0]])
        }
    }

    /// What is held has no job, and stands between those that have theirs.
    @Test func heldMessageAmongOthersOfABatchTakesNobodysJob() async throws {
        try await Rig.with(mode: .enforce, sends: false) { rig in
            try await observe("OLD=", at: 0, rig)
            try await rig.client.query("UPDATE recipients.contact SET trust = 'changed', cause = 'observed', changed_at = now()")
            let numbers = ["+16315550000", "+16315551234", "+16315550001", "+16315551234", "+16315550002"]
            let receipts = try await rig.gateway.submit(
                batch: numbers.map { Submission(sender: Rig.sender, body: Rig.text(to: $0)) }
            ).map { try $0.get() }
            #expect(receipts.map(\.state) == [.queued, .held, .queued, .held, .queued])
            for receipt in receipts {
                let job =
                    try await rig.client.query(
                        """
                        SELECT j.payload FROM gateway.message m LEFT JOIN jobs.job j ON j.id = m.job_id WHERE m.id = \(receipt.id)
                        """
                    ).decodeFirst(Data?.self) ?? nil
                #expect(job.flatMap(SendJob.message) == (receipt.state == .held ? nil : receipt.id))
            }
        }
    }

    @Test func queuedMessageIsHeldWhenItsTurnComes() async throws {
        try await Rig.with(mode: .enforce) { rig in
            try await rig.gateway.senders.stop(Rig.sender, reason: "test", by: "test")
            let receipt = try await rig.submit()
            _ = try await IdentityLedger.markChanged(
                RecipientKey(phoneNumberID: Rig.sender, address: "+16315551234"), at: Date(), on: rig.client)
            try await rig.gateway.senders.resume(Rig.sender)
            try await rig.reach(receipt.id, .held)
            #expect(rig.meta.seen.isEmpty)
        }
    }
}
