import Foundation
import Postgres
import Templates

extension Leg {
    /// Codes Meta answers when it is the caller, not the code, that is refused.
    private static let notAboutTheCode: Set<Int> = [0, 3, 10, 33, 104, 190, 200, 2_388_091, 2_388_093]

    /// Proves ownership: asks for a code, takes it from a person, hands it in.
    func prove(_ id: String, deadline: Date) async throws {
        let (world, brief) = (world, brief)
        let known = try await demand("ownership", state: .adding, until: deadline, code: "number_unreadable") {
            try await world.graph.number(id, of: brief.destination).codeVerificationStatus
        }
        if known == "VERIFIED" { return try await noteVerified("already", "Meta already holds the number as verified") }
        var reason = "no code was handed over"
        for request in 0..<settings.codeRequests {
            if try await now("request:\(request)") >= deadline { break }
            if try await requestCode(id, request, deadline: deadline) {
                return try await noteVerified("known:\(request)", "Meta holds the number as verified")
            }
            let expires = min(deadline, try await now("expiry:\(request)").addingTimeInterval(settings.codeLifetime))
            var note = "Meta has sent a code by \(method); the client reads it out"
            tries: for attempt in 0..<settings.codeTries {
                let step = "code:\(request):\(attempt)"
                let text = note
                try await set(
                    "\(step):enter",
                    NumberChange(
                        state: .awaitingCode, step: "waiting for the code", code: "code_awaited", reason: text, needsPerson: true,
                        wait: name(step))
                ) { db in
                    try await db.query(
                        """
                        UPDATE migration.number SET code_state = 'requested', code_sealed = NULL, code_by = NULL, code_expires_at = \(expires),
                            code_requests = \(Int32(request + 1)) WHERE row_ref = \(brief.rowRef)
                        """)
                }
                guard try await c.event(name(step), until: expires)?.kind == .code else {
                    reason = "the code was not handed over in time"
                    break tries
                }
                switch try await verify(id, step: step, deadline: deadline) {
                case .right: return try await noteVerified("verified:\(request):\(attempt)", "the code was right")
                case .wrong(let why):
                    reason = "Meta did not accept the code (\(why))"
                    note = "\(reason); read it out again"
                case .unclear(let why): throw Stop.failed("verify_failed", why)
                }
            }
        }
        try await set("code:gone", NumberChange(state: .awaitingCode, step: "waiting for the code", code: "code_missing", reason: reason)) {
            db in
            try await db.query(
                "UPDATE migration.number SET code_state = 'none', code_sealed = NULL, code_expires_at = NULL WHERE row_ref = \(brief.rowRef)"
            )
        }
        throw Stop.missed("code_missing", "\(reason); agree on a time with the client, then relevo migration retry \(brief.rowRef)")
    }

    private var method: String { brief.fields["otp_method"] ?? "SMS" }

    /// True when Meta says that the number is verified already.
    private func requestCode(_ id: String, _ request: Int, deadline: Date) async throws -> Bool {
        let (world, brief, method) = (world, brief, method)
        let language = brief.fields["otp_language"] ?? "en_US"
        let reply = try await ask("request:\(request)", state: .adding, until: deadline, repeatable: false) { () -> Bool in
            do {
                try await world.graph.requestCode(id, of: brief.destination, method: method, language: language)
                return false
            } catch let trouble as GraphTrouble where trouble.isCode(136_024) {
                return true
            }
        }
        switch reply {
        case .answer(let verified): return verified
        // The code may be on its way: it is waited for, and asked for again when it does not come.
        case .trouble(let trouble) where trouble.remedy == .reconcile: return false
        case .trouble(let trouble): throw Stop.failed("code_refused", "Meta would not send a code: \(trouble)")
        }
    }

    private enum Verdict { case right, wrong(String), unclear(String) }

    private func verify(_ id: String, step: String, deadline: Date) async throws -> Verdict {
        let (world, brief) = (world, brief)
        let reply = try await ask("\(step):verify", state: .awaitingCode, until: deadline) { () -> Bool in
            // A call whose answer was lost may have had its effect; verified is verified.
            let sealed =
                try await world.client.query("SELECT code_sealed FROM migration.number WHERE row_ref = \(brief.rowRef)")
                .decodeFirst(Data?.self) ?? nil
            guard let sealed else { return try await world.graph.number(id, of: brief.destination).codeVerificationStatus == "VERIFIED" }
            do {
                try await world.graph.verifyCode(
                    id, of: brief.destination, code: try world.sealing.open(sealed, for: SealedPlace.code(brief.rowRef)))
            } catch let trouble as GraphTrouble where trouble.isCode(136_024) {
                return true
            } catch let trouble as GraphTrouble where trouble.remedy == .reconcile {
                if try await world.graph.number(id, of: brief.destination).codeVerificationStatus == "VERIFIED" { return true }
                throw trouble
            }
            return true
        }
        try await set("\(step):used", NumberChange(state: .awaitingCode, step: "verifying")) { db in
            try await db.query("UPDATE migration.number SET code_sealed = NULL, code_state = 'requested' WHERE row_ref = \(brief.rowRef)")
        }
        switch reply {
        case .answer(true): return .right
        case .answer(false): return .wrong("it was gone before it could be used")
        case .trouble(let trouble) where trouble.remedy != .person:
            return .unclear("Meta could not be asked whether the code is right: \(trouble)")
        case .trouble(let trouble):
            let about = [trouble.code, trouble.subcode].compactMap { $0 }
            if about.contains(where: { Self.notAboutTheCode.contains($0) }) { return .unclear("\(trouble)") }
            return .wrong(trouble.message)
        }
    }

    private func noteVerified(_ step: String, _ note: String) async throws {
        let ref = brief.rowRef
        try await set(step, NumberChange(state: .verified, step: "verified", note: note)) { db in
            try await db.query(
                """
                UPDATE migration.number SET code_state = 'verified', code_sealed = NULL, code_expires_at = NULL, verified_at = jobs.now()
                WHERE row_ref = \(ref)
                """)
            try await db.query("UPDATE migration.otp_link SET used_at = jobs.now() WHERE row_ref = \(ref) AND used_at IS NULL")
        }
    }
}
