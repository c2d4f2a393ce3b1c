import CloudAPI
import Foundation
import Gateway
import Recipients
import TestSupport
import Testing

/// Every code Relevo knows, answered by Meta to a message: what becomes of the message, what the caller is told, what the operator sees, and what
/// is done beyond the message.
@Suite struct ErrorTableTests {
    /// What is done beyond the message.
    enum Beyond: Equatable { case nothing, stopsNumber, stopsWABA, holdsTemplate, holdsRecipient, optsOut, asksAPerson }

    struct Line {
        var codes: [Int]
        var state: MessageState
        var beyond: Beyond = .nothing
    }

    static let lines = [
        Line(codes: [0, 3, 10, 104, 190, 200, 299, 368, 131005, 131042, 134011], state: .failed, beyond: .stopsWABA),
        Line(codes: [33, 131031, 131037, 131045, 131048, 133010, 135000], state: .failed, beyond: .stopsNumber),
        Line(codes: [131064, 132001, 132015, 132016, 132068], state: .failed, beyond: .holdsTemplate),
        Line(codes: [132069], state: .queued, beyond: .holdsTemplate),
        Line(codes: [137000], state: .failed, beyond: .holdsRecipient),
        Line(codes: [131050], state: .failed, beyond: .optsOut),
        Line(codes: [1, 2, 131000, 131016, 133004], state: .unknown),
        Line(codes: [4, 613, 80007, 80008, 130429, 131056, 131057, 133008, 133009, 133015, 134101, 2_388_023, 2_494_100], state: .queued),
        Line(
            codes: [
                100, 192, 130403, 130472, 130497, 131008, 131009, 131014, 131021, 131026, 131030, 131047, 131049, 131051, 131052, 131053,
                131055, 131060, 131062, 131063,
            ], state: .failed),
        Line(codes: [132000, 132005, 132007, 132008, 132012, 132018, 134100, 134102, 141002, 141006, 200_002], state: .failed),
        Line(codes: [133000, 133001, 133003, 133005, 133006, 133007, 133016, 136024, 136025, 1_752_041], state: .failed),
        Line(
            codes: [
                2_388_012, 2_388_019, 2_388_024, 2_388_039, 2_388_047, 2_388_072, 2_388_073, 2_388_091, 2_388_093, 2_388_103, 2_388_155,
                2_388_293, 2_388_299, 2_593_107, 2_593_108,
            ], state: .failed),
        Line(codes: [987_654, 138_000], state: .failed, beyond: .asksAPerson),
    ]

    @Test func noLineOfTheTableIsLeftOut() {
        let tested = Set(Self.lines.flatMap(\.codes))
        for rule in ErrorRules.standard.rules where rule.scope == nil || rule.scope == .send {
            #expect(tested.contains(rule.code.lowerBound) && tested.contains(rule.code.upperBound), "\(rule.code)")
        }
        #expect(tested.count == Self.lines.reduce(0) { $0 + $1.codes.count })
    }

    /// Each code has a number, a WABA and a template of its own.
    private func furnish(_ rig: Rig) async throws -> [Int: Receipt] {
        var receipts: [Int: Receipt] = [:]
        for code in Self.lines.flatMap(\.codes) {
            for place in 0...1 {
                try await rig.gateway.senders.add(
                    NewSenderRecord(
                        phoneNumberID: "\(7 + place)0\(code)", e164: "+1650555\(1000 + receipts.count)", wabaID: "9\(code)",
                        clientID: "acme"))
            }
            let body: JSONValue = [
                "messaging_product": "whatsapp", "to": "+16315551234", "type": "template",
                "template": ["name": "promo", "language": ["code": "en_US"]],
            ]
            receipts[code] = try await rig.gateway.submit(Submission(sender: "70\(code)", body: body))
        }
        return receipts
    }

    /// What was done about a code, seen from outside.
    private func beyond(_ code: Int, _ overrides: [Override], _ rig: Rig) async throws -> Beyond {
        let keys = overrides.map(\.key)
        if keys.contains("number:80\(code)") { return .stopsWABA }
        if keys.contains("number:70\(code)") { return .stopsNumber }
        if keys.contains("template:9\(code):promo:en_US") { return .holdsTemplate }
        if keys.contains("code:\(code)") { return .asksAPerson }
        let state = try await RecipientDirectory.lookup(["+16315551234"], sender: "70\(code)", on: rig.client)["+16315551234"]
        if state?.trust == .changed { return .holdsRecipient }
        return state?.optOut == .marketing ? .optsOut : .nothing
    }

    @Test func everyCodeHasItsOutcome() async throws {
        try await Rig.with(reply: { request in
            // The sender's id is 70 and the code.
            .error(400, code: request.path.split(separator: "/").dropLast().last.flatMap { Int($0.dropFirst(2)) } ?? 0)
        }) { rig in
            let receipts = try await furnish(rig)
            var records: [Int: MessageRecord] = [:]
            for line in Self.lines {
                for code in line.codes {
                    let id = try #require(receipts[code]).id
                    // One that goes again may be on its way just now, or have missed its slot on a slow machine.
                    try await eventually("\(code) is \(line.state), and the operator reads why") {
                        let record = try await rig.record(id)
                        records[code] = record
                        return record.attempts > 0 && record.state == line.state && record.reason?.contains("(#\(code))") == true
                    }
                }
            }
            let overrides = try await rig.gateway.overrides()
            for line in Self.lines {
                for code in line.codes {
                    let record = try #require(records[code])
                    #expect(try await beyond(code, overrides, rig) == line.beyond, "\(code)")
                    let history = try await rig.gateway.history(of: record.id)
                    #expect(
                        history.contains { $0.code == code && $0.detail?.contains("\(code)") == true }, "\(code): no trace in its history")
                    guard line.state == .failed else { continue }
                    // What the caller is given is what Meta has said.
                    let error = try #require(record.graphError.map { try JSONValue(parsing: $0) })["error"]
                    #expect(error?["code"]?.integer == code && error?["odd"]?.string == "kept" && record.httpStatus == 400, "\(code)")
                }
            }
        }
    }

    /// The same code in a status that comes later: the message has failed, and the rest is as above.
    @Test func everyCodeMayComeLater() async throws {
        try await Rig.with { rig in
            let receipts = try await furnish(rig)
            for (_, receipt) in receipts { try await rig.reach(receipt.id, .accepted) }
            for line in Self.lines {
                for code in line.codes {
                    let record = try await rig.record(try #require(receipts[code]).id)
                    try await rig.statuses([Rig.status("failed", try #require(record.wamid), callback: record.id, code: code)])
                }
            }
            let overrides = try await rig.gateway.overrides()
            for line in Self.lines {
                for code in line.codes {
                    let record = try await rig.record(try #require(receipts[code]).id)
                    #expect(record.state == .failed && record.errorCode == code, "\(code) is \(record.state)")
                    #expect(try await beyond(code, overrides, rig) == line.beyond, "\(code)")
                }
            }
        }
    }

    @Test func anOverrideIsListedAndLifted() async throws {
        let codes: [String: Int] = ["promo": 132016, "news": 987_654, "hello": 131048]
        try await Rig.with(reply: { request in
            .error(400, code: request.body["template"]?["name"]?.string.flatMap { codes[$0] } ?? 0)
        }) { rig in
            func send(_ name: String) async throws -> UUID {
                try await rig.submit([
                    "messaging_product": "whatsapp", "to": "+16315551234", "type": "template",
                    "template": ["name": .string(name), "language": ["code": "en_US"]],
                ]).id
            }
            try await rig.reach(try await send("promo"), .failed)
            let held = try await send("promo")
            try await rig.reach(held, .held)
            let key = "template:\(Rig.waba):promo:en_US"
            #expect(try await rig.gateway.why(held).map(\.key) == [key])
            for _ in 0..<3 { try await rig.reach(try await send("news"), .failed) }
            try await rig.reach(try await send("hello"), .failed)

            let listed = try await rig.gateway.overrides()
            #expect(listed.map(\.key) == ["number:\(Rig.sender)", key, "code:987654"])
            #expect(listed.map(\.kind) == [.senderStopped, .templateHeld, .unknownCode])
            #expect(listed[1].code == 132016 && listed[1].until != nil && listed[2].count == 3)
            // Another client's numbers and WABA are none of theirs, and codes are for whoever sees all.
            #expect(try await rig.gateway.overrides(clientID: "other").isEmpty)
            #expect(try await rig.gateway.overrides(clientID: "acme").map(\.kind) == [.senderStopped, .templateHeld])

            for override in listed { #expect(try await rig.gateway.lift(override.key) == override) }
            #expect(try await rig.gateway.lift(key) == nil)
            #expect(try await rig.gateway.lift("code:1") == nil)
            // What was held goes again, and is refused again.
            try await rig.reach(held, .failed)
        }
    }
}
