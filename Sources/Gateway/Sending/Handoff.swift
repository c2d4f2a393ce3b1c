import CloudAPI
import Foundation
import Synchronization

/// One request, ready to be made.
struct PreparedSend: Sendable {
    var id: UUID
    var sender: String
    var wabaID: String
    var edge: MessageEdge
    var e164: String?
    var userID: String?
    var hash: String?
    /// The caller's body without recipient, callback data and hash.
    var body: Data
    /// 131056 in a row for this pair.
    var pairFailures = 0

    /// The body of the request. Throws `UnreadableBody` when what is stored is no JSON object.
    func request() throws -> JSONValue {
        guard var object = (try? JSONValue(parsing: body))?.object else { throw UnreadableBody() }
        if let e164 { object["to"] = .string(e164) } else if let userID { object["recipient"] = .string(userID) }
        if let hash { object["recipient_identity_key_hash"] = .string(hash) }
        object["biz_opaque_callback_data"] = .string(CallbackName.text(id))
        return .object(object)
    }
}

/// A stored body that is no JSON object any more: a damaged row.
struct UnreadableBody: Error, CustomStringConvertible {
    let description = "the stored body of the message cannot be read"
}

/// What admission hands to performing in the same process, so that a send costs no further read. Only a short cut: what is not found here
/// is read from the database.
final class Handoff: Sendable {
    private static let capacity = 20_000
    private let prepared = Mutex<[Int64: PreparedSend]>([:])

    func put(_ sends: [(attempt: Int64, send: PreparedSend)]) {
        prepared.withLock { prepared in
            // Left behind by transactions that did not commit.
            if prepared.count + sends.count > Self.capacity { prepared.removeAll() }
            for (attempt, send) in sends { prepared[attempt] = send }
        }
    }

    func take(_ attempt: Int64) -> PreparedSend? { prepared.withLock { $0.removeValue(forKey: attempt) } }
}
