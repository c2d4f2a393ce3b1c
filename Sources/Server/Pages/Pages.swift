import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import Mustache

/// The operators' pages: complete without a script, which only renews what has changed.
struct Pages: Sendable {
    let dependencies: ServerDependencies
    let configuration: ServerConfiguration
    let guardian: Guardian
    let overview: OverviewSource
    let plans: PlanPageSource
    let library: MustacheLibrary

    /// Nothing but our own files; no frame, no form that leads elsewhere.
    static let policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        + "frame-ancestors 'none'"

    typealias Maker = @Sendable (Request, RelevoContext) async throws -> Content

    /// Every page that wants a caller, by its path.
    var pages: [(path: String, content: Maker)] {
        [
            ("/", overviewPage), ("/numbers", numbersPage), ("/numbers/{ref}", numberPage), ("/plan", planPage), ("/plans/{id}", planPage),
            ("/messages/{id}", messagePage), ("/rebuilds", rebuildsPage), ("/rebuilds/{id}", rebuildPage),
            ("/overrides", overridesPage),
        ]
    }

    func register(on router: Router<RelevoContext>) {
        for (path, content) in pages { page(path, router, content) }
        let guarded = Authenticate(guardian: guardian, scope: .read, page: true)
        router.get("/live") { request, context in
            try await guarded.handle(request, context: context) { _, context in
                try .encoding(try await overview.snapshot(client: context.caller?.clientID))
            }
        }
    }

    /// What a page is made of.
    struct Content {
        var title: String
        var template: String
        var view: Any
        /// Whether the script renews it.
        var isLive = true
        var section: Section?
        var now: Date

        enum Section { case overview, numbers, plan, rebuilds }
    }

    private func page(_ path: String, _ router: Router<RelevoContext>, _ content: @escaping Maker) {
        router.get(RouterPath(path)) { request, context in
            var context = context
            do {
                context.caller = try await guardian.caller(of: request, scope: .read, page: true)
                return render(try await content(request, context), request, context)
            } catch {
                let problem = HTTPProblem(error)
                if problem.status == .unauthorized, request.query("fragment") == nil {
                    let next = Self.escapedQuery(request.uri.string)
                    return Response(status: .seeOther, headers: [.location: "/login?next=\(next)"])
                }
                if problem.status.code >= 500 { throw problem }
                let view = ProblemView(title: problem.status.reasonPhrase, message: problem.message)
                var response = render(
                    Content(title: problem.status.reasonPhrase, template: "problem", view: view, isLive: false, section: nil, now: Date()),
                    request, context)
                response.status = problem.status
                return response
            }
        }
    }

    private struct ProblemView {
        var title: String
        var message: String
    }

    private struct Frame {
        var content: String
        var onOverview: Bool
        var onNumbers: Bool
        var onPlan: Bool
        var onRebuilds: Bool
        var who: String?
        var clock: String
        var live: String?
    }

    private func render(_ content: Content, _ request: Request, _ context: RelevoContext) -> Response {
        let inner = library.render(content.view, withTemplate: content.template) ?? ""
        if request.query("fragment") != nil {
            let clock = "<span class=\"clock\" id=\"clock\">\(Drawing.time(content.now)) UTC</span>"
            return Self.html(inner + clock)
        }
        var who: String?
        if case .key(let key)? = context.caller { who = key.name }
        let path = request.uri.string
        let frame = Frame(
            content: inner, onOverview: content.section == .overview, onNumbers: content.section == .numbers,
            onPlan: content.section == .plan, onRebuilds: content.section == .rebuilds, who: who, clock: Drawing.time(content.now),
            live: content.isLive ? path + (path.contains("?") ? "&" : "?") + "fragment=1" : nil)
        let body = library.render(frame, withTemplate: "frame") ?? ""
        return Self.whole(title: "\(content.title) · Relevo", body: body, script: content.isLive, library: library)
    }

    private struct Layout {
        var language: String
        var title: String
        var body: String
        var assets: String
        var script: Bool
        var refresh: String?
    }

    /// A whole document with the headers every page has.
    static func whole(
        title: String, body: String, language: String = "en", script: Bool = false, refresh: Int? = nil, library: MustacheLibrary
    ) -> Response {
        let layout = Layout(
            language: language, title: title, body: body, assets: Assets.version, script: script, refresh: refresh.map(String.init))
        return html(library.render(layout, withTemplate: "layout") ?? "")
    }

    static func html(_ text: String) -> Response {
        var response = Response.text(text, type: "text/html; charset=utf-8")
        response.headers[.contentSecurityPolicy] = policy
        response.headers[.referrerPolicy] = "no-referrer"
        response.headers[.cacheControl] = "no-store"
        return response
    }

    func now() async throws -> Date { try await JobQueue.now(on: dependencies.client) }

    /// A text as one part of a path.
    static func escapedPath(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? ""
    }

    static func escapedQuery(_ text: String) -> String { escapedPath(text) }
}
