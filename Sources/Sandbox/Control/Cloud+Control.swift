import Foundation

extension Cloud {
    /// The sandbox's own controls under `/_sandbox/`. They need no token: the sandbox holds nothing of anybody's.
    func control(_ request: CloudRequest) -> CloudAnswer {
        do {
            if request.isUnreadable { throw GraphFailure(100, "The request body could not be parsed") }
            fire()
            let answer = CloudAnswer(try perform(request))
            fire()
            return answer
        } catch let failure as GraphFailure {
            return CloudAnswer(failure.body(trace: "sandbox"), status: failure.code == 2500 || failure.subcode == 33 ? 404 : 400)
        } catch {
            return CloudAnswer(GraphFailure(131000, "\(error)").body(trace: "sandbox"), status: 500)
        }
    }

    private func perform(_ request: CloudRequest) throws -> JSON {
        let segments = request.segments
        switch (request.method, segments.first ?? "", segments.count) {
        case ("GET", "state", 1): return state()
        case ("GET", "requests", 1):
            return log.read(since: request["since"]?.integer ?? 0, limit: min(max(request["limit"]?.integer ?? 100_000, 1), 1_000_000))
        case ("GET", "codes", 2): return try code(segments[1])
        case ("GET", "clock", 1): return clock()
        case ("POST", "clock", 1): return try setClock(request)
        case ("GET", "faults", 1): return ["faults": .array(faults.map(\.json))]
        case ("POST", "faults", 1): return try plant(request)
        case ("DELETE", "faults", _):
            let id = segments.count > 1 ? Int(segments[1]) : nil
            faults.removeAll { id == nil || $0.id == id }
            return ["success": true]
        case ("POST", "inbound", 1): return try receive(request)
        case ("POST", "identity", 3) where segments[2] == "change": return try changeIdentity(segments[1])
        case ("GET", "identity", 2):
            let person = person(WaID.of(segments[1].filter(\.isNumber)))
            return [
                "wa_id": .string(person.waID), "identity_key_hash": .string(person.identityHash(seed)), "user_id": .string(person.userID),
            ]
        case ("POST", "templates", 2): return try setTemplate(segments[1], request)
        case ("POST", "connect", 1): return try connectByClient(request)
        case ("POST", "numbers", 2): return try setNumber(segments[1], request)
        case ("POST", "wabas", 2): return try setAccount(segments[1], request)
        case ("POST", "people", 1): return try setPerson(request)
        case ("POST", "webhook", 1):
            outbox.url = request["url"]?.text
            return ["success": true]
        default: throw GraphFailure.unknownPath(request.path)
        }
    }

    private func code(_ phone: String) throws -> JSON {
        let digits = phone.filter { $0.isASCII && $0.isNumber }
        let asked = lines.values.filter { $0.digits == digits || $0.id == phone }.compactMap { line in line.code.map { (line, $0) } }
        guard let (line, code) = asked.max(by: { $0.1.expires < $1.1.expires }) else { throw GraphFailure.missingObject(phone) }
        return [
            "phone": .string("+\(line.digits)"), "phone_number_id": .string(line.id), "code": .string(code.code),
            "method": .string(code.method), "expires_at": .string(code.expires.rfc3339), "is_expired": .bool(code.expires <= now),
        ]
    }

    /// Sets business time, moves it on, or changes its speed. What is due by then happens, in order, before this answers.
    private func setClock(_ request: CloudRequest) throws -> JSON {
        let at = micros
        var now = timeline.now(at)
        var speed = timeline.speed
        if let asked = request["now"] {
            guard let date = Date(asked) else { throw GraphFailure(100, "now is not an RFC 3339 time") }
            now = date
        }
        if let seconds = request["advance_seconds"]?.number {
            guard seconds.isFinite, abs(seconds) < 1e10 else { throw GraphFailure(100, "advance_seconds is out of range") }
            now += seconds
        }
        if let asked = request["speed"]?.number {
            guard asked.isFinite, (0...1e6).contains(asked) else { throw GraphFailure(100, "speed is 0 to 1000000") }
            speed = asked
        }
        timeline.set(now: now, speed: speed, micros: at)
        fire()
        sleeper?.cancel()
        return clock()
    }

    private func plant(_ request: CloudRequest) throws -> JSON {
        guard faults.count < 10_000 else { throw GraphFailure(100, "there are too many faults") }
        let fault = try Fault(request, id: nextID())
        if faults.count > 1_000 { faults.removeAll { $0.timesLeft == 0 } }
        faults.append(fault)
        return fault.json
    }

    private func changeIdentity(_ waID: String) throws -> JSON {
        guard let digits = WaID.digits(waID) else { throw GraphFailure(100, "\(waID) is no wa_id") }
        let id = people[digits] == nil ? WaID.of(digits) : digits
        let person = person(id)
        people[id]?.identity += 1
        return [
            "wa_id": .string(id), "previous_hash": .string(person.identityHash(seed)),
            "identity_key_hash": .of(people[id]?.identityHash(seed)),
        ]
    }
}
