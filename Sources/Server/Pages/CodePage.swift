import CloudAPI
import Credentials
import Foundation
import HTTPTypes
import Hummingbird
import Migration
import Mustache

/// The page a client opens to hand over the code that WhatsApp sent to their number. The link is the only key; it is not logged, not kept by
/// caches and not told to other sites.
struct CodePage: Sendable {
    let migrations: Migrations
    let configuration: ServerConfiguration
    let library: MustacheLibrary
    let looks = Attempts(perMinute: 60)
    let tries = Attempts(perMinute: 10)

    private struct View {
        var token = ""
        var heading: String
        var note: String?
        var noteKind = ""
        var client: String?
        var number = ""
        var text: String?
        var asks = false
        var label: String
        var button: String
        var care: String

        init(_ texts: CodeTexts) {
            (heading, label, button, care) = (texts.heading, texts.label, texts.button, texts.care)
        }
    }

    func register(on router: Router<RelevoContext>) {
        router.get("/code/{token}") { request, context in
            let texts = CodeTexts.preferred(request.headers[.acceptLanguage])
            guard let token = Self.token(context) else { return answer(note: texts.invalid, .gone, texts) }
            guard looks.allow(Self.name(token)) else { return answer(note: texts.tooOften, .tooManyRequests, texts) }
            return try await show(token, texts)
        }
        router.post("/code/{token}") { request, context in
            let texts = CodeTexts.preferred(request.headers[.acceptLanguage])
            guard let token = Self.token(context) else { return answer(note: texts.invalid, .gone, texts) }
            guard tries.allow(Self.name(token)) else { return answer(note: texts.tooOften, .tooManyRequests, texts) }
            let code = try await request.form(within: configuration.bodyTimeout)["code"] ?? ""
            do {
                try await migrations.redeem(token: token, code: code)
            } catch let error as MigrationError where error.code == .badCode {
                return try await show(token, texts, note: texts.badCode, status: .unprocessableContent)
            } catch let error as MigrationError where error.code == .noCodeExpected {
                return try await show(token, texts, note: texts.notExpected, status: .conflict)
            } catch let error as MigrationError where error.code == .linkInvalid || error.code == .notFound {
                return answer(note: texts.invalid, .gone, texts)
            }
            // Shown by GET, so that a reload does not send the code again.
            return Response(status: .seeOther, headers: [.location: "/code/\(token)", .referrerPolicy: "no-referrer"])
        }
    }

    private func show(_ token: String, _ texts: CodeTexts, note: String? = nil, status: HTTPResponse.Status = .ok) async throws -> Response
    {
        let request: CodeRequest
        do {
            request = try await migrations.codeRequest(token: token)
        } catch let error as MigrationError where error.code == .linkInvalid || error.code == .notFound {
            return answer(note: texts.invalid, .gone, texts)
        }
        var view = View(texts)
        view.token = token
        view.client = request.clientName
        view.number = request.maskedNumber
        view.note = note
        view.noteKind = note == nil ? "" : "bad"
        var refresh: Int?
        if request.isVerified {
            view.note = texts.verified
            view.noteKind = "good"
        } else if request.isChecking {
            view.text = texts.checking
            refresh = 5
        } else if request.isAwaited {
            view.asks = true
            view.text = texts.ask
            if view.note == nil, request.message != nil {
                view.note = texts.again
                view.noteKind = "bad"
            }
        } else {
            view.text = texts.notYet
            refresh = 15
        }
        return render(view, texts, status: status, refresh: refresh)
    }

    private func answer(note: String, _ status: HTTPResponse.Status, _ texts: CodeTexts) -> Response {
        var view = View(texts)
        view.note = note
        view.noteKind = "bad"
        return render(view, texts, status: status, refresh: nil)
    }

    private func render(_ view: View, _ texts: CodeTexts, status: HTTPResponse.Status, refresh: Int?) -> Response {
        let body = library.render(view, withTemplate: "code") ?? ""
        var response = Pages.whole(title: texts.heading, body: body, language: texts.language, refresh: refresh, library: library)
        response.status = status
        response.headers[.contentLanguage] = texts.language
        return response
    }

    private static func token(_ context: RelevoContext) -> String? {
        context.parameters.get("token").flatMap { RandomToken.isPlausible($0) ? $0 : nil }
    }

    /// What tries are counted under: not the token itself.
    private static func name(_ token: String) -> String { SecretHash(of: Secret(token)).bytes.base64EncodedString() }
}
