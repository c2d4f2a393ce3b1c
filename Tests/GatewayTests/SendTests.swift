import CloudAPI
import Foundation
import Gateway
import Jobs
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite struct SendTests {
    @Test func acceptedMessageCarriesOurNameAndKeepsMetasAnswer() async throws {
        try await Rig.with { rig in
            let receipt = try await rig.submit { $0.clientData = "order 7" }
            #expect(receipt.e164 == "+16315551234" && receipt.waID == "16315551234" && receipt.state == .queued)
            let record = try await rig.gateway.wait(for: receipt.id, atMost: .seconds(300))
            #expect(record.state == .accepted && record.wamid == "wamid.1" && record.waID == "16315551234")
            #expect(record.attempts == 1 && record.clientData == "order 7" && record.acceptedAt != nil)
            let answer = try #require(record.graphAnswer)
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix(#"{"messaging_product":"whatsapp","contacts":[{"input":"#))
            let request = try #require(rig.meta.seen.first)
            #expect(rig.meta.seen.count == 1 && request.path == "/v25.0/\(Rig.sender)/messages")
            #expect(request.to == "+16315551234" && request.hash == nil)
            #expect(request.callback == "relevo:\(receipt.id.uuidString.lowercased())")
            #expect(try await rig.gateway.history(of: receipt.id).map(\.kind) == ["submitted", "accepted"])
        }
    }

    @Test func refusalIsKeptByteForByte() async throws {
        let body = #"{"error":{"message":"(#131009) no",  "code":131009,"x":[1.50]}}"#
        try await Rig.with(reply: { _ in .raw(400, body) }) { rig in
            let receipt = try await rig.submit()
            let record = try await rig.gateway.wait(for: receipt.id, atMost: .seconds(300))
            #expect(record.state == .failed && record.errorCode == 131009 && record.reasonCode == "131009" && record.httpStatus == 400)
            #expect(record.graphError == Data(body.utf8))
            #expect(rig.meta.seen.count == 1)
        }
    }

    @Test func throttledNumberSendsAgainUnderTheSameName() async throws {
        try await Rig.with(reply: { $0.number == 1 ? .error(429, code: 130429) : .accept }) { rig in
            let receipt = try await rig.submit()
            try await rig.reach(receipt.id, .accepted)
            #expect(Set(rig.meta.seen.map(\.callback)).count == 1 && rig.meta.seen.count == 2)
            #expect(try await rig.record(receipt.id).wamid == "wamid.2")
        }
    }

    @Test func lostAnswerIsNeverRepeatedAndALateStatusSettlesIt() async throws {
        try await Rig.with(reply: { _ in .drop }) { rig in
            let receipt = try await rig.submit()
            let record = try await rig.gateway.wait(for: receipt.id, atMost: .seconds(300))
            #expect(record.state == .unknown && record.wamid == nil)
            #expect(try await rig.gateway.why(receipt.id).map(\.code) == ["waiting_for_status"])
            try await rig.statuses([Rig.status("sent", "wamid.late", callback: receipt.id)])
            #expect(try await rig.record(receipt.id).state == .sent)
            try await rig.statuses([Rig.status("delivered", "wamid.late", at: 1)])
            let settled = try await rig.record(receipt.id)
            #expect(settled.state == .delivered && settled.wamid == "wamid.late" && !settled.needsPerson && settled.reason == nil)
            #expect(rig.meta.seen.count == 1)
        }
    }

    @Test func statusThatOutrunsItsAnswerIsNotUndone() async throws {
        let box = Mutex<Rig?>(nil)
        try await Rig.with(reply: { request in
            if let rig = box.withLock({ $0 }), let id = UUID(uuidString: String(request.callback.dropFirst(7))) {
                try? await rig.statuses([Rig.status("delivered", "wamid.early", callback: id), Rig.status("read", "wamid.1", at: 3)])
            }
            return request.number == 1 ? .accept : .drop
        }) { rig in
            box.withLock { $0 = rig }
            // With an answer: one status by name, another by a wamid that is not known yet.
            let first = try await rig.submit()
            try await rig.reach(first.id, .read)
            #expect(try await rig.record(first.id).graphAnswer != nil)
            // Without one.
            let second = try await rig.submit(Rig.text(to: "+16315550000"))
            try await eventually("its job has ended") {
                try await rig.client.query("SELECT FROM jobs.attempt").isEmpty && rig.meta.seen.count == 2
            }
            #expect(try await rig.record(second.id).state == .delivered)
            box.withLock { $0 = nil }
        }
    }

    /// Its wamid is not known yet, so that it can be told whose it is only when the answer is stored.
    @Test func failureThatOutrunsItsAnswerHasItsConsequences() async throws {
        let box = Mutex<Rig?>(nil)
        try await Rig.with(reply: { _ in
            do {
                try await box.withLock { $0 }?.statuses([Rig.status("failed", "wamid.1", code: 131048)])
            } catch {
                Issue.record(error)
            }
            return .accept
        }) { rig in
            box.withLock { $0 = rig }
            let receipt = try await rig.submit()
            try await rig.reach(receipt.id, .failed)
            #expect(try await rig.gateway.overrides().map(\.key) == ["number:\(Rig.sender)"])
            box.withLock { $0 = nil }
        }
    }

    @Test func unknownForTooLongIsForAPerson() async throws {
        try await Rig.with(reply: { _ in .drop }) { rig in
            let receipt = try await rig.submit()
            try await rig.reach(receipt.id, .unknown)
            #expect(try await rig.gateway.housekeeper.round().needPerson == 0)
            try await BusinessClock.set(business: Date(timeIntervalSinceNow: 90_000), speed: 1, on: rig.client)
            #expect(try await rig.gateway.housekeeper.round().needPerson == 1)
            var filter = MessageFilter()
            filter.needsPerson = true
            #expect(try await rig.gateway.messages(filter).messages.map(\.id) == [receipt.id])
            #expect(try await rig.gateway.settleByPerson(receipt.id, sent: false, by: "ana", note: "not on the phone"))
            #expect(try await rig.record(receipt.id).state == .failed)
            #expect(try await !rig.gateway.settleByPerson(receipt.id, sent: true, by: "ana", note: "again"))
            #expect(rig.meta.seen.count == 1)
        }
    }

    @Test func expiredMessageIsNeverSent() async throws {
        try await Rig.with { rig in
            try await rig.gateway.senders.stop(Rig.sender, reason: "test", by: "test")
            let receipt = try await rig.submit { $0.expiresAt = Date(timeIntervalSinceNow: 60) }
            #expect(try await rig.gateway.why(receipt.id).contains { $0.code == "sender_stopped" && $0.text == "test" })
            try await BusinessClock.set(business: Date(timeIntervalSinceNow: 120), speed: 1, on: rig.client)
            try await rig.gateway.senders.resume(Rig.sender)
            try await rig.reach(receipt.id, .expired)
            let other = try await rig.submit(Rig.text(to: "+16315550000"))
            try await rig.reach(other.id, .accepted)
            #expect(rig.meta.seen.map(\.to) == ["+16315550000"])
        }
    }

    @Test func pairRuleLetsABurstThroughAndPostponesTheRest() async throws {
        try await Rig.with { rig in
            for (name, value) in [("pair.burst", 2.0), ("pair.seconds", 600)] {
                try await rig.gateway.setLimit(name, LimitChange(value: value), by: "test")
            }
            var ids: [UUID] = []
            for index in 0..<4 { ids.append(try await rig.submit(Rig.text("\(index)")).id) }
            let other = try await rig.submit(Rig.text(to: "+16315550000"))
            try await rig.reach(other.id, .accepted)
            try await eventually("two wait for their pair") {
                var waiting = 0
                for id in ids where try await rig.gateway.why(id).contains(where: { $0.code == "pair" && $0.until != nil }) { waiting += 1 }
                return waiting == 2
            }
            try await eventually("the other two go") { rig.meta.seen.count == 3 }
            #expect(rig.meta.seen.filter { $0.to == "+16315551234" }.count == 2)
        }
    }

    /// In one batch: pairs at rest, further ones of a burst, and some that wait.
    @Test(arguments: [false, true]) func pairsOfABatchAreTakenEachByItself(isShadow: Bool) async throws {
        try await TestDatabase.with { client in
            try await client.query(
                """
                INSERT INTO gateway.pair (sender, address, burst_at, in_burst, free_at, failures)
                VALUES ('1', 'busy', clock_timestamp(), 1, clock_timestamp() + interval '1 hour', 1)
                """)
            let addresses = ["rest", "busy", "rest", "other", "busy", "rest"]
            let rows = try await client.query(
                """
                SELECT place, extract(epoch FROM until - clock_timestamp())::float8, failures, is_over
                  FROM gateway.take_pairs(\(addresses.map { _ in "1" }), \(addresses), 60, 2, 600, \(isShadow)) ORDER BY place
                """
            ).decode((Int, Double?, Int, Bool).self)
            #expect(rows.map(\.0) == Array(1...6))
            // In shadow it counts the same.
            #expect(rows.map(\.3) == [false, true, false, false, true, true])
            // What Meta has refused rests, whatever is only counted.
            #expect(rows.map { $0.1 == nil } == [true, false, true, true, false, isShadow])
            #expect(rows.map(\.2) == [0, 1, 0, 0, 1, 0])
            guard !isShadow, let first = rows[1].1, let second = rows[4].1, let third = rows[5].1 else { return }
            // Behind each other, a step apart; the third of a burst of two waits until two steps are over.
            #expect(first > 3500 && first <= 3600 && abs(second - first - 60) < 1)
            #expect(third > 110 && third <= 120)
        }
    }

    @Test func cancelledMessageIsNotSent() async throws {
        try await Rig.with(sends: false) { rig in
            let receipt = try await rig.submit()
            #expect(try await rig.gateway.cancel(receipt.id))
            #expect(try await !rig.gateway.cancel(receipt.id))
            #expect(try await rig.record(receipt.id).state == .cancelled)
            #expect(try await rig.client.query("SELECT FROM jobs.ready").isEmpty)
        }
    }

    @Test func stoppedWABAStopsItsSendersAndTheRestWaits() async throws {
        try await Rig.with(reply: { _ in .error(400, code: 131042) }) { rig in
            let receipt = try await rig.submit()
            try await rig.reach(receipt.id, .failed)
            let sender = try #require(try await rig.gateway.senders.find(phoneNumberID: Rig.sender))
            #expect(sender.state == .stopped && sender.stoppedReason?.contains("payment") == true)
            let later = try await rig.submit(Rig.text(to: "+16315550000"))
            #expect(try await rig.gateway.why(later.id).contains { $0.code == "sender_stopped" && $0.key == "number:\(Rig.sender)" })
            #expect(rig.meta.seen.count == 1)
        }
    }

    @Test func movedNumberTakesItsWaitingMessagesAlong() async throws {
        try await Rig.with { rig in
            try await rig.gateway.senders.stop(Rig.sender, reason: "cut-over", by: "test")
            let receipt = try await rig.submit()
            try await rig.gateway.senders.moved(from: Rig.sender, to: "999")
            try await rig.reach(receipt.id, .accepted)
            // Whoever still posts to the old id is served by the new one.
            let second = try await rig.submit(Rig.text(to: "+16315550000"))
            try await rig.reach(second.id, .accepted)
            #expect(rig.meta.seen.map(\.path) == ["/v25.0/999/messages", "/v25.0/999/messages"])
            #expect(try await rig.gateway.senders.find(phoneNumberID: Rig.sender)?.state == .retired)
            // And back again, without a circle.
            try await rig.gateway.senders.moved(from: "999", to: Rig.sender)
            let third = try await rig.submit(Rig.text(to: "+16315550001"))
            try await rig.reach(third.id, .accepted)
            #expect(rig.meta.seen.last?.path == "/v25.0/\(Rig.sender)/messages")
        }
    }
}
