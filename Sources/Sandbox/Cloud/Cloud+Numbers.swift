import Foundation
import PhoneNumbers

extension Cloud {
    func numberFields(_ line: Line) -> [String: JSON] {
        [
            "id": .string(line.id), "display_phone_number": .string(line.display), "verified_name": .string(line.name),
            "status": .string(line.status), "name_status": .string(line.nameStatus), "new_name_status": .string(line.newNameStatus),
            "code_verification_status": .string(verification(of: line)), "quality_rating": .string(line.quality),
            "platform_type": .string(line.platform),
            "throughput": ["level": .string(line.platform == "NOT_APPLICABLE" ? "NOT_APPLICABLE" : line.throughput)],
            "is_on_biz_app": .bool(line.onBusinessApp), "is_pin_enabled": .bool(line.pin != nil), "account_mode": .string(line.accountMode),
            "is_official_business_account": false, "is_preverified_number": false, "last_onboarded_time": .null, "certificate": .null,
            "new_certificate": .null, "search_visibility": "VISIBLE", "username": .null,
            "whatsapp_business_manager_messaging_limit": .string(tier(of: line)), "messaging_limit_tier": .string(tier(of: line)),
            "webhook_configuration": .compact([
                "application": .of(outbox.url), "whatsapp_business_account": .of(accounts[line.waba]?.overrideURL),
            ]),
            "health_status": health(of: line.waba, line: line),
        ]
    }

    /// A proof of ownership is good for 14 days until the number is registered.
    func verification(of line: Line) -> String {
        guard line.verification == "VERIFIED", !line.isConnected, let at = line.verifiedAt else { return line.verification }
        return now.timeIntervalSince(at) > 14 * 86_400 ? "EXPIRED" : "VERIFIED"
    }

    private func tier(of line: Line) -> String {
        switch portfolioLimits[accounts[line.waba]?.seed.business ?? ""] {
        case nil: "TIER_UNLIMITED"
        case .some(let limit) where limit >= 1_000: "TIER_\(limit / 1_000)K"
        case .some(let limit): "TIER_\(limit)"
        }
    }

    func accountFields(_ id: String) -> [String: JSON] {
        guard let seed = accounts[id]?.seed else { return [:] }
        return [
            "id": .string(id), "name": .string(seed.name), "timezone_id": "1", "currency": "USD", "country": "US",
            "message_template_namespace": .string(String(Seeded.hash(0, ["namespace", id]), radix: 16)),
            "account_review_status": .string(seed.review), "business_verification_status": .string(seed.verification),
            "ownership_type": "CLIENT_OWNED", "primary_funding_id": .of(seed.funding),
            "owner_business_info": ["name": .string("Business \(seed.business)"), "id": .string(seed.business)],
            "on_behalf_of_business_info": .null, "is_enabled_for_insights": true, "marketing_messages_lite_api_status": "ONBOARDED",
            "disable_marketing_messages_on_cloud_api": false, "health_status": health(of: id, line: nil),
        ]
    }

    /// The worst of the parts is the whole.
    private func health(of waba: String, line: Line?) -> JSON {
        guard let account = accounts[waba] else { return .null }
        var entities: [JSON] = []
        var isBlocked = false
        func add(_ type: String, _ id: String, trouble: (code: Int, text: String)?) {
            isBlocked = isBlocked || trouble != nil
            entities.append(
                .compact([
                    "entity_type": .string(type), "id": .string(id), "can_send_message": trouble == nil ? "AVAILABLE" : "BLOCKED",
                    "errors": trouble.map {
                        [
                            [
                                "error_code": .int($0.code), "error_description": .string($0.text),
                                "possible_solution": "See the documentation.",
                            ]
                        ]
                    } ?? .null,
                ]))
        }
        if let line { add("PHONE_NUMBER", line.id, trouble: line.isConnected ? nil : (133010, "The phone number is not registered.")) }
        add("WABA", waba, trouble: account.seed.funding == nil ? (141006, "There is no payment method.") : nil)
        add("BUSINESS", account.seed.business, trouble: nil)
        add("APP", "600000000000000", trouble: nil)
        return ["can_send_message": isBlocked ? "BLOCKED" : "AVAILABLE", "entities": .array(entities)]
    }

    /// `POST /{waba}/phone_numbers`: adds a number, or prepares its move from another account. The number stays where it is until
    /// `register`.
    func addNumber(to waba: String, _ request: CloudRequest) throws -> JSON {
        guard let code = request["cc"]?.text, let national = request["phone_number"]?.text, !code.isEmpty, !national.isEmpty else {
            throw GraphFailure(100, "cc and phone_number are required")
        }
        let digits = (code + national).filter { $0.isASCII && $0.isNumber }
        guard PhoneNumber(e164: "+" + digits)?.isPossible == true else { throw GraphFailure(100, "The phone number is not valid") }
        guard let account = accounts[waba] else { throw GraphFailure.missingObject(waba) }
        if account.numbers.contains(where: { lines[$0]?.digits == digits && lines[$0]?.status != "MIGRATED" }) {
            throw GraphFailure.management(2_388_012, "Phone number already added", "This phone number is already in your WhatsApp account.")
        }
        let isMigrating = request["migrate_phone_number"]?.bool ?? false
        var seed = NumberSeed(waba: waba, phone: digits, name: request["verified_name"]?.text ?? "Business", status: "PENDING")
        seed.platform = "NOT_APPLICABLE"
        seed.quality = "UNKNOWN"
        let holder = lines.values.first { $0.digits == digits && $0.waba != waba && $0.isConnected }
        if isMigrating {
            guard let holder else {
                throw Self.refusedMove(
                    "Please add this phone number in your WhatsApp account", "The phone number is not registered with another account.")
            }
            try checkMove(of: holder, to: account)
            seed.name = holder.name
        } else if holder != nil {
            throw Self.refusedMove("There was an error migrating", "The phone number is registered with another WhatsApp account.")
        } else {
            seed.nameStatus = "PENDING_REVIEW"
        }
        seed.id = String(
            seed.id ?? "1" + Seeded.padded(Seeded.hash(self.seed, ["added", waba, digits, String(nextID())]) % 100_000_000_000_000, 14))
        var line = Line(seed: seed)
        line.verification = "NOT_VERIFIED"
        line.isMigrating = isMigrating
        lines[line.id] = line
        accounts[waba]?.numbers.append(line.id)
        note.phoneNumberID = line.id
        return ["id": .string(line.id)]
    }

    private static func refusedMove(_ title: String, _ message: String) -> GraphFailure { .management(2_388_103, title, message) }

    /// The documented preconditions of a move, in the order of Meta's list.
    private func checkMove(of line: Line, to account: Account) throws {
        guard let source = accounts[line.waba]?.seed else { throw GraphFailure.missingObject(line.waba) }
        let destination = account.seed
        if !account.isSubscribed {
            throw Self.refusedMove(
                "Cannot migrate phone number", "Subscribe an app to webhooks on the destination WhatsApp Business account.")
        }
        if line.nameStatus != "APPROVED" || !["NONE", "APPROVED", "DECLINED", "EXPIRED"].contains(line.newNameStatus) {
            throw Self.refusedMove(
                "Registered name should be present and approved", "The display name must be approved, with no change pending.")
        }
        if line.accountMode == "SANDBOX" || line.onBusinessApp {
            throw Self.refusedMove("There was an error migrating", "This kind of phone number cannot be migrated.")
        }
        if source.review.uppercased() != "APPROVED" || source.verification.lowercased() != "verified" {
            throw Self.refusedMove(
                "WhatsApp account that this phone number is registered with is not set up correctly", "The source account is not approved.")
        }
        if destination.funding == nil {
            throw Self.refusedMove("WhatsApp account does not have a payment account", "Attach a payment method or credit line.")
        }
        if source.business != destination.business {
            throw Self.refusedMove(
                "Phone number belongs to a different Business Manager account", "Source and destination must represent the same business.")
        }
        if destination.review.uppercased() != "APPROVED" || destination.verification.lowercased() != "verified" {
            throw Self.refusedMove("Your WhatsApp account must be approved", "The destination account is not approved.")
        }
        if line.pin != nil {
            throw Self.refusedMove(
                "Two-step authentication must be disabled for this phone number", "Turn two-step verification off in WhatsApp Manager.")
        }
    }

    /// `POST /{phone}`: the PIN.
    func changeNumber(_ line: Line, _ request: CloudRequest) throws -> JSON {
        try manage(line.waba)
        if let pin = request["pin"]?.text {
            guard Self.isPIN(pin) else { throw GraphFailure(100, "The PIN must be 6 digits") }
            lines[line.id]?.pin = pin
        } else if request["webhook_configuration"] == nil {
            throw GraphFailure(100, "Nothing to change was named")
        }
        return ["success": true]
    }

    static func isPIN(_ text: String) -> Bool { text.count == 6 && text.allSatisfy { $0.isASCII && $0.isNumber } }

    /// `POST /{phone}/settings`: the check of recipients' identity.
    func changeSettings(_ line: Line, _ request: CloudRequest) throws -> JSON {
        guard let change = request["user_identity_change"] else {
            return request["storage_configuration"] != nil || request["calling"] != nil
                ? ["success": true] : try { throw GraphFailure(100, "No known setting was named") }()
        }
        guard let enabled = change["enable_identity_key_check"]?.bool else {
            throw GraphFailure(100, "user_identity_change.enable_identity_key_check is required")
        }
        lines[line.id]?.identityCheck = enabled
        return ["success": true]
    }
}
