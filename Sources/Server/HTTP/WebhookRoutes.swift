import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOFoundationCompat
import Webhooks

/// `/webhooks/whatsapp`, as Meta documents: the handshake, and bodies that are stored before they are answered.
struct WebhookRoutes: Sendable {
    /// Meta's own bound is 3 MB.
    static let limit = 4 << 20
    let dependencies: ServerDependencies
    let configuration: ServerConfiguration

    func register(on router: Router<RelevoContext>) {
        router.get("/webhooks/whatsapp") { request, _ in
            let (mode, token) = (request.query("hub.mode"), request.query("hub.verify_token"))
            guard let answer = dependencies.webhooks.challenge(mode: mode, token: token, challenge: request.query("hub.challenge")) else {
                throw HTTPProblem.forbidden("the verify token is not the one that is set")
            }
            return Response.text(answer)
        }
        router.post("/webhooks/whatsapp") { request, _ in
            let buffer = try await request.bytes(upTo: Self.limit, within: configuration.bodyTimeout)
            switch try await dependencies.webhooks.accept(body: Data(buffer: buffer), signature: request.headers[.hubSignature]) {
            case .stored: return Response.text("EVENT_RECEIVED")
            case .badSignature:
                throw HTTPProblem(.unauthorized, "bad_signature", "the signature is missing or does not belong to this body")
            case .tooLarge: throw Request.tooLarge(Self.limit)
            }
        }
    }
}
