import Foundation
import PhoneNumbers

extension Cloud {
    /// `POST /{phone}/messages` and `/marketing_messages`.
    func send(_ request: CloudRequest, _ line: Line, isMarketing: Bool) throws -> JSON {
        guard line.isConnected else { throw GraphFailure(133010) }
        if request["status"] != nil { return try mark(request) }
        let type = try MessageCheck.type(of: request)
        let person = try recipient(request, line)
        guard person.waID != WaID.of(line.digits) else { throw GraphFailure(131021) }
        if isMarketing && type != "template" { throw GraphFailure(131055) }
        let template = type == "template" ? try checkTemplate(request, line, isMarketing: isMarketing) : nil
        if accounts[line.waba]?.seed.funding == nil { throw GraphFailure(131042) }
        if let id = request[type]?["id"]?.text, MediaShelf.kinds.contains(type), !media.holds(id) {
            throw GraphFailure(131009, "The media id \(id) does not exist")
        }
        try pace(line, person)
        return accept(request, line, person, template, isMarketing: isMarketing)
    }

    /// Read marks and typing indicators.
    private func mark(_ request: CloudRequest) throws -> JSON {
        guard request["status"]?.text == "read", let id = request["message_id"]?.text, id.hasPrefix("wamid.") else {
            throw GraphFailure(131009, "status must be read and message_id the id of a message received")
        }
        if let typing = request["typing_indicator"], typing["type"]?.text != "text" {
            throw GraphFailure(131009, "typing_indicator.type must be text")
        }
        return ["success": true]
    }

    /// Who is written to: `to` wins over `recipient`.
    private func recipient(_ request: CloudRequest, _ line: Line) throws -> Person {
        if let to = request["to"]?.text {
            guard var digits = WaID.digits(to) else { throw GraphFailure(131009, "The parameter to is not a phone number") }
            if !to.contains("+") {
                tally.withoutPlus += 1
                // Documented: the business number's country code is put in front. In practice digits with a country code are taken as they
                // are.
                if PhoneNumber(e164: "+" + digits)?.isValid != true, let own = PhoneNumber(e164: "+" + line.digits)?.countryCode {
                    digits = own + digits
                }
            }
            return person(WaID.of(digits))
        }
        guard let id = request["recipient"]?.text else { throw GraphFailure(100, "The parameter to is required.") }
        guard let waID = waIDs[id], let person = people[waID] else {
            throw GraphFailure(131009, "The recipient is not known to this business")
        }
        return person
    }

    /// Somebody by wa_id, who comes into being now if nobody has written to them yet.
    func person(_ waID: String) -> Person {
        if let known = people[waID] { return known }
        let person = Person(waID: waID, userID: WaID.userID(waID), name: "Person \(waID.suffix(4))")
        people[waID] = person
        waIDs[person.userID] = waID
        return person
    }

    private func checkTemplate(_ request: CloudRequest, _ line: Line, isMarketing: Bool) throws -> StoredTemplate {
        let name = request["template"]?["name"]?.text ?? ""
        let language = request["template"]?["language"]?["code"]?.text ?? ""
        note.template = "\(name.prefix(512)):\(language.prefix(16))"
        guard let template = template(name, language, in: line.waba) else {
            throw GraphFailure(132001, "template name (\(name)) does not exist in \(language)")
        }
        switch template.status {
        case "APPROVED": break
        case "PAUSED": throw GraphFailure(132015)
        case "DISABLED": throw GraphFailure(132016)
        default: throw GraphFailure(132001, "template name (\(name)) is not approved in \(language)")
        }
        if isMarketing && template.seed.category != "MARKETING" { throw GraphFailure(131055) }
        try TemplateSchema(template.seed).check(request["template"]?["components"])
        return template
    }

    /// The limits that refuse a message at once. They are of real time, like the machines they protect.
    private func pace(_ line: Line, _ person: Person) throws {
        let at = note.micros
        guard lines[line.id]?.window.take(at) == true else {
            tally.throughputRefusals += 1
            throw GraphFailure(130429, "Cloud API message throughput has been reached.")
        }
        let key = "\(line.id):\(person.waID)"
        guard pairs[key, default: PairLimit()].take(at) else {
            tally.pairRefusals += 1
            throw GraphFailure(
                131056,
                "Too many messages were sent from this phone number to the same phone number in a short period of time."
            )
        }
        if pairs.count > 200_000 { pairs = pairs.filter { !$0.value.isIdle(at) } }
    }

    private func accept(_ request: CloudRequest, _ line: Line, _ person: Person, _ template: StoredTemplate?, isMarketing: Bool) -> JSON {
        let byUserID = request["to"] == nil
        let hash = request["recipient_identity_key_hash"]?.text
        let callback = request["biz_opaque_callback_data"]?.text
        let isInWindow = hasWindow(line.id, person)
        let category = isMarketing ? "marketing_lite" : template?.seed.category.lowercased() ?? "service"
        let message = Message(
            id: wamid(line, person), line: line, waID: person.waID, userID: person.userID, isToUserID: byUserID, callbackData: callback,
            hasHash: hash != nil, template: template?.id, category: category, isInWindow: isInWindow)
        tally.accept(callback)
        note.messageID = message.id
        let stage: Stage
        let limit = portfolioLimits[accounts[line.waba]?.seed.business ?? ""]
        if let hash, line.identityCheck, hash != person.identityHash(seed) {
            stage = .failed(137000)
        } else if let code = person.seed?.failsWith {
            stage = .failed(code)
        } else if template == nil, rules.serviceWindow, !isInWindow {
            stage = .failed(131047)
        } else if !isInWindow, !takePortfolio(line.waba, person, limit) {
            stage = .failed(131048)
        } else {
            stage = .sent
        }
        schedule(.status(message, stage), after: rules.sentAfter)
        var contact: [String: JSON] = ["input": .string((request["to"] ?? request["recipient"])?.text ?? "")]
        if byUserID { contact["user_id"] = .string(person.userID) } else { contact["wa_id"] = .string(person.waID) }
        var sent: [String: JSON] = ["id": .string(message.id)]
        if template != nil { sent["message_status"] = "accepted" }
        return ["messaging_product": "whatsapp", "contacts": [.object(contact)], "messages": [.object(sent)]]
    }

    /// Whether the person has written to the number, or of late to anybody in the scenario's view, within 24 hours.
    private func hasWindow(_ line: String, _ person: Person) -> Bool {
        if person.seed?.windowOpen == true { return true }
        guard let last = windows["\(line):\(person.waID)"] else { return false }
        return now.timeIntervalSince(last) < 86_400
    }

    private func takePortfolio(_ waba: String, _ person: Person, _ limit: Int?) -> Bool {
        let business = accounts[waba]?.seed.business ?? ""
        if ledgers[business, default: PortfolioLedger()].take(person.userID, now, limit: limit) { return true }
        tally.portfolioOver += 1
        return false
    }

    private func wamid(_ line: Line, _ person: Person) -> String {
        let serial = Seeded.hash(seed, ["wamid", line.id, String(nextID())])
        return "wamid." + Data("\u{1C}\(person.waID)\u{15}\u{02}\(String(serial, radix: 16).uppercased())".utf8).base64EncodedString()
    }
}
