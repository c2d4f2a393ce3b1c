import Foundation

extension Cloud {
    /// A message gets to its next stage: tells it, and plans the one after.
    func advance(_ message: Message, _ stage: Stage) {
        notify(message.waba, "messages", statusValue(message, stage))
        let person = people[message.waID]
        switch stage {
        case .sent:
            guard person?.seed?.neverDelivered != true else { return }
            let after = person?.seed?.deliveredAfter ?? spread(rules.deliveredAfter, "delivered", message.id)
            schedule(.status(message, .delivered), after: max(0, after - rules.sentAfter))
        case .delivered:
            tally.delivered += 1
            if let template = message.template { countDelivery(template) }
            guard person?.seed?.reads ?? (Seeded.unit(seed, "reads", message.waID) < rules.readShare) else { return }
            schedule(.status(message, .read), after: person?.seed?.readAfter ?? spread(rules.readAfter, "read", message.id))
        case .read: tally.read += 1
        case .failed(let code): tally.failed[code, default: 0] += 1
        }
    }

    private func spread(_ bounds: [Double], _ what: String, _ id: String) -> Double {
        let (low, high) = (bounds.first ?? 0, bounds.last ?? 0)
        return low + (high - low) * Seeded.unit(seed, what, id)
    }

    private func statusValue(_ message: Message, _ stage: Stage) -> JSON {
        var status: [String: JSON] = [
            "id": .string(message.id), "status": .string(stage.word), "timestamp": .string(String(now.unixSeconds)),
            "biz_opaque_callback_data": .of(message.callbackData),
        ]
        if !message.isToUserID { status["recipient_id"] = .string(message.waID) }
        var value: [String: JSON] = ["messaging_product": "whatsapp", "metadata": metadata(message.line, message.display)]
        if case .failed(let code) = stage {
            status["errors"] = [GraphFailure(code).inStatus]
            if message.isToUserID { status["recipient_user_id"] = .string(message.userID) }
        } else {
            let person = person(message.waID)
            status["recipient_user_id"] = .string(message.userID)
            if lines[message.line]?.identityCheck == true, !message.hasHash {
                status["recipient_identity_key_hash"] = .string(person.identityHash(seed))
            }
            if case .read = stage {} else { status["pricing"] = pricing(message) }
            var contact: [String: JSON] = ["profile": ["name": .string(person.name)], "user_id": .string(person.userID)]
            if !message.isToUserID { contact["wa_id"] = .string(person.waID) }
            value["contacts"] = [.object(contact)]
        }
        value["statuses"] = [.compact(status)]
        return .object(value)
    }

    private func pricing(_ message: Message) -> JSON {
        let isFree = message.isInWindow && ["service", "utility"].contains(message.category)
        return [
            "billable": .bool(!isFree), "pricing_model": "PMP", "category": .string(message.category),
            "type": isFree ? "free_customer_service" : "regular",
        ]
    }

    func metadata(_ line: String, _ display: String) -> JSON {
        ["display_phone_number": .string(display), "phone_number_id": .string(line)]
    }

    /// Somebody writes to a number; it counts against its throughput and opens the service window.
    func receive(_ request: CloudRequest) throws -> JSON {
        let target =
            request["phone_number_id"]?.text
            ?? request["to"]?.text.flatMap { to in
                let digits = to.filter(\.isNumber)
                return lines.values.first { $0.digits == digits && $0.isConnected }?.id
            }
        guard let target, let line = lines[target], line.isConnected else {
            throw GraphFailure(100, "phone_number_id does not name a connected number")
        }
        guard let from = request["from"]?.text, let digits = WaID.digits(from) else {
            throw GraphFailure(100, "from is not a phone number")
        }
        let person = person(WaID.of(digits))
        let count = min(max(request["count"]?.integer ?? 1, 1), 10_000)
        var ids: [JSON] = []
        for _ in 0..<count {
            _ = lines[line.id]?.window.take(micros, isForced: true)
            windows["\(line.id):\(person.waID)"] = now
            tally.received += 1
            let id = "wamid." + Data("\u{1D}\(person.waID)\u{15}\(nextID())".utf8).base64EncodedString()
            ids.append(.string(id))
            notify(line.waba, "messages", inboundValue(request, line, person, id))
        }
        return ["messages": .array(ids.prefix(1_000).map { ["id": $0] }), "wa_id": .string(person.waID), "count": .int(count)]
    }

    private func inboundValue(_ request: CloudRequest, _ line: Line, _ person: Person, _ id: String) -> JSON {
        var message: [String: JSON] = request["message"]?.members ?? ["type": "text", "text": ["body": request["text"] ?? "Hello"]]
        let hidesPhone = person.seed?.hidesPhone == true
        message["id"] = .string(id)
        if !hidesPhone { message["from"] = .string(person.waID) }
        message["from_user_id"] = .string(person.userID)
        message["timestamp"] = .string(String(now.unixSeconds))
        var value: [String: JSON] = [
            "messaging_product": "whatsapp", "metadata": metadata(line.id, line.display), "messages": [.object(message)],
        ]
        if message["type"]?.text != "system" {
            var contact: [String: JSON] = ["profile": ["name": .string(person.name)], "user_id": .string(person.userID)]
            if !hidesPhone { contact["wa_id"] = .string(person.waID) }
            if line.identityCheck { contact["identity_key_hash"] = .string(person.identityHash(seed)) }
            value["contacts"] = [.object(contact)]
        }
        return .object(value)
    }
}
