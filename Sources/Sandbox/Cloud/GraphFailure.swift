/// A refusal, in Meta's documented envelope.
struct GraphFailure: Error {
    var status: Int
    var code: Int
    var subcode: Int?
    var title: String
    /// `error_data.details`; only errors of messaging have it.
    var details: String?
    var userTitle: String?
    var userMessage: String?

    /// A documented code with its own text and HTTP status.
    init(_ code: Int, _ details: String? = nil, subcode: Int? = nil) {
        let known = Self.catalogue[code]
        status = known?.status ?? 400
        title = known?.title ?? "Error \(code)"
        self.code = code
        self.subcode = subcode
        self.details = details ?? known?.title
    }

    /// A refusal of a management edge: code 100, a subcode, and the cause in words for people.
    static func management(_ subcode: Int, _ userTitle: String, _ userMessage: String) -> GraphFailure {
        var failure = GraphFailure(100, subcode: subcode)
        failure.title = "Invalid parameter"
        failure.details = nil
        failure.userTitle = userTitle
        failure.userMessage = userMessage
        return failure
    }

    static func missingObject(_ id: String) -> GraphFailure {
        var failure = GraphFailure(100, subcode: 33)
        failure.title =
            "Unsupported request. Object with ID '\(id)' does not exist, cannot be loaded due to missing permissions, or does not "
            + "support this operation"
        failure.details = nil
        return failure
    }

    static func unknownPath(_ path: String) -> GraphFailure {
        var failure = GraphFailure(2500)
        failure.title = "Unknown path components: \(path)"
        failure.details = nil
        return failure
    }

    func body(trace: String) -> JSON {
        var error: [String: JSON] = ["type": "OAuthException", "code": .int(code), "fbtrace_id": .string(trace)]
        error["message"] = .string(userTitle == nil && subcode != 33 && code != 2500 ? "(#\(code)) \(title)" : title)
        if let subcode { error["error_subcode"] = .int(subcode) }
        if let details { error["error_data"] = ["messaging_product": "whatsapp", "details": .string(details)] }
        if let userTitle {
            error["is_transient"] = false
            error["error_user_title"] = .string(userTitle)
            error["error_user_msg"] = .of(userMessage)
        }
        return ["error": .object(error)]
    }

    /// As it stands in a `failed` status.
    var inStatus: JSON {
        [
            "code": .int(code), "title": .string(title), "message": .string(title), "error_data": ["details": .string(details ?? title)],
            "href": "/documentation/business-messaging/whatsapp/support/error-codes",
        ]
    }

    private static let catalogue: [Int: (status: Int, title: String)] = [
        0: (401, "AuthException"), 1: (400, "API Unknown"), 2: (503, "API Service"), 3: (500, "API Method"), 4: (400, "API Too Many Calls"),
        10: (403, "Permission Denied"), 33: (400, "Parameter value is not valid"), 100: (400, "Invalid parameter"),
        190: (401, "Invalid OAuth access token"), 200: (403, "API Permission"), 368: (403, "Temporarily blocked for policies violations"),
        613: (429, "Calls to this api have exceeded the rate limit"), 2200: (400, "Callback verification failed"),
        80007: (400, "Rate limit issues"), 130429: (400, "Rate limit hit"), 130472: (400, "User's number is part of an experiment"),
        130497: (403, "Business account is restricted from messaging users in this country"), 131000: (500, "Something went wrong"),
        131005: (403, "Access denied"), 131008: (400, "Required parameter is missing"), 131009: (400, "Parameter value is not valid"),
        131016: (500, "Service unavailable"), 131021: (400, "Recipient cannot be sender"), 131026: (400, "Message undeliverable"),
        131031: (403, "Account has been locked"), 131037: (400, "Display name approval needed"),
        131042: (400, "Business eligibility payment issue"), 131045: (500, "Incorrect certificate"),
        131047: (400, "Re-engagement message"), 131048: (400, "Spam rate limit hit"),
        131049: (400, "This message was not delivered to maintain healthy ecosystem engagement."),
        131050: (400, "User has stopped marketing messages"), 131051: (400, "Unsupported message type"),
        131052: (400, "Media download error"), 131053: (400, "Media upload error"),
        131055: (400, "Only marketing templates are supported"), 131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
        131057: (500, "Account in maintenance mode"), 131063: (400, "Marketing messages are disabled on Cloud API"),
        132000: (400, "Number of parameters does not match the expected number of params"),
        132001: (404, "Template name does not exist in the translation"), 132005: (400, "Translated text too long"),
        132007: (400, "Template format character policy violated"),
        132012: (400, "Parameter format does not match format in the created template"),
        132015: (400, "Template is paused"), 132016: (400, "Template is disabled"), 132018: (400, "Template parameter validation failed"),
        133000: (500, "Incomplete deregistration"), 133004: (503, "Server temporarily unavailable"),
        133005: (400, "Two step verification PIN mismatch"), 133006: (400, "Phone number re-verification needed"),
        133008: (400, "Too many two step verification PIN guesses"), 133009: (400, "Two step verification PIN guessed too fast"),
        133010: (400, "Phone number not registered"),
        133015: (400, "Please wait a few minutes before attempting to register this phone number"),
        133016: (400, "Account register deregister rate limit exceeded"), 135000: (400, "Generic user error"),
        136024: (400, "Phone number is already verified"), 136025: (400, "Code could not be verified"),
        137000: (400, "Recipient identity key hash mismatch"), 2500: (400, "Unknown path components"),
    ]
}
