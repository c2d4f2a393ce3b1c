import Foundation
import TestProcesses
import TestSupport
import Testing

/// Recipients whose identity changes: nothing goes to them until a person has verified them, whatever name they are known by.
@Suite(.serialized)
struct IdentityTests {
    @Test func fromTheFirstHashThroughAChangeToTheNext() async throws {
        try await Rehearsal.with { rehearsal in
            let walk = try await Walk(
                rehearsal,
                [
                    Person(phone: "+16315550111", waID: "16315550111"), Person(phone: "+525512345678", waID: "5215512345678"),
                    Person(phone: "+5531987654321", waID: "553187654321"), Person(phone: "+541123456789", waID: "5491123456789"),
                    Person(phone: "+447400123456", waID: nil),
                ])
            try await walk.learnFromInboundAndFromStatus()
            try await walk.attach("with the first hash", \.old)
            let failed = try await walk.changeIdentityAndFail()
            let held = try await walk.holdWhatComesLater()
            try await walk.refuseWithoutVerification(failed, held)
            try await walk.verify()
            try await walk.resend(failed, held)
            try await walk.attach("with the new hash", \.new)
            try await walk.refuseTheOldHash()
            try await walk.nameWhoVerified()
        }
    }
}

/// Somebody on WhatsApp.
private struct Person {
    var phone: String
    /// As Meta calls them, which need not be the digits of their number; nil for somebody who is known by their user id alone.
    var waID: String?
    var userID = ""
    var old = ""
    var new = ""

    var digits: String { String(phone.dropFirst()) }
    var address: String { waID == nil ? userID : phone }
    /// All that a message to them may be addressed to.
    var names: [String] { [phone, userID] + (waID.map { ["+" + $0, $0] } ?? []) }
    /// Whom a message is for, as a caller of the Cloud API says it.
    var target: String { waID == nil ? #""recipient":"\#(userID)""# : #""to":"\#(phone)""# }
}

/// Every recipient on their way, with two numbers of ours that know them independently of each other.
private final class Walk {
    private let rehearsal: Rehearsal
    private let key: String
    /// The first learns from what people write to it, the second from what becomes of its own messages.
    private var senders: [String] = []
    private var people: [Person]
    /// Requests that Meta's side had seen before identities changed.
    private var before = (requests: 0, delivered: 0)

    init(_ rehearsal: Rehearsal, _ people: [Person]) async throws {
        self.rehearsal = rehearsal
        self.people = people
        try await rehearsal.startSandbox()
        try await rehearsal.startUp()
        try await rehearsal.run("credential", "add", "meta", input: Rehearsal.token + "\n")
        key = try await rehearsal.apiKey()
        let numbers = try #require((try await rehearsal.sandboxState())["numbers"] as? [[String: Any]])
        for number in numbers.filter({ $0["status"] as? String == "CONNECTED" }).prefix(2) { try await addSender(number) }
        for place in people.indices { try await introduce(place) }
    }

    private func addSender(_ number: [String: Any]) async throws {
        let id = try #require(number["id"] as? String)
        let (phone, waba) = (try #require(number["phone"] as? String), try #require(number["waba_id"] as? String))
        try await rehearsal.run("sender", "add", id, "--number", phone, "--waba", waba, "--client", "tests")
        try await rehearsal.run("sender", "set", id, "--identity", "enforce")
        let settings = try await rehearsal.post(
            "http://127.0.0.1:\(rehearsal.graphPort)/v25.0/\(id)/settings", bearer: Rehearsal.token,
            #"{"user_identity_change":{"enable_identity_key_check":true}}"#)
        #expect(settings.status == 200)
        _ = try await control("wabas/\(waba)", #"{"subscribed":true}"#)
        senders.append(id)
    }

    /// They read nothing, and get their messages late enough that the clocks of both sides may differ: a status of a message without a hash
    /// tells the hash of its own time.
    private func introduce(_ place: Int) async throws {
        let person = people[place]
        let known = try await control(
            "people",
            #"{"phone":"\#(person.phone)","window_open":true,"reads":false,"delivered_after":30,"hides_phone":\#(person.waID == nil)}"#)
        people[place].userID = try #require(known["user_id"] as? String)
        if let waID = person.waID { #expect(known["wa_id"] as? String == waID) }
        people[place].old = try #require(try await control("identity/\(person.digits)")["identity_key_hash"] as? String)
    }

    // MARK: - The way

    func learnFromInboundAndFromStatus() async throws {
        for person in people {
            _ = try await control("inbound", #"{"phone_number_id":"\#(senders[0])","from":"\#(person.phone)"}"#)
        }
        let first = try await post("without a hash", from: [senders[1]])
        try await reach(first, "delivered")
        for id in first { #expect(try hashes(of: id) == [nil]) }
        for person in people {
            for (sender, source) in zip(senders, ["inbound", "status"]) {
                let record = try await learned(person.old, by: sender, of: person)
                #expect(record["hash_source"] as? String == source)
                #expect(record["wa_id"] as? String == person.waID)
                #expect(record["user_id"] as? String == person.userID)
            }
        }
    }

    func attach(_ text: String, _ hash: KeyPath<Person, String>) async throws {
        let sent = try await post(text)
        let messages = try await reach(sent, "delivered")
        for (id, person) in zip(sent, recipients) { #expect(try hashes(of: id) == [person[keyPath: hash]]) }
        #expect(messages.allSatisfy { $0["hash_attached"] as? Bool == true })
        for (message, person) in zip(messages, recipients) where person.waID == nil {
            #expect(message["e164"] == nil && message["wa_id"] == nil && message["user_id"] as? String == person.userID)
        }
    }

    func changeIdentityAndFail() async throws -> [String] {
        before = (try requests().count, try await tally("delivered"))
        for place in people.indices {
            let changed = try await control("identity/\(people[place].digits)/change", "{}")
            #expect(changed["previous_hash"] as? String == people[place].old)
            people[place].new = try #require(changed["identity_key_hash"] as? String)
        }
        let failed = try await post("with a hash that is no longer theirs")
        for message in try await reach(failed, "failed") {
            #expect(message["reason_code"] as? String == "137000" && message["graph_code"] as? Int == 137000)
            #expect((message["graph_error"] as? [String: Any])?["code"] as? Int == 137000)
        }
        for person in people {
            for sender in senders {
                try await eventually("\(person.address) is not trusted by \(sender)") {
                    try await self.record(of: person, by: sender)?["trust"] as? String == "changed"
                }
            }
        }
        return failed
    }

    /// Under their other names, too.
    func holdWhatComesLater() async throws -> [String] {
        var held = try await post("later")
        held += try await post("later, to the name Meta has for them") { person in
            person.waID.flatMap { $0 == person.digits ? nil : #""to":"\#($0)""# }
        }
        held += try await post("later, to their user id") { $0.waID == nil ? nil : #""recipient":"\#($0.userID)""# }
        for message in try await reach(held, "held") {
            #expect(message["reason_code"] as? String == "recipient_changed")
            #expect((message["reason"] as? String)?.contains("Meta refused the hash") == true)
        }
        for id in held.prefix(lines.count) {
            let why = try await rehearsal.run("why", id)
            #expect(why.text.contains("recipient_changed") && why.text.contains("verified by a person"))
        }
        return held
    }

    func refuseWithoutVerification(_ failed: [String], _ held: [String]) async throws {
        for person in people {
            let bare = try await rehearsal.run("recipients", "verify", person.address, expect: 2)
            #expect(bare.errorText.contains("--how"))
            try await rehearsal.run("recipients", "verify", person.address, "--how", " ", expect: 3)
            let path = "http://127.0.0.1:\(rehearsal.port)/api/v1/recipients/\(inPath(person.address))/verify"
            #expect(try await rehearsal.post(path, bearer: key, #"{"how":"I just know"}"#).status == 403)
        }
        try await reach(failed, "failed")
        try await reach(held, "held")
        // Nothing but what was refused has come to Meta's side, and nothing at all to anybody.
        let since = try requests().dropFirst(before.requests)
        #expect(since.count == failed.count)
        for (id, person) in zip(failed, recipients) { #expect(try hashes(of: id) == [person.old]) }
        #expect(try await tally("delivered") == before.delivered)
    }

    func verify() async throws {
        for person in people {
            let done = try await rehearsal.run(
                "recipients", "verify", person.address, "--how", "called back on the number in the contract", "--by", "ana", "--json")
            let verified = try #require(try object(done.text)["verified"] as? [[String: Any]])
            #expect(Set(verified.compactMap { $0["phone_number_id"] as? String }) == Set(senders))
            #expect(verified.allSatisfy { $0["was_changed"] as? Bool == true && $0["wa_id"] as? String == person.waID })
        }
    }

    func resend(_ failed: [String], _ held: [String]) async throws {
        try await reach(failed + held, "delivered")
        // What has to wait until the new hash is known goes with it; the old one goes along nowhere, and what goes first has none.
        for (id, person) in zip(failed, recipients) {
            let seen = try hashes(of: id)
            #expect(seen.count == 2 && seen[0] == person.old && (seen[1] == nil || seen[1] == person.new), "\(seen)")
        }
        for id in held {
            let seen = try hashes(of: id)
            #expect(seen.count == 1 && seen.allSatisfy { hash in hash == nil || people.contains { $0.new == hash } })
        }
        let names = Set((failed + held).map { "relevo:\($0)" })
        for line in lines {
            let first = try requests().dropFirst(before.requests + failed.count).first {
                names.contains($0["callback_data"] as? String ?? "") && $0["phone_number_id"] as? String == line.sender
                    && line.person.names.contains($0["to"] as? String ?? "")
            }
            #expect(try #require(first)["identity_hash"] as? String == nil)
        }
        for person in people {
            for sender in senders {
                #expect(try await learned(person.new, by: sender, of: person)["hash_source"] as? String == "status")
            }
        }
    }

    /// A caller who has kept the hash of before is told what Meta would tell them, and nothing goes out.
    func refuseTheOldHash() async throws {
        let count = try requests().count
        for line in lines {
            let answer = try await send(line.sender, line.person.target + #","recipient_identity_key_hash":"\#(line.person.old)""#, "stale")
            let error = answer.json["error"] as? [String: Any]
            #expect(answer.status == 400 && error?["code"] as? Int == 137000)
            #expect(((error?["error_data"] as? [String: Any])?["details"] as? String)?.contains("recipient_identity_key_hash") == true)
        }
        #expect(try requests().count == count)
    }

    func nameWhoVerified() async throws {
        for person in people {
            let shown = try await rehearsal.run("recipients", "show", person.address, "--json")
            let records = try #require(try object(shown.text)["recipients"] as? [[String: Any]])
            #expect(records.count == senders.count)
            for record in records {
                let verified = try #require((record["verifications"] as? [[String: Any]])?.first)
                #expect(verified["by"] as? String == "ana" && verified["cause"] as? String == "mismatch")
                #expect(verified["how"] as? String == "called back on the number in the contract")
                #expect(verified["previous_hash"] as? String == person.old)
                let events = (record["events"] as? [[String: Any]])?.compactMap { $0["kind"] as? String } ?? []
                #expect(events.count { ["first", "mismatch", "verified", "learned"].contains($0) } == 4, "\(events)")
            }
            let text = try await rehearsal.run("recipients", "show", person.address).text
            #expect(text.contains("verified by ana") && text.contains("called back on the number in the contract"))
        }
    }

    // MARK: - Words

    /// Everybody as either number of ours writes to them.
    private var lines: [(person: Person, sender: String)] { people.flatMap { person in senders.map { (person, $0) } } }
    private var recipients: [Person] { lines.map(\.person) }

    /// Hands in a message to everybody; the ids, in the order of `lines`.
    /// - Parameter target: nil for who gets none.
    private func post(
        _ text: String, from chosen: [String]? = nil, to target: (Person) -> String? = { $0.target }
    ) async throws -> [String] {
        var ids: [String] = []
        for line in lines where chosen?.contains(line.sender) ?? true {
            guard let target = target(line.person) else { continue }
            let answer = try await send(line.sender, target, text)
            let id = (answer.json["messages"] as? [[String: Any]])?.first?["id"] as? String
            ids.append(try #require(id, "\(answer)").replacing("relevo.", with: ""))
        }
        return ids
    }

    private func send(_ sender: String, _ target: String, _ text: String) async throws -> (status: Int, json: [String: Any]) {
        let answer = try await rehearsal.post(
            "http://127.0.0.1:\(rehearsal.port)/v25.0/\(sender)/messages", bearer: key,
            #"{"messaging_product":"whatsapp",\#(target),"type":"text","text":{"body":"\#(text)"}}"#, headers: ["Relevo-Wait": "0"])
        return (answer.status, try object(String(decoding: answer.body, as: UTF8.self)))
    }

    /// Waits until all of them are in a state; how they are then.
    @discardableResult
    private func reach(_ ids: [String], _ state: String) async throws -> [[String: Any]] {
        var messages: [[String: Any]] = []
        for id in ids {
            var message: [String: Any] = [:]
            try await eventually("message \(id) is \(state)") {
                message = try await self.read("messages/\(id)")
                return message["state"] as? String == state
            }
            messages.append(message)
        }
        return messages
    }

    private func record(of person: Person, by sender: String) async throws -> [String: Any]? {
        let records = try await read("recipients/\(inPath(person.address))")["data"] as? [[String: Any]]
        return records?.first { $0["phone_number_id"] as? String == sender }
    }

    private func learned(_ hash: String, by sender: String, of person: Person) async throws -> [String: Any] {
        var record: [String: Any] = [:]
        try await eventually("\(sender) knows the hash of \(person.address)") {
            record = try await self.record(of: person, by: sender) ?? [:]
            return record["hash"] as? String == hash && record["learning"] as? Bool == false && record["trust"] as? String == "trusted"
        }
        return record
    }

    private func read(_ path: String) async throws -> [String: Any] {
        let answer = try await rehearsal.get("http://127.0.0.1:\(rehearsal.port)/api/v1/\(path)", bearer: key)
        return try object(String(decoding: answer.body, as: UTF8.self))
    }

    private func control(_ path: String, _ body: String? = nil) async throws -> [String: Any] {
        let address = "http://127.0.0.1:\(rehearsal.graphPort)/_sandbox/\(path)"
        let answer = if let body { try await rehearsal.post(address, body) } else { try await rehearsal.get(address) }
        #expect(answer.status == 200, "\(path)")
        return try object(String(decoding: answer.body, as: UTF8.self))
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text.prefix(500))")
    }

    private func inPath(_ address: String) -> String { address.replacing("+", with: "%2B") }

    /// Requests for messages that have come to Meta's side.
    private func requests() throws -> [[String: Any]] { try rehearsal.sandboxLog().filter { $0["kind"] as? String == "message" } }

    /// The hash that went along with each request for a message; nil where none did.
    private func hashes(of id: String) throws -> [String?] {
        try requests().filter { $0["callback_data"] as? String == "relevo:\(id)" }.map { $0["identity_hash"] as? String }
    }

    private func tally(_ name: String) async throws -> Int {
        try #require((try await rehearsal.sandboxState()["messages"] as? [String: Any])?[name] as? Int)
    }
}
