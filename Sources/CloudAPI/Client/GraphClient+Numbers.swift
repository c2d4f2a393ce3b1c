extension GraphClient {
    /// `GET /{phone}`. One unknown field fails the whole read: ask for beta fields in a call of their own.
    public func phoneNumber(
        _ id: String, fields: [String] = PhoneNumberNode.usualFields, token: Secret
    ) async -> GraphOutcome<PhoneNumberNode> {
        await call(get(id, fields: fields), token: token, read: PhoneNumberNode.init)
    }

    /// `GET /{waba}`.
    public func waba(_ id: String, fields: [String] = WABANode.usualFields, token: Secret) async -> GraphOutcome<WABANode> {
        await call(get(id, fields: fields), token: token, read: WABANode.init)
    }

    /// One page of `GET /{waba}/phone_numbers`.
    public func phoneNumbers(
        of waba: String, fields: [String] = PhoneNumberNode.usualFields, after: String? = nil, limit: Int = 100, token: Secret
    ) async -> GraphOutcome<GraphPage<PhoneNumberNode>> {
        await call(list(waba, "phone_numbers", fields: fields, after: after, limit: limit), token: token) {
            GraphPage($0, PhoneNumberNode.init)
        }
    }

    /// Every number of a WABA, at most `bound`.
    public func allPhoneNumbers(
        of waba: String, fields: [String] = PhoneNumberNode.usualFields, bound: Int = 1000, token: Secret
    ) async -> GraphOutcome<[PhoneNumberNode]> {
        await everyPage(bound: bound) { await self.phoneNumbers(of: waba, fields: fields, after: $0, token: token) }
    }

    /// `POST /{waba}/phone_numbers`: adds a number; the value is its new phone number id.
    /// - Parameters:
    ///   - national: digits without country code.
    ///   - migrate: the number comes from another WABA.
    public func addPhoneNumber(
        to waba: String, countryCode: String, national: String, verifiedName: String? = nil, migrate: Bool, token: Secret
    ) async -> GraphOutcome<String> {
        var body: JSONObject = ["cc": .string(countryCode), "phone_number": .string(national)]
        if let verifiedName { body["verified_name"] = .string(verifiedName) }
        if migrate { body["migrate_phone_number"] = true }
        return await call(post(waba, "phone_numbers", .object(body)), token: token) { $0["id"]?.text }
    }

    /// `POST /{phone}/request_code`. `method` is `SMS` or `VOICE`; `language` such as `en_US`.
    public func requestCode(_ phone: String, method: String, language: String, token: Secret) async -> GraphOutcome<Void> {
        await succeed(post(phone, "request_code", ["code_method": .string(method), "language": .string(language)]), token: token)
    }

    /// `POST /{phone}/verify_code`. Hyphens and spaces are taken out of the code.
    public func verifyCode(_ phone: String, code: Secret, token: Secret) async -> GraphOutcome<Void> {
        let digits = code.reveal().filter { $0.isASCII && $0.isNumber }
        return await succeed(post(phone, "verify_code", ["code": .string(digits)]), token: token)
    }

    /// `POST /{phone}/register`: the cut-over. At most ten in 72 hours; never repeat it before reading the number's state.
    public func register(_ phone: String, pin: Secret, dataRegion: String? = nil, token: Secret) async -> GraphOutcome<Void> {
        var body: JSONObject = ["messaging_product": "whatsapp", "pin": .string(pin.reveal())]
        if let dataRegion { body["data_localization_region"] = .string(dataRegion) }
        return await succeed(post(phone, "register", .object(body)), token: token)
    }

    /// `POST /{phone}/deregister`.
    public func deregister(_ phone: String, token: Secret) async -> GraphOutcome<Void> {
        await succeed(post(phone, "deregister", ["messaging_product": "whatsapp"]), token: token)
    }

    /// `GET /{phone}/settings`, as it came.
    public func settings(_ phone: String, token: Secret) async -> GraphOutcome<JSONValue> {
        await call(GraphRequest(method: .get, path: path(phone, "settings")), token: token) { $0 }
    }

    /// `POST /{phone}/settings`: switches the check of recipients' identity. It is a setting of the phone number id, so it is off again
    /// after a move.
    public func setIdentityCheck(_ phone: String, enabled: Bool, token: Secret) async -> GraphOutcome<Void> {
        await succeed(
            post(phone, "settings", ["user_identity_change": ["enable_identity_key_check": .bool(enabled)]]), token: token)
    }

    /// `GET /{waba}/subscribed_apps`.
    public func subscribedApps(of waba: String, token: Secret) async -> GraphOutcome<[SubscribedApp]> {
        await call(GraphRequest(method: .get, path: path(waba, "subscribed_apps")), token: token) {
            $0["data"]?.elements?.compactMap(SubscribedApp.init)
        }
    }

    /// `POST /{waba}/subscribed_apps`. Without an override an existing one is cleared.
    public func subscribe(
        to waba: String, overrideCallbackURI: String? = nil, verifyToken: Secret? = nil, token: Secret
    ) async -> GraphOutcome<Void> {
        var body = JSONObject()
        if let overrideCallbackURI { body["override_callback_uri"] = .string(overrideCallbackURI) }
        if let verifyToken { body["verify_token"] = .string(verifyToken.reveal()) }
        return await succeed(post(waba, "subscribed_apps", .object(body)), token: token)
    }
}
