/// A request as the simulated Meta sees it.
struct CloudRequest: Sendable {
    var method: String
    /// Without the query, which may hold tokens.
    var path: String
    /// After the version, unescaped.
    var segments: [String]
    var isControl = false
    /// Of the query, the form and the JSON body, of which the last wins.
    var parameters: [String: JSON]
    /// The body is neither JSON nor a form although it says so.
    var isUnreadable = false
    var file: UploadedFile?
    var token: String?
    /// Scheme and host by which the caller reached us.
    var base: String

    subscript(name: String) -> JSON? {
        guard let value = parameters[name], value != .null else { return nil }
        return value
    }

    /// What is asked for, in one word: for faults, the request log and reading a run.
    var kind: String {
        guard let last = segments.last else { return "root" }
        if segments.first == "_media" { return "download" }
        if segments.count == 1 {
            if ["me", "debug_token"].contains(last) { return last }
            return method == "GET" ? "read" : method == "DELETE" ? "delete" : "update"
        }
        guard last == "messages" else { return method == "GET" ? "get_\(last)" : method == "DELETE" ? "delete_\(last)" : last }
        return self["status"] == nil ? "message" : "read_mark"
    }
}

/// A file of a multipart form.
struct UploadedFile: Sendable {
    var name: String?
    var type: String?
    var bytes: [UInt8]
}

/// What a request is answered with, and how.
struct CloudAnswer: Sendable {
    enum Content: Sendable {
        case json(JSON)
        case bytes([UInt8], type: String)
    }

    /// What becomes of the answer.
    enum Delivery: Sendable {
        case send
        /// Sent after a while.
        case later(Duration)
        /// Nothing has been carried out yet: ask again after a while, naming the trouble that held it up.
        case again(Duration, fault: String)
        /// The connection ends without an answer.
        case drop
        /// Nothing is answered for as long as the caller waits.
        case hang
    }

    var status = 200
    var content: Content
    /// Percent of the budgets used, for the usage headers.
    var appUsage = 0
    var accountUsage = 0
    var account: String?
    var delivery = Delivery.send

    init(_ json: JSON, status: Int = 200) {
        content = .json(json)
        self.status = status
    }

    init(_ bytes: [UInt8], type: String) { content = .bytes(bytes, type: type) }
}
