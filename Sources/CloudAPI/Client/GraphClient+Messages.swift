public import Foundation

extension GraphClient {
    /// `POST /{phone}/messages`, or `/marketing_messages`: exactly one HTTP request, body as given.
    /// - Parameter whenWritten: called once all of it is written to the socket, before the answer comes.
    public func send(
        _ body: JSONValue, from phone: String, edge: MessageEdge = .messages, token: Secret, whenWritten: (@Sendable () -> Void)? = nil
    ) async -> GraphOutcome<SendAnswer> {
        var request = post(phone, edge.rawValue, body)
        request.whenWritten = whenWritten
        request.timeout = configuration.sendTimeout
        request.limit = 1 << 20
        return await call(request, token: token, read: SendAnswer.init)
    }

    /// Marks a message as read, with a typing indicator if the body has one: passed on as given.
    public func markRead(_ body: JSONValue, from phone: String, token: Secret) async -> GraphOutcome<Void> {
        await succeed(post(phone, "messages", body), token: token)
    }

    /// `POST /{phone}/media`: the value is the media id.
    public func uploadMedia(
        _ data: Data, type: String, filename: String, to phone: String, token: Secret
    ) async -> GraphOutcome<String> {
        let form = MultipartForm(file: data, type: type, filename: filename)
        var request = GraphRequest(method: .post, path: path(phone, "media"))
        request.content = .bytes(form.bytes, type: form.contentType)
        request.timeout = configuration.longTimeout
        return await call(request, token: token) { $0["id"]?.text }
    }

    /// `POST /{phone}/media` with a body the caller has put together, for a proxy.
    public func uploadMedia(body: [UInt8], contentType: String, to phone: String, token: Secret) async -> GraphOutcome<String> {
        var request = GraphRequest(method: .post, path: path(phone, "media"))
        request.content = .bytes(body, type: contentType)
        request.timeout = configuration.longTimeout
        return await call(request, token: token) { $0["id"]?.text }
    }

    /// `GET /{media}`: where the file can be fetched for a few minutes.
    public func media(_ id: String, phoneNumberID: String? = nil, token: Secret) async -> GraphOutcome<MediaNode> {
        var request = GraphRequest(method: .get, path: path(id))
        if let phoneNumberID { request.query = [("phone_number_id", phoneNumberID)] }
        return await call(request, token: token, read: MediaNode.init)
    }

    /// Fetches a file from the address `media` gave; the token goes only to an address on `https` or on the configured host.
    /// - Parameter limit: largest file taken, in bytes; Meta's is 100 MB.
    public func download(_ url: String, limit: Int = 100 << 20, token: Secret) async -> GraphOutcome<Data> {
        guard url.hasPrefix("https://") || url.hasPrefix(configuration.baseURL + "/") else {
            return .notSent("the file's address is not https")
        }
        var request = GraphRequest(method: .get, path: url)
        request.timeout = configuration.longTimeout
        request.limit = limit
        switch await exchange(request, token: token) {
        case .failure(let failure): return failure.wasSent ? .ambiguous(failure.reason, nil) : .notSent(failure.reason)
        case .success(let response) where response.status == 200: return .success(response.body, response)
        case .success(let response): return .refused(GraphError(status: response.status, body: response.body), response)
        }
    }

    /// `DELETE /{media}`.
    public func deleteMedia(_ id: String, phoneNumberID: String? = nil, token: Secret) async -> GraphOutcome<Void> {
        var request = GraphRequest(method: .delete, path: path(id))
        if let phoneNumberID { request.query = [("phone_number_id", phoneNumberID)] }
        return await succeed(request, token: token)
    }

    /// `GET /debug_token`: what `inspected` may do. `token` is an app token or the token itself.
    ///
    /// The inspected token is part of the address, as Meta demands; addresses are never logged.
    public func debugToken(_ inspected: Secret, token: Secret) async -> GraphOutcome<TokenInfo> {
        let request = GraphRequest(method: .get, path: "debug_token", query: [("input_token", inspected.reveal())])
        return await call(request, token: token, read: TokenInfo.init)
    }

    /// `GET /me`: whether the API answers and takes the token.
    public func me(token: Secret) async -> GraphOutcome<String> {
        await call(GraphRequest(method: .get, path: "me", query: [("fields", "id")]), token: token) { $0["id"]?.text }
    }
}

/// Where a message is posted.
public enum MessageEdge: String, Sendable, Codable {
    case messages
    /// Meta's edge for marketing templates.
    case marketing = "marketing_messages"
}
