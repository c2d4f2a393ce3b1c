import Fleet
import Foundation
import Postgres
import Templates

/// Why a number is where it is, in plain words.
public struct Why: Encodable, Sendable, Equatable {
    public var rowRef: String
    public var state: String
    /// One fact a line; the most telling first.
    public var lines: [String]
    /// Someone has to act.
    public var needsPerson: Bool

    private enum CodingKeys: String, CodingKey { case rowRef = "row_ref", state, lines, needsPerson = "needs_person" }
}

extension Migrations {
    /// Answers "why is this not moving?" Throws `MigrationError.notFound`.
    public func why(_ ref: String) async throws -> Why {
        let number = try await NumberRecord.require(ref, on: client)
        var lines = ["\(ref) is \(number.state.rawValue.replacing("_", with: " ")) (\(number.step))"]
        if let reason = number.reason { lines.append(number.reasonCode.map { "\($0): \(reason)" } ?? reason) }
        let now = try await client.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
        func until(_ date: Date) -> String { "\(date.formatted(.iso8601)) (\(Self.span(date.timeIntervalSince(now))))" }
        switch number.state {
        case .done: lines.append("done at \(number.doneAt?.formatted(.iso8601) ?? "?")")
        case .aborted: break
        default:
            for finding in try await NumberStory.findings(of: ref, on: client) {
                lines.append("\(finding.code): \(finding.message): \(finding.remedy)")
            }
            if number.verifiedAt == nil, let start = number.otpStart { lines.append("the code is due at \(until(start))") }
            if number.registeredAt == nil { lines.append("the cut-over is due at \(until(number.cutoverStart))") }
            if number.state == .awaitingCode, let expires = number.codeExpiresAt {
                lines.append("the code is waited for until \(until(expires))")
            }
            if let source = number.sourceWABA, number.registeredAt == nil {
                let copy = try await TemplateCopies.state(source: source, destination: number.destWABA, on: client)
                lines.append("templates \(source) > \(number.destWABA): \(copy?.report.summary ?? "not copied yet")")
                if let report = copy?.report, !report.verified { lines += report.advice() }
            }
            if number.registeredAt == nil { lines.append(try await gateLine(number)) }
        }
        if number.state == .failed || number.state == .missed { lines.append("relevo migration retry \(ref) sets it going again") }
        return Why(rowRef: ref, state: number.state.rawValue, lines: lines, needsPerson: number.needsPerson)
    }

    private func gateLine(_ number: NumberRecord) async throws -> String {
        let document =
            try await client.query("SELECT document FROM migration.plan WHERE id = \(number.planID)").decodeFirst(Data.self) ?? Data()
        let facts = try await GateReading.facts(
            number, fields: try StoredRow.fields(number.fields), rules: PlanRules(document: document),
            reserve: world.settings.cutoverReserve,
            lock: false, on: client)
        return switch CutoverGate.verdict(facts) {
        case .go: "every gate is open now"
        case .hold(_, let reason, _): "the gate says now: \(reason)"
        case .missed(_, let reason): "the gate says now: \(reason)"
        case .stop(_, let reason): "the gate says now: \(reason)"
        }
    }

    static func span(_ seconds: Double) -> String {
        let minutes = Int(abs(seconds) / 60)
        let text =
            minutes >= 2880 ? "\(minutes / 1440) days" : minutes >= 120 ? "\(minutes / 60) hours" : "\(minutes) minutes"
        return seconds >= 0 ? "in \(text)" : "\(text) ago"
    }
}
