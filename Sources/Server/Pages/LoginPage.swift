import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import Mustache

/// Logging in and out. The cookie is out of reach of scripts and is not sent along from other sites.
struct LoginPage: Sendable {
    let sessions: SessionStore
    let configuration: ServerConfiguration
    let address: PublicAddress
    let library: MustacheLibrary

    private struct View {
        var note: String?
        var next: String
    }

    func register(on router: Router<RelevoContext>) {
        router.get("/login") { request, _ in form(note: nil, next: Self.safe(request.query("next"))) }
        router.post("/login") { request, _ in
            let fields = try await request.form(within: configuration.bodyTimeout)
            let next = Self.safe(fields["next"])
            let shown = Secret((fields["key"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines))
            guard let (token, _) = try await sessions.open(key: shown) else {
                var response = form(note: "That key is not valid, or it has no scope read.", next: next)
                response.status = .unauthorized
                return response
            }
            return Response(
                status: .seeOther, headers: [.location: next, .setCookie: cookie(token.reveal(), seconds: sessions.lifetime / .seconds(1))])
        }
        router.post("/logout") { request, _ in
            if let token = request.cookies[SessionStore.cookie]?.value { try await sessions.close(token) }
            return Response(status: .seeOther, headers: [.location: "/login", .setCookie: cookie("", seconds: 0)])
        }
    }

    private func form(note: String?, next: String) -> Response {
        Pages.whole(
            title: "Log in · Relevo", body: library.render(View(note: note, next: next), withTemplate: "login") ?? "", library: library)
    }

    private func cookie(_ value: String, seconds: Double) -> String {
        "\(SessionStore.cookie)=\(value); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(Int(seconds))\(address.isSecure ? "; Secure" : "")"
    }

    /// A path of this server and nothing else: not `//elsewhere`, not `/\elsewhere`, no line break.
    static func safe(_ next: String?) -> String {
        guard let next, next.hasPrefix("/"), !next.hasPrefix("//"), !next.contains("\\"), next.utf8.allSatisfy({ (33...126).contains($0) })
        else {
            return "/"
        }
        return next
    }
}
