import HTTPTypes

/// Header names of Relevo's own and of proxies. The literals are valid names, so that none of these can fail.
extension HTTPField.Name {
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
    static let hubSignature = HTTPField.Name("X-Hub-Signature-256")!
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    static let relevoExpires = HTTPField.Name("Relevo-Expires")!
    static let relevoLane = HTTPField.Name("Relevo-Lane")!
    static let relevoMessageID = HTTPField.Name("Relevo-Message-Id")!
    static let relevoPriority = HTTPField.Name("Relevo-Priority")!
    static let relevoRegion = HTTPField.Name("Relevo-Region")!
    static let relevoWait = HTTPField.Name("Relevo-Wait")!
}
