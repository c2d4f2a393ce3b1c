import Foundation

extension Cloud {
    /// Carries out a request and notes it.
    /// - Parameter fault: the planted trouble it has been held up by; no other strikes it any more.
    func answer(_ request: CloudRequest, heldUpBy fault: String? = nil) async -> CloudAnswer {
        if request.isControl { return control(request) }
        fire()
        note = RequestNote(micros: micros, method: request.method, path: request.path, kind: request.kind)
        if let segment = request.segments.first, lines[segment] != nil { note.phoneNumberID = segment }
        note.callbackData = request["biz_opaque_callback_data"]?.text.map { String($0.prefix(512)) }
        note.to = (request["to"] ?? request["recipient"])?.text.map { String($0.prefix(64)) }
        if request.kind == "message" || request.kind == "marketing_messages" {
            note.hasHash = request["recipient_identity_key_hash"] != nil
            note.identityHash = request["recipient_identity_key_hash"]?.text.map { String($0.prefix(64)) }
        }
        note.fault = fault
        if fault == nil, let fault = strikingFault(request) { return await strike(fault, request) }
        return await carryOut(request)
    }

    /// The first planted trouble that strikes; one that only counts it as skipped lets the next ones have a look.
    private func strikingFault(_ request: CloudRequest) -> Fault? {
        for index in faults.indices where faults[index].strikes(request) { return faults[index] }
        return nil
    }

    private func strike(_ fault: Fault, _ request: CloudRequest) async -> CloudAnswer {
        note.fault = "\(fault.id):\(fault.kind.rawValue)"
        var answer: CloudAnswer
        switch fault.kind {
        case .error: return finish(failed(fault.failure))
        case .http:
            answer = CloudAnswer(Array("<html><body>Sorry, something went wrong.</body></html>".utf8), type: "text/html")
            answer.status = fault.status ?? 502
            return finish(answer)
        case .delay where !fault.carriesOut:
            // Noted when it is carried out.
            answer = CloudAnswer(.null)
            answer.delivery = .again(.seconds(fault.seconds), fault: note.fault ?? "")
            return answer
        case .delay:
            answer = await carryOut(request)
            answer.delivery = .later(.seconds(fault.seconds))
        case .acceptThenDrop:
            answer = await carryOut(request)
            answer.delivery = .drop
        case .hang where fault.carriesOut:
            answer = await carryOut(request)
            answer.delivery = .hang
        case .hang, .reset:
            answer = CloudAnswer(.null, status: 0)
            answer.delivery = fault.kind == .hang ? .hang : .drop
            return finish(answer)
        }
        return answer
    }

    private func carryOut(_ request: CloudRequest) async -> CloudAnswer {
        do {
            try authorise(request)
            return finish(try await route(request))
        } catch let failure as GraphFailure {
            return finish(failed(failure))
        } catch {
            return finish(failed(GraphFailure(131000, "\(error)")))
        }
    }

    private func authorise(_ request: CloudRequest) throws {
        guard let token = request.token, !token.isEmpty else { throw GraphFailure(190, "An access token is required") }
        guard tokens.isEmpty || tokens.contains(token) else { throw GraphFailure(190, "The access token could not be decrypted") }
    }

    func failed(_ failure: GraphFailure) -> CloudAnswer {
        note.errorCode = failure.code
        let trace = "A" + String(Seeded.hash(seed, ["trace", String(nextID())]), radix: 36)
        return CloudAnswer(failure.body(trace: trace), status: failure.status)
    }

    private func finish(_ answer: CloudAnswer) -> CloudAnswer {
        var answer = answer
        note.status = answer.status
        log.append(note, at: now)
        tally.requests += 1
        if let id = note.waba ?? note.phoneNumberID.flatMap({ lines[$0]?.waba }) {
            answer.account = id
            answer.accountUsage = usage(of: id)
        }
        return answer
    }

    /// Counts a management call against its account's hour, of business time.
    func manage(_ waba: String) throws {
        note.waba = waba
        let hasNumber = accounts[waba]?.numbers.contains { lines[$0]?.isConnected == true } ?? false
        let limit = hasNumber ? 5_000 : 200
        if accounts[waba]?.calls.take(now, limit: limit) == false {
            tally.managementOver += 1
            if rules.managementLimits { throw GraphFailure(80007, "There have been too many calls to this WhatsApp Business account") }
        }
    }

    func closeLog() { log.close() }

    private func usage(of waba: String) -> Int {
        guard rules.managementLimits, accounts[waba] != nil else { return 1 }
        let hasNumber = accounts[waba]?.numbers.contains { lines[$0]?.isConnected == true } ?? false
        return min(100, (accounts[waba]?.calls.count(now) ?? 0) * 100 / (hasNumber ? 5_000 : 200))
    }
}
