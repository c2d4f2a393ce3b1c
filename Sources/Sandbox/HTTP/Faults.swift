/// A trouble that a test plants, and where it strikes.
struct Fault {
    enum Kind: String, CaseIterable {
        /// Answers with a Graph error and carries nothing out.
        case error
        /// Answers with an HTTP status and a page that is not JSON.
        case http
        /// Carries out after `seconds`; with `carry_out`, carries out at once and answers after them.
        case delay
        /// Ends the connection and carries nothing out.
        case reset
        /// Carries out, then ends the connection without an answer.
        case acceptThenDrop = "accept_then_drop"
        /// Never answers; carries out only with `carry_out`.
        case hang
    }

    let id: Int
    var kind: Kind
    var method: String?
    var pattern: String?
    private var path: Regex<AnyRegexOutput>?
    var what: String?
    var phoneNumberID: String?
    /// Nil is without end.
    var timesLeft: Int?
    var skip: Int
    var hits = 0
    var code: Int
    var subcode: Int?
    var status: Int?
    var details: String?
    var seconds: Double
    var carriesOut: Bool

    /// Throws a `GraphFailure` that names what is wrong.
    init(_ json: CloudRequest, id: Int) throws {
        self.id = id
        let match = json["match"]?.members ?? [:]
        func matching(_ name: String) -> String? { (match[name] ?? json[name])?.text }
        let word = json["kind"]?.text ?? ""
        let aliases: [String: Kind] = [
            "error_code": .error, "graph_error": .error, "http_5xx": .http, "http_error": .http, "reset_before_answer": .reset,
            "accept_drop": .acceptThenDrop, "drop": .acceptThenDrop,
        ]
        guard let kind = Kind(rawValue: word) ?? aliases[word] else {
            throw GraphFailure(100, "kind \"\(word)\" is not one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self.kind = kind
        method = matching("method")?.uppercased()
        pattern = matching("path")
        if let pattern {
            guard let regex = try? Regex(pattern) else { throw GraphFailure(100, "match.path is no regular expression") }
            path = regex
        }
        what = match["kind"]?.text ?? json["request_kind"]?.text
        phoneNumberID = matching("phone_number_id")
        let times = json["times"]?.integer ?? 1
        timesLeft = times < 1 ? nil : times
        skip = json["skip"]?.integer ?? 0
        code = (json["code"] ?? json["error_code"])?.integer ?? 131000
        subcode = json["subcode"]?.integer
        status = json["status"]?.integer
        details = json["details"]?.text
        seconds = json["seconds"]?.number ?? (json["milliseconds"]?.number).map { $0 / 1000 } ?? 1
        carriesOut = json["carry_out"]?.bool ?? false
    }

    /// Whether it strikes a request; counts it if so.
    mutating func strikes(_ request: CloudRequest) -> Bool {
        if timesLeft == 0 { return false }
        if let method, method != request.method { return false }
        if let what, what != request.kind { return false }
        if let phoneNumberID, phoneNumberID != request.segments.first { return false }
        if let path, request.path.firstMatch(of: path) == nil { return false }
        if skip > 0 {
            skip -= 1
            return false
        }
        hits += 1
        timesLeft = timesLeft.map { $0 - 1 }
        return true
    }

    var failure: GraphFailure {
        var failure = GraphFailure(code, details, subcode: subcode)
        if let status { failure.status = status }
        return failure
    }

    var json: JSON {
        .compact([
            "id": .int(id), "kind": .string(kind.rawValue), "hits": .int(hits), "times_left": .of(timesLeft),
            "match": .compact([
                "method": .of(method), "path": .of(pattern), "kind": .of(what), "phone_number_id": .of(phoneNumberID),
            ]),
        ])
    }
}
