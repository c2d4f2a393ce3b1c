import Foundation

extension Cloud {
    /// `POST /{phone}/request_code`.
    func requestCode(_ line: Line, _ request: CloudRequest) throws -> JSON {
        guard let method = request["code_method"]?.text, ["SMS", "VOICE"].contains(method) else {
            throw GraphFailure(100, "code_method must be SMS or VOICE")
        }
        guard let language = request["language"]?.text, language.wholeMatch(of: /[a-z]{2,3}(_[A-Za-z]{2,4})?/) != nil else {
            throw GraphFailure(100, "language is required, such as en_US")
        }
        if verification(of: line) == "VERIFIED" { throw GraphFailure(136024) }
        guard line.isMigrating || lines.values.allSatisfy({ $0.digits != line.digits || $0.id == line.id || !$0.isConnected }) else {
            throw GraphFailure.management(
                2_388_091, "Not eligible to receive a code",
                "The phone number is not eligible to receive a code since it is not being migrated.")
        }
        let number = Seeded.hash(seed, ["code", line.id, String(nextID())]) % 1_000_000
        lines[line.id]?.code = OneTimeCode(
            code: Seeded.padded(number, 6), method: method, expires: now.addingTimeInterval(rules.codeMinutes * 60))
        return ["success": true]
    }

    /// `POST /{phone}/verify_code`.
    func verifyCode(_ line: Line, _ request: CloudRequest) throws -> JSON {
        guard let code = request["code"]?.text else { throw GraphFailure(100, "code is required") }
        if verification(of: line) == "VERIFIED" { throw GraphFailure(136024) }
        guard let known = line.code else {
            throw GraphFailure.management(
                2_388_093, "Not eligible to verify a code", "The phone number is not eligible to verify a code since none was requested.")
        }
        guard now < known.expires else { throw GraphFailure(136025, "The code has expired: request a new one") }
        guard code == known.code else { throw GraphFailure(136025, "The code is not right") }
        lines[line.id]?.code = nil
        lines[line.id]?.verification = "VERIFIED"
        lines[line.id]?.verifiedAt = now
        return ["success": true]
    }

    private static let regions: Set<String> = ["AU", "ID", "IN", "JP", "SG", "KR", "DE", "CH", "GB", "BR", "BH", "ZA", "AE", "CA"]

    /// `POST /{phone}/register`: from here on the number is this account's; whoever had it sends and receives no more.
    func register(_ line: Line, _ request: CloudRequest) throws -> JSON {
        guard lines[line.id]?.registrations.take(now, blocks: true) == true else {
            tally.registerRefusals += 1
            throw GraphFailure(133016, "Registration failed: the phone number was registered too often. It is blocked for 72 hours.")
        }
        guard request["messaging_product"]?.text == "whatsapp" else { throw GraphFailure(100, "messaging_product must be whatsapp") }
        guard let pin = request["pin"]?.text, Self.isPIN(pin) else { throw GraphFailure(100, "pin must be 6 digits") }
        if let region = request["data_localization_region"]?.text, !Self.regions.contains(region) {
            throw GraphFailure(100, "data_localization_region is not supported")
        }
        if line.onBusinessApp { throw GraphFailure(100, "A number of the WhatsApp Business app is not registered") }
        guard verification(of: line) == "VERIFIED" else { throw GraphFailure(133006) }
        if let set = line.pin, set != pin {
            lines[line.id]?.wrongPINs += 1
            throw line.wrongPINs >= 4 ? GraphFailure(133008, "Try again after 12 hours") : GraphFailure(133005)
        }
        if line.isConnected {
            tally.registeredTwice.append(line.digits)
        } else {
            connect(line.id)
        }
        lines[line.id]?.pin = pin
        lines[line.id]?.wrongPINs = 0
        return ["success": true]
    }

    /// Makes a number live in its account and ends its life in every other.
    func connect(_ id: String) {
        guard let line = lines[id] else { return }
        lines[id]?.status = "CONNECTED"
        lines[id]?.platform = "CLOUD_API"
        lines[id]?.isMigrating = false
        tally.registered += 1
        for (other, held) in lines where other != id && held.digits == line.digits && held.status != "MIGRATED" {
            lines[other]?.status = "MIGRATED"
            lines[other]?.platform = "NOT_APPLICABLE"
            lines[other]?.identityCheck = false
            duplicateGreenTemplates(from: held.waba, to: line.waba)
        }
    }

    /// `POST /{phone}/deregister`.
    func deregister(_ line: Line) throws -> JSON {
        guard !line.onBusinessApp else { throw GraphFailure(100, "A number of the WhatsApp Business app cannot be deregistered") }
        guard lines[line.id]?.deregistrations.take(now, blocks: true) == true else {
            tally.registerRefusals += 1
            throw GraphFailure(133016)
        }
        guard line.isConnected else { throw GraphFailure(133010) }
        lines[line.id]?.status = "DISCONNECTED"
        lines[line.id]?.platform = "NOT_APPLICABLE"
        return ["success": true]
    }
}
