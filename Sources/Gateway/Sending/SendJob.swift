import Foundation
import Jobs

/// The job that sends a message: its payload is the sixteen bytes of the message's id.
enum SendJob {
    static let kind = "send"

    static func new(_ message: UUID, lane: Int64, priority: Int16, settings: GatewaySettings) -> NewJob {
        NewJob(
            lane: lane, kind: kind, payload: withUnsafeBytes(of: message.uuid) { Data($0) }, priority: priority,
            maxAttempts: settings.maxAttempts)
    }

    /// Nil when the payload is not one of ours.
    static func message(_ payload: Data) -> UUID? {
        guard payload.count == 16 else { return nil }
        return payload.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}

/// The name a message carries to Meta and back, in `biz_opaque_callback_data`.
enum CallbackName {
    static func text(_ id: UUID) -> String { "relevo:\(id.uuidString.lowercased())" }
    static func id(_ text: String?) -> UUID? {
        guard let text, text.hasPrefix("relevo:"), text.utf8.count == 43 else { return nil }
        return UUID(uuidString: String(text.dropFirst(7)))
    }
}

/// UUID version 7: in the order of their making, so that new rows lie together.
enum MessageID {
    static func make() -> UUID {
        let milliseconds = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
        var bytes = UUID().uuid
        withUnsafeMutableBytes(of: &bytes) { bytes in
            for place in 0..<6 { bytes[place] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(40 - 8 * place)) }
            bytes[6] = 0x70 | (bytes[6] & 0x0F)
            bytes[8] = 0x80 | (bytes[8] & 0x3F)
        }
        return UUID(uuid: bytes)
    }
}
