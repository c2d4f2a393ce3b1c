import Foundation

/// The receiver's own log: the oracle, kept by another process than those under test.
struct Receipts {
    struct Request {
        /// The name the message carries.
        var name: String
        /// 200: carried out. 0: neither carried out nor answered.
        var status: Int
        var messageID: String?
    }

    let requests: [Request]

    init(_ file: URL) throws {
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        requests = text.split(separator: "\n").compactMap { line in
            // The last line may be half written.
            guard let json = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let name = json["callback_data"] as? String
            else { return nil }
            return Request(name: name, status: json["status"] as? Int ?? 0, messageID: json["message_id"] as? String)
        }
    }

    /// How often each message was carried out.
    var accepted: [String: Int] { count { $0.status == 200 } }
    /// Requests that were not plainly refused: each may have been the one that counts.
    var serious: [String: Int] { count { $0.status == 200 || $0.status == 0 || $0.status >= 500 } }

    private func count(_ isCounted: (Request) -> Bool) -> [String: Int] {
        var counts: [String: Int] = [:]
        for request in requests where isCounted(request) { counts[request.name, default: 0] += 1 }
        return counts
    }
}
