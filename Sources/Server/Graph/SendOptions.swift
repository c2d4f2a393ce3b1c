import Foundation
import Gateway
import HTTPTypes

/// The optional headers of a send.
struct SendOptions {
    /// How long to wait for the real outcome. Public client libraries give up after 5 seconds.
    var wait: Duration = .seconds(4)
    var idempotencyKey: String?
    var region: String?
    var lane: MessageLane = .production
    var expires: Expiry?
    var priority: Int16?

    enum Expiry: Equatable {
        case after(Double)
        case at(Date)

        /// Seconds, or a time as RFC 3339.
        init?(_ text: String) {
            if let seconds = Double(text), seconds > 0, seconds <= 31_536_000 {
                self = .after(seconds)
            } else if let date = try? Date(text, strategy: .iso8601) {
                self = .at(date)
            } else if let date = try? Date(text, strategy: .iso8601.time(includingFractionalSeconds: true)) {
                self = .at(date)
            } else {
                return nil
            }
        }
    }

    init() {}

    /// Reads the headers. Throws a problem that names the header, what it held, and what is expected.
    init(_ headers: HTTPFields) throws {
        func bad(_ name: HTTPField.Name, _ text: String, _ expected: String) -> HTTPProblem {
            HTTPProblem.badRequest("\(name.rawName) is \(text.prefix(60).debugDescription); \(expected) is expected", code: "bad_header")
        }
        if let text = headers[.relevoWait] {
            guard let seconds = Double(text), (0...60).contains(seconds) else {
                throw bad(.relevoWait, text, "a number of seconds from 0 to 60")
            }
            wait = .milliseconds(Int64(seconds * 1000))
        }
        if let text = headers[.idempotencyKey] {
            guard (1...255).contains(text.utf8.count) else { throw bad(.idempotencyKey, text, "a text of 1 to 255 characters") }
            idempotencyKey = text
        }
        if let text = headers[.relevoRegion] {
            region = try Self.region(text, else: bad(.relevoRegion, text, "an ISO 3166-1 alpha-2 code"))
        }
        if let text = headers[.relevoLane] {
            guard let value = MessageLane(rawValue: text.lowercased()) else { throw bad(.relevoLane, text, "production, test or rebuild") }
            lane = value
        }
        if let text = headers[.relevoExpires] {
            guard let value = Expiry(text) else {
                throw bad(.relevoExpires, text, "a number of seconds, or a time such as 2026-12-01T09:00:00Z,")
            }
            expires = value
        }
        if let text = headers[.relevoPriority] {
            guard let value = Int16(text), (0...9).contains(value) else { throw bad(.relevoPriority, text, "a number from 0 (first) to 9") }
            priority = value
        }
    }

    static func region(_ text: String, else problem: HTTPProblem) throws -> String {
        guard text.count == 2, text.allSatisfy({ $0.isASCII && $0.isLetter }) else { throw problem }
        return text.uppercased()
    }
}
