import Foundation

extension Cloud {
    /// Sets what Meta would decide about a template, and tells it by webhook.
    func setTemplate(_ id: String, _ request: CloudRequest) throws -> JSON {
        guard templates[id] != nil else { throw GraphFailure.missingObject(id) }
        if let quality = request["quality"]?.text { setQuality(id, quality.uppercased()) }
        if let category = request["category"]?.text { setCategory(id, category.uppercased()) }
        if let status = request["status"]?.text {
            setStatus(id, status.uppercased(), reason: request["reason"]?.text, detail: request["detail"]?.text)
        }
        guard let template = templates[id] else { throw GraphFailure.missingObject(id) }
        return .object(templateFields(template))
    }

    /// What a client does on their side: Embedded Signup, the Business app, an On-Premises move. The number is live in the destination
    /// at once.
    func connectByClient(_ request: CloudRequest) throws -> JSON {
        let digits = (request["phone"]?.text ?? "").filter { $0.isASCII && $0.isNumber }
        let planned = connections[digits]
        guard let waba = request["waba_id"]?.text ?? planned?.waba, let account = accounts[waba] else {
            throw GraphFailure(100, "phone is not one that a client connects; name a waba_id")
        }
        let route = request["route"]?.text ?? planned?.route ?? "signup"
        if let there = account.numbers.compactMap({ lines[$0] }).first(where: { $0.digits == digits && $0.isConnected }) {
            return ["phone_number_id": .string(there.id), "waba_id": .string(waba), "is_new": false]
        }
        guard WaID.digits(digits) != nil else { throw GraphFailure(100, "phone is not a number") }
        var seed = NumberSeed(waba: waba, phone: digits, name: planned?.name ?? request["name"]?.text ?? "Business")
        seed.onBusinessApp = route == "coexistence"
        var line = Line(seed: seed)
        if let pending = account.numbers.compactMap({ lines[$0] }).first(where: { $0.digits == digits && $0.status != "MIGRATED" }) {
            line = pending
            line.onBusinessApp = seed.onBusinessApp
            line.window = SlidingWindow(limit: Line.limit(line.throughput, line.onBusinessApp))
        } else if lines[line.id] != nil {
            seed.id = "1" + Seeded.padded(Seeded.hash(self.seed, ["connected", digits, String(nextID())]) % 100_000_000_000_000, 14)
            line = Line(seed: seed)
        }
        line.verification = "VERIFIED"
        lines[line.id] = line
        if !account.numbers.contains(line.id) { accounts[waba]?.numbers.append(line.id) }
        connect(line.id)
        return ["phone_number_id": .string(line.id), "waba_id": .string(waba), "is_new": true]
    }

    /// Changes what a person would change in WhatsApp Manager. `pin: ""` switches two-step verification off.
    func setNumber(_ id: String, _ request: CloudRequest) throws -> JSON {
        let found = lines[id]?.id ?? lines.values.first { $0.digits == id.filter(\.isNumber) && $0.status != "MIGRATED" }?.id
        guard let found else { throw GraphFailure.missingObject(id) }
        if let pin = request["pin"]?.text { lines[found]?.pin = pin.isEmpty ? nil : pin }
        if let status = request["status"]?.text { lines[found]?.status = status }
        if let status = request["name_status"]?.text { lines[found]?.nameStatus = status }
        if let status = request["new_name_status"]?.text { lines[found]?.newNameStatus = status }
        if let quality = request["quality"]?.text { lines[found]?.quality = quality }
        if let mode = request["account_mode"]?.text { lines[found]?.accountMode = mode }
        if let isOn = request["on_business_app"]?.bool { lines[found]?.onBusinessApp = isOn }
        if let level = request["throughput"]?.text, let line = lines[found] {
            lines[found]?.throughput = level
            lines[found]?.window = SlidingWindow(limit: Line.limit(level, line.onBusinessApp))
        }
        return .object(lines[found].map(numberFields) ?? [:])
    }

    func setAccount(_ id: String, _ request: CloudRequest) throws -> JSON {
        guard accounts[id] != nil else { throw GraphFailure.missingObject(id) }
        if let review = request["review"]?.text { accounts[id]?.seed.review = review }
        if let verification = request["verification"]?.text { accounts[id]?.seed.verification = verification }
        if let funding = request["funding"]?.text { accounts[id]?.seed.funding = funding.isEmpty ? nil : funding }
        if let business = request["business"]?.text { accounts[id]?.seed.business = business }
        if let isSubscribed = request["subscribed"]?.bool { accounts[id]?.isSubscribed = isSubscribed }
        return .object(accountFields(id))
    }

    /// Sets how somebody takes messages; keys as in a scenario.
    func setPerson(_ request: CloudRequest) throws -> JSON {
        guard let seed = try? JSONDecoder().decode(PersonSeed.self, from: Data(JSON.object(request.parameters).bytes)) else {
            throw GraphFailure(100, "phone is required; the other keys are those of a scenario")
        }
        guard let digits = WaID.digits(seed.phone) else { throw GraphFailure(100, "phone is not a number") }
        let person = person(WaID.of(digits))
        people[person.waID]?.seed = seed
        if let name = seed.name { people[person.waID]?.name = name }
        return ["wa_id": .string(person.waID), "user_id": .string(person.userID)]
    }
}
