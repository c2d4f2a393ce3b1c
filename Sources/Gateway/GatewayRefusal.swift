public import CloudAPI

/// A message that the gateway does not take, in the words Meta would use.
public struct GatewayRefusal: Error, Sendable, Equatable {
    /// A code that Meta documents.
    public var code: Int
    /// Stable name on the native API: `refused`, `conflict` or `unknown_sender`.
    public var name: String
    public var subcode: Int?
    public var httpStatus: Int
    public var title: String
    public var type: String
    /// Which field, what was found, what is expected.
    public var details: String
    /// E.164 readings, when a number has more than one.
    public var candidates: [String]

    public init(
        code: Int, name: String = "refused", subcode: Int? = nil, httpStatus: Int = 400, title: String, type: String = "OAuthException",
        details: String, candidates: [String] = []
    ) {
        self.code = code
        self.name = name
        self.subcode = subcode
        self.httpStatus = httpStatus
        self.title = title
        self.type = type
        self.details = details
        self.candidates = candidates
    }

    /// `{"error":{…}}` as Meta writes it.
    public var envelope: JSONValue {
        var data: JSONObject = ["messaging_product": "whatsapp", "details": .string(details)]
        if !candidates.isEmpty { data["candidates"] = .array(candidates.map { .string($0) }) }
        var error: JSONObject = [
            "message": .string("(#\(code)) \(title)"), "type": .string(type), "code": JSONValue(code), "error_data": .object(data),
        ]
        if let subcode { error["error_subcode"] = JSONValue(subcode) }
        return ["error": .object(error)]
    }

    static func invalid(_ details: String) -> Self { Self(code: 100, title: "Invalid parameter", details: details) }
    static func missing(_ details: String) -> Self { Self(code: 131008, title: "Required parameter is missing", details: details) }
    static func badValue(_ details: String, candidates: [String] = []) -> Self {
        Self(code: 131009, title: "Parameter value is not valid", details: details, candidates: candidates)
    }
}

extension GatewayRefusal: CustomStringConvertible {
    public var description: String { "(#\(code)) \(title): \(details)" }
}
