import CloudAPI
import Credentials
import Foundation
import Gateway
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres

/// Files: handed through with the real token; the caller sees Relevo's address and its own key only.
///
/// Meta is always told the phone number id, so that it refuses a file of another number even when one token serves many clients.
extension GraphEndpoint {
    /// `POST /{version}/{phone_number_id}/media`.
    func upload(_ request: Request, _ key: APIKey, _ senderID: String) async throws -> Response {
        try Self.require(.send, key)
        let sender = try await current(try await sender(senderID, for: key))
        // The number may be another client's by now.
        guard key.sees(client: sender.clientID) else { throw GatewayRefusal.unknownSender(senderID) }
        guard let type = request.headers[.contentType], type.lowercased().hasPrefix("multipart/form-data") else {
            throw HTTPProblem.badRequest("a multipart/form-data body with file, type and messaging_product is expected")
        }
        return try await transfers.within {
            let body = try await request.bytes(upTo: configuration.uploadLimit, within: configuration.bodyTimeout * 10)
            let token = try await dependencies.credentials.token(forWABA: sender.wabaID)
            let (id, _) = try Self.value(
                await dependencies.graph.uploadMedia(
                    body: Array(body.readableBytesView), contentType: type, to: sender.phoneNumberID, token: token))
            try await remember(id, sender.phoneNumberID)
            return .json(["id": .string(id)])
        }
    }

    /// `GET /{version}/{media_id}`.
    func media(_ id: String, _ request: Request, _ key: APIKey) async throws -> Response {
        let (node, sender) = try await find(id, request, key)
        guard var object = node.raw.object else {
            throw HTTPProblem(.badGateway, "meta_unknown", "Meta's answer is no object", graphCode: 131000)
        }
        let version = request.uri.path.split(separator: "/").first.map(String.init) ?? "v25.0"
        let url = try await address.value()
        object["url"] = .string("\(url)/\(version)/\(id)/content?phone_number_id=\(sender)")
        return .json(.object(object))
    }

    /// `GET /{version}/{media_id}/content`: the file.
    func download(_ id: String, _ request: Request, _ key: APIKey) async throws -> Response {
        try await transfers.within {
            let (node, sender) = try await find(id, request, key)
            guard let url = node.url else { throw HTTPProblem.notFound("Meta gives no address for the file \(id)") }
            let token = try await token(of: sender)
            let (data, answer) = try Self.value(await dependencies.graph.download(url, token: token))
            var response = Response.bytes(data, type: node.mimeType ?? answer.contentType ?? "application/octet-stream")
            // Never shown in place: a file comes from a stranger.
            response.headers[.contentDisposition] = "attachment"
            return response
        }
    }

    /// `DELETE /{version}/{media_id}`.
    func deleteMedia(_ id: String, _ request: Request, _ key: APIKey) async throws -> Response {
        try Self.require(.send, key)
        let (_, sender) = try await find(id, request, key)
        _ = try Self.value(await dependencies.graph.deleteMedia(id, phoneNumberID: sender, token: try await token(of: sender)))
        try await dependencies.client.query("DELETE FROM server.media WHERE media_id = \(id)")
        return .json(["success": true])
    }

    /// The file, and the number it belongs to: the one named in the request, the one it was uploaded under, else one of the key's own.
    private func find(_ id: String, _ request: Request, _ key: APIKey) async throws -> (MediaNode, String) {
        guard key.allows(.send) || key.allows(.read) else { throw HTTPProblem.forbidden("the key \(key.name) has no scope send or read") }
        guard (1...64).contains(id.utf8.count), id.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            throw HTTPProblem.notFound("\(id.prefix(64).debugDescription) is no media id")
        }
        if let sender = try await dependencies.gateway.senders.find(phoneNumberID: id), key.sees(client: sender.clientID) {
            throw Self.notProxied("reading a phone number")
        }
        let known = try await dependencies.client.query("SELECT phone_number_id FROM server.media WHERE media_id = \(id)")
            .decodeFirst(String.self)
        if let known, try await !dependencies.isVisible(sender: known, to: key.clientID) {
            throw HTTPProblem.notFound("no media \(id) under a number of this key")
        }
        if let named = request.query("phone_number_id") ?? known {
            _ = try await sender(named, for: key)
            let (node, _) = try Self.value(await dependencies.graph.media(id, phoneNumberID: named, token: try await token(of: named)))
            return (node, named)
        }
        var last = HTTPProblem.notFound("no media \(id) under a number of this key; name the number with ?phone_number_id=")
        // A file that came by webhook is known to Meta only. Bounded: with more senders the caller names the number.
        for sender in try await dependencies.gateway.senders.list().filter({ key.sees(client: $0.clientID) }).prefix(10) {
            switch await dependencies.graph.media(id, phoneNumberID: sender.phoneNumberID, token: try await token(of: sender.phoneNumberID))
            {
            case .success(let node, _):
                try await remember(id, sender.phoneNumberID)
                return (node, sender.phoneNumberID)
            case .refused(let error, let response): last = Self.passed(error, response)
            case .notSent, .ambiguous: throw HTTPProblem(.serviceUnavailable, "meta_unreachable", "Meta does not answer", graphCode: 131016)
            }
        }
        throw last
    }

    /// Where a number is since its cut-over; callers may go on using its old id.
    private func current(_ sender: Sender) async throws -> Sender {
        var sender = sender
        for _ in 0..<5 {
            guard let moved = sender.movedTo, let next = try await dependencies.gateway.senders.find(phoneNumberID: moved) else { break }
            sender = next
        }
        return sender
    }

    private func token(of senderID: String) async throws -> Secret {
        guard let sender = try await dependencies.gateway.senders.find(phoneNumberID: senderID) else {
            throw HTTPProblem.notFound("no sender has the phone number id \(senderID)")
        }
        return try await dependencies.credentials.token(forWABA: sender.wabaID)
    }

    /// Meta keeps a file for 30 days; so do we keep whose it is.
    private func remember(_ id: String, _ senderID: String) async throws {
        try await dependencies.client.query(
            """
            WITH old AS (
                SELECT media_id FROM server.media WHERE uploaded_at < clock_timestamp() - interval '31 days' ORDER BY uploaded_at LIMIT 100
                FOR UPDATE SKIP LOCKED),
            gone AS (DELETE FROM server.media m USING old WHERE m.media_id = old.media_id AND m.media_id <> \(id))
            INSERT INTO server.media (media_id, phone_number_id) VALUES (\(id), \(senderID))
            ON CONFLICT (media_id) DO UPDATE SET phone_number_id = excluded.phone_number_id, uploaded_at = clock_timestamp()
            """)
    }
}
