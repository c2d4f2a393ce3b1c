public import Foundation

/// A refusal in Meta's words: the error object of an HTTP answer, of a failed status or of an inbound message.
///
/// Everything but the code may be missing; the code too, when something between Relevo and Meta answered.
public struct GraphError: Error, Sendable, Equatable, Codable {
    /// HTTP status of the answer; nil when the error came in a webhook.
    public var status: Int?
    /// Meta's code. Nil when the answer was not an error envelope.
    public var code: Int?
    public var subcode: Int?
    public var message: String
    /// `error_user_title`, or `title` in a webhook. May be in the language of the token's owner.
    public var title: String?
    /// `error_user_msg`. May be in the language of the token's owner.
    public var userMessage: String?
    /// `error_data.details`.
    public var details: String?
    public var fbtraceID: String?
    /// `is_transient`.
    public var isTransient: Bool?
    /// The error object as it came; nil when there was none.
    public var raw: JSONValue?

    public init(
        status: Int? = nil, code: Int?, subcode: Int? = nil, message: String, title: String? = nil, userMessage: String? = nil,
        details: String? = nil, fbtraceID: String? = nil, isTransient: Bool? = nil, raw: JSONValue? = nil
    ) {
        self.status = status
        self.code = code
        self.subcode = subcode
        self.message = message
        self.title = title
        self.userMessage = userMessage
        self.details = details
        self.fbtraceID = fbtraceID
        self.isTransient = isTransient
        self.raw = raw
    }

    /// Reads an error object, `{"code":…}` in any of its shapes. Nil when it is no object or holds neither code nor text.
    public init?(errorObject json: JSONValue, status: Int? = nil) {
        guard json.object != nil else { return nil }
        // What is no code of Meta's, and could not be stored as one, is none.
        let code = json["code"]?.integer.flatMap { Int32(exactly: $0) == nil ? nil : $0 }
        let message = json["message"]?.text ?? json["title"]?.text ?? json["error_user_msg"]?.text
        guard code != nil || message != nil else { return nil }
        self.init(
            status: status, code: code, subcode: json["error_subcode"]?.integer, message: message ?? "error \(code ?? 0)",
            title: json["error_user_title"]?.text ?? json["title"]?.text, userMessage: json["error_user_msg"]?.text,
            details: json["error_data"]?["details"]?.text ?? Self.nestedDetails(json["error_data"]),
            fbtraceID: json["fbtrace_id"]?.text, isTransient: json["is_transient"]?.bool, raw: json)
    }

    /// `error_data` sometimes arrives as JSON inside a string.
    private static func nestedDetails(_ data: JSONValue?) -> String? {
        guard let text = data?.string else { return nil }
        return (try? JSONValue(parsing: text.utf8))?["details"]?.text ?? text
    }

    /// Reads the body of an HTTP answer. Always gives an error: a body without an envelope becomes one without a code, with the first
    /// characters of the text.
    public init(status: Int, body: Data) {
        let json = try? JSONValue(parsing: body)
        if let object = json?["error"], let error = GraphError(errorObject: object, status: status) {
            self = error
        } else if let text = json?["error"]?.string {
            self.init(status: status, code: nil, message: json?["error_description"]?.text ?? text)
        } else {
            self.init(status: status, code: nil, message: "HTTP \(status) without an error envelope: \(Self.excerpt(body))")
        }
    }

    static func excerpt(_ body: Data) -> String {
        let text = String(decoding: body.prefix(300), as: UTF8.self)
            .split(whereSeparator: { $0.isWhitespace || $0 == "\0" }).joined(separator: " ")
        return text.isEmpty ? "an empty body" : String(text.prefix(200))
    }

    /// Meta's envelope again, for callers that speak the Cloud API.
    public var envelope: JSONValue {
        if let raw { return ["error": raw] }
        var object: JSONObject = ["message": .string(message), "type": "OAuthException", "code": JSONValue(code ?? 1)]
        if let subcode { object["error_subcode"] = JSONValue(subcode) }
        if let details { object["error_data"] = ["messaging_product": "whatsapp", "details": .string(details)] }
        if let fbtraceID { object["fbtrace_id"] = .string(fbtraceID) }
        return ["error": .object(object)]
    }
}

extension GraphError: CustomStringConvertible {
    public var description: String {
        let number = code.map { code in subcode.map { "\(code)/\($0)" } ?? "\(code)" }
        return [number.map { "(#\($0))" }, message.isEmpty ? nil : message, details == message ? nil : details, userMessage]
            .compactMap { $0 }.joined(separator: " ")
    }
}
