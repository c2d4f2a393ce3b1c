import DequeModule
import Foundation

/// What is remembered of a request; no token, no code, no PIN.
struct RequestNote: Sendable {
    var micros: Int64 = 0
    var method = ""
    var path = ""
    var kind = ""
    var phoneNumberID: String?
    var waba: String?
    var status = 0
    var errorCode: Int?
    var callbackData: String?
    var to: String?
    var hasHash: Bool?
    var identityHash: String?
    var messageID: String?
    var template: String?
    /// A planted trouble that struck it.
    var fault: String?

    func json(_ sequence: Int, at: Date) -> JSON {
        .compact([
            "seq": .int(sequence), "at_us": .int(Int(micros)), "at": .string(at.rfc3339), "method": .string(method), "path": .string(path),
            "kind": .string(kind), "phone_number_id": .of(phoneNumberID), "waba_id": .of(waba), "status": .int(status),
            "error_code": .of(errorCode), "callback_data": .of(callbackData), "to": .of(to),
            "hash": hasHash.map(JSON.bool) ?? .null, "identity_hash": .of(identityHash), "message_id": .of(messageID),
            "template": .of(template), "fault": .of(fault),
        ])
    }
}

/// Every request in the order in which it was carried out: the newest in memory, all of them in a file if there is one.
struct RequestLog {
    private var notes = Deque<(note: RequestNote, at: Date)>()
    private let kept: Int
    private let file: Int32?
    private(set) var last = 0
    private(set) var dropped = 0
    private(set) var unwritten = 0

    /// - Parameter path: opened for appending, so that a run that is started again goes on with its file.
    init(kept: Int, path: String?) throws {
        self.kept = max(1, kept)
        guard let path else {
            file = nil
            return
        }
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw SandboxError(description: "the request log \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        self.file = file
    }

    /// Notes a request. In the file before this returns: what was answered is there even when the process is killed next.
    mutating func append(_ note: RequestNote, at: Date) {
        last += 1
        if notes.count == kept {
            notes.removeFirst()
            dropped += 1
        }
        notes.append((note, at))
        guard let file else { return }
        var line = note.json(last, at: at).bytes
        line.append(0x0A)
        var start = 0
        while start < line.count {
            let written = line.withUnsafeBytes { write(file, $0.baseAddress?.advanced(by: start), line.count - start) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else {
                unwritten += 1
                return
            }
            start += written
        }
    }

    /// Requests after number `since`, at most `limit`.
    func read(since: Int, limit: Int) -> JSON {
        let first = last - notes.count + 1
        let start = max(since + 1, first)
        let end = min(last, start + limit - 1)
        let list = start <= end ? (start...end).map { notes[$0 - first].note.json($0, at: notes[$0 - first].at) } : []
        return [
            "requests": .array(list), "next": .int(max(end, min(since, last))), "last": .int(last), "dropped": .int(dropped),
            "unwritten": .int(unwritten), "has_more": .bool(end < last),
        ]
    }

    func close() { if let file { _ = Foundation.close(file) } }
}

extension Date {
    /// RFC 3339 in UTC with milliseconds.
    var rfc3339: String { formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }

    /// Reads RFC 3339, or seconds since 1970.
    init?(_ json: JSON?) {
        guard let json else { return nil }
        if let seconds = json.number, json.string == nil {
            self.init(timeIntervalSince1970: seconds)
            return
        }
        guard let text = json.string,
            let date = (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
                ?? (try? Date(text, strategy: Date.ISO8601FormatStyle()))
        else { return nil }
        self = date
    }

    /// Whole seconds, as Meta writes times.
    var unixSeconds: Int { Int(timeIntervalSince1970.rounded(.down)) }
}
