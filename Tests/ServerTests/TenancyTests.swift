import AsyncHTTPClient
import CloudAPI
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import Postgres
import Testing

@testable import Server

/// A key bound to one client, with every scope, asks for all that belongs to another: on every address there is.
@Suite struct TenancyTests {
    /// What acme has, and names like them that nobody has.
    struct Things {
        var message: String
        var number: String
        var recipient: String
        var rebuild: String
        var sender: String
        var waba: String
        var tag: String
        var media: String
        var key: String

        static let nobodys = Things(
            message: "11111111-1111-4111-8111-111111111111", number: "R-none", recipient: "+34698765432", rebuild: "999",
            sender: "106540352249999",
            waba: "999", tag: "no-tag", media: "778", key: "no-key")

        var all: [String] { [message, message.lowercased(), number, recipient, sender, tag, key] }

        /// A text with these instead of `{message}` and the like.
        func fill(_ text: String) -> String {
            var text = text
            for (name, value) in [
                ("message", message), ("number", number), ("recipient", recipient), ("rebuild", rebuild), ("sender", sender),
                ("waba", waba),
                ("tag", tag), ("media", media), ("key", key),
            ] { text = text.replacing("{\(name)}", with: value) }
            return text
        }

        /// A text without these: what is left is the same whether a thing is another's or nobody's.
        func hide(in text: String) -> String {
            // The long ones first: a short one may be a part of them.
            [message, sender, recipient, number, tag, key, "/\(media)", "rebuild \(rebuild)", "media \(media)"].reduce(text) {
                $0.replacing($1, with: "•")
            }
        }
    }

    struct Ask: CustomTestStringConvertible {
        var method: String
        var path: String
        var body: String?
        var headers: [(String, String)] = []
        var testDescription: String { "\(method) \(path)" }
    }

    private static let text = #"{"messaging_product":"whatsapp","to":"{recipient}","type":"text","text":{"body":"hello"}}"#
    private static let form = ["Content-Type": "multipart/form-data; boundary=b"].map { ($0.key, $0.value) }

    /// How each address of the native API is asked for what is another's: path, query, body. Those that are not for bound keys need none.
    private static let native: [String: [(path: String, body: String?)]] = [
        "POST messages": [("messages", #"{"sender":"{sender}","message":\#(text)}"#)],
        "POST messages/batch": [("messages/batch", #"{"sender":"{sender}","message":\#(text)}"# + "\n")],
        "GET messages": [
            ("messages?sender={sender}", nil), ("messages?tag={tag}", nil), ("messages?to={recipient}", nil), ("messages", nil),
        ],
        "GET messages/{id}": [("messages/{message}", nil)],
        "GET messages/{id}/history": [("messages/{message}/history", nil)],
        "GET messages/{id}/why": [("messages/{message}/why", nil)],
        "POST messages/{id}/cancel": [("messages/{message}/cancel", nil)],
        "POST messages/{id}/settle": [("messages/{message}/settle", #"{"sent":true,"note":"mine"}"#)],
        "GET migrations": [("migrations", nil), ("migrations?client=acme", nil), ("migrations?state=awaiting_code", nil)],
        "GET migrations/{ref}": [("migrations/{number}", nil)],
        "GET migrations/{ref}/why": [("migrations/{number}/why", nil)],
        "POST migrations/{ref}/code": [("migrations/{number}/code", #"{"code":"123456"}"#)],
        "POST migrations/{ref}/code-link": [("migrations/{number}/code-link", nil)],
        "POST migrations/{ref}/retry": [("migrations/{number}/retry", nil)],
        "POST migrations/{ref}/abort": [("migrations/{number}/abort", #"{"reason":"mine"}"#)],
        "POST migrations/{ref}/connected": [("migrations/{number}/connected", nil)],
        "GET templates": [("templates?waba={waba}", nil)],
        "GET senders": [("senders", nil)],
        "GET senders/{id}": [("senders/{sender}", nil)],
        "GET recipients": [("recipients", nil)],
        "GET recipients/{address}": [("recipients/{recipient}", nil)],
        "POST recipients/{address}/verify": [("recipients/{recipient}/verify", #"{"how":"mine"}"#)],
        "GET overrides": [("overrides", nil)],
        "GET limits": [("limits", nil)],
        "GET relays": [("relays", nil)],
        "GET rebuilds": [("rebuilds", nil), ("rebuilds?sender={sender}", nil), ("rebuilds?cursor=1000", nil)],
        "POST rebuilds": [
            ("rebuilds", #"{"sender":"{sender}","template":"acme_offer:en_US","recipients":["{recipient}"],"key":"{key}"}"#),
            ("rebuilds", #"{"sender":"2065403","template":"acme_offer:en_US","recipients":["{recipient}"],"key":"{key}"}"#),
        ],
        "GET rebuilds/{id}": [("rebuilds/{rebuild}", nil)],
        "POST rebuilds/{id}/pause": [("rebuilds/{rebuild}/pause", #"{"why":"mine"}"#)],
        "POST rebuilds/{id}/resume": [("rebuilds/{rebuild}/resume", #"{"why":"mine"}"#)],
        "POST rebuilds/{id}/stop": [("rebuilds/{rebuild}/stop", #"{"why":"mine"}"#)],
    ]

    private static func graph(_ edge: GraphEndpoint.Edge) -> Ask {
        switch edge {
        case .messages: Ask(method: "POST", path: "/v25.0/{sender}/messages", body: text, headers: [("Relevo-Wait", "0")])
        case .marketing: Ask(method: "POST", path: "/v25.0/{sender}/marketing_messages", body: text, headers: [("Relevo-Wait", "0")])
        case .upload: Ask(method: "POST", path: "/v25.0/{sender}/media", body: "--b--\r\n", headers: form)
        case .media: Ask(method: "GET", path: "/v25.0/{media}")
        case .download: Ask(method: "GET", path: "/v25.0/{media}/content")
        case .deleteMedia: Ask(method: "DELETE", path: "/v25.0/{media}")
        }
    }

    /// An id that is a sender's, where a file's is expected.
    private static let odd = [
        Ask(method: "GET", path: "/v25.0/{sender}"), Ask(method: "DELETE", path: "/v25.0/{sender}"),
        Ask(method: "GET", path: "/v25.0/{sender}/content"),
    ]

    private static let pages: [String: String] = [
        "/": "/", "/numbers": "/numbers", "/numbers/{ref}": "/numbers/{number}", "/plan": "/plan", "/plans/{id}": "/plans/1",
        "/messages/{id}": "/messages/{message}", "/rebuilds": "/rebuilds", "/rebuilds/{id}": "/rebuilds/{rebuild}", "/live": "/live",
        "/overrides": "/overrides",
    ]

    /// A path with something in each of its places.
    private static func example(_ path: String) -> String {
        [("id", "1"), ("wave", "1"), ("key", "code:1"), ("name", "x")].reduce(path) { $0.replacing("{\($1.0)}", with: $1.1) }
    }

    /// Every address with a body that would be right for its owner.
    private static func asks(_ rig: Rig) throws -> [Ask] {
        var asks: [Ask] = []
        for route in rig.nativeRoutes where route.path != "events" {
            let name = "\(route.method) \(route.path)"
            if route.unbound {
                let filled = Self.example(route.path)
                asks.append(Ask(method: route.method.rawValue, path: "/api/v1/" + filled, body: route.method == .get ? nil : "{}"))
                continue
            }
            if Self.native[name] == nil { Issue.record("nobody tries to reach another client's things by \(name)") }
            asks += (Self.native[name] ?? []).map { Ask(method: route.method.rawValue, path: "/api/v1/" + $0.path, body: $0.body) }
        }
        asks += GraphEndpoint.Edge.allCases.map(graph)
        for path in try rig.pages.pages.map(\.path) + ["/live"] {
            if pages[path] == nil { Issue.record("nobody tries to reach another client's things by \(path)") }
            if let path = pages[path] { asks.append(Ask(method: "GET", path: path)) }
        }
        return asks
    }

    @Test func aBoundKeyNeitherSeesNorTouchesWhatIsAnothers() async throws {
        try await Rig.with(engine: false) { rig in
            let acme = try await rig.furnish()
            let (other, _) = try await rig.keys.create(
                name: "stranger", scopes: [.send, .read, .plan, .admin], clientID: "other", by: "test")
            let before = try await rig.everything()
            for ask in try Self.asks(rig) + Self.odd {
                let theirs = try await rig.put(ask, acme, key: other)
                let nobodys = try await rig.put(ask, .nobodys, key: other)
                #expect(theirs.status == nobodys.status, "\(ask.testDescription): \(theirs.text)\n\(nobodys.text)")
                // Pages tell the time.
                if ask.path.hasPrefix("/api") {
                    #expect(acme.hide(in: theirs.text) == Things.nobodys.hide(in: nobodys.text), "\(ask.testDescription)")
                }
                #expect(
                    theirs.status == 200 || (400...409).contains(theirs.status), "\(ask.testDescription): \(theirs.status) \(theirs.text)")
                let asked = acme.fill(ask.path) + acme.fill(ask.body ?? "")
                for word in acme.all + ["acme", "16505551111", "5215512345678", "hello"]
                where !asked.lowercased().contains(word.lowercased()) {
                    #expect(!theirs.text.contains(word), "\(ask.testDescription) tells \(word): \(theirs.text)")
                }
            }
            #expect(try await rig.firstEvent(key: other).contains("acme") == false)
            let after = try await rig.everything()
            for (table, rows) in before { #expect(after[table] == rows, "\(table) was changed") }
            #expect(rig.meta.asked.allSatisfy { $0.path.contains(Rig.phone) == false || $0.path.hasSuffix("/media") })
        }
    }

    /// The same requests reach something when they come from their owner: else the test above would prove nothing.
    @Test func itsOwnKeyReachesAllOfIt() async throws {
        try await Rig.with(engine: false) { rig in
            let acme = try await rig.furnish()
            let (own, _) = try await rig.keys.create(name: "acme", scopes: [.send, .read, .plan, .admin], clientID: "acme", by: "test")
            let unbound = Set(
                rig.nativeRoutes.filter(\.unbound).map {
                    "\($0.method) \(Self.example($0.path))"
                })
            for ask in try Self.asks(rig)
            where !unbound.contains("\(ask.method) \(ask.path.dropFirst("/api/v1/".count))") && !ask.path.hasPrefix("/plan") {
                // Bad values of a request of one's own are told; not that there is nothing.
                if ask.body?.contains("2065403") == true { continue }
                let answer = try await rig.put(ask, acme, key: own)
                #expect(
                    ![401, 403, 404].contains(answer.status) && answer.status < 500,
                    "\(ask.testDescription): \(answer.status) \(answer.text)")
                if answer.status == 200, ask.method == "GET", ask.path.hasPrefix("/api"), !ask.path.contains("/why") {
                    #expect(
                        acme.all.contains { answer.text.contains($0) } || answer.text.contains("acme"),
                        "\(ask.testDescription): \(answer.text)")
                }
            }
        }
    }

    /// A rebuild counts the messages that carry its tag.
    @Test func nobodysMessagesCountForARebuild() async throws {
        try await Rig.with(engine: false) { rig in
            for tag in ["rebuild:1:1", "migration:R-1"] {
                let body =
                    #"{"sender":"\#(Rig.phone)","tag":"\#(tag)","message":{"messaging_product":"whatsapp","to":"+34612345678","type":"text","text":{"body":"x"}}}"#
                let answer = try await rig.ask("POST", "/api/v1/messages", key: rig.key, body: body)
                #expect(answer.status == 400, "\(answer.text)")
                let line = try await rig.ask("POST", "/api/v1/messages/batch", key: rig.key, body: body + "\n")
                #expect(line.json["error"]?["code"]?.string == "bad_request", "\(line.text)")
            }
        }
    }

    @Test func aRebuildsKeyIsItsSendersOwn() async throws {
        try await Rig.with(engine: false) { rig in
            let acme = try await rig.furnish()
            try await rig.template("other_offer", waba: "901")
            let body = #"{"sender":"2065403","template":"other_offer:en_US","recipients":["+34698765432"],"key":"\#(acme.key)"}"#
            let (other, _) = try await rig.keys.create(name: "stranger", scopes: [.plan], clientID: "other", by: "test")
            let first = try await rig.ask("POST", "/api/v1/rebuilds", key: other, body: body)
            #expect(first.status == 201 && first.json["phone_number_id"]?.string == "2065403", "\(first.text)")
            let again = try await rig.ask("POST", "/api/v1/rebuilds", key: other, body: body)
            #expect(again.json["id"] == first.json["id"])
            try await rig.template("other_news", waba: "901")
            let reused = try await rig.ask(
                "POST", "/api/v1/rebuilds", key: other, body: body.replacing("other_offer", with: "other_news"))
            #expect(reused.status == 409, "\(reused.text)")
        }
    }
}

extension Rig {
    var guardian: Guardian {
        Guardian(
            keys: keys, sessions: SessionStore(client: client, keys: keys, lifetime: .seconds(1)), configuration: ServerConfiguration())
    }

    var nativeRoutes: [NativeAPI.Route] {
        NativeAPI(
            dependencies: dependencies, configuration: ServerConfiguration(), keys: keys, guardian: guardian,
            overview: OverviewSource(dependencies), streams: Limiter(1)
        ).routes
    }

    var pages: Pages {
        get throws {
            Pages(
                dependencies: dependencies, configuration: ServerConfiguration(), guardian: guardian,
                overview: OverviewSource(dependencies),
                plans: PlanPageSource(migrations), library: try PageTemplates.library())
        }
    }

    /// Gives acme one of everything.
    fileprivate func furnish() async throws -> TenancyTests.Things {
        let body =
            #"{"sender":"\#(Self.phone)","tag":"acme-tag","message":{"messaging_product":"whatsapp","to":"+34612345678","type":"text","text":{"body":"hello"}}}"#
        let sent = try await ask("POST", "/api/v1/messages", key: key, body: body)
        let message = try #require(sent.headers["relevo-message-id"])
        try await awaitCode("R-acme")
        try await client.query(
            """
            INSERT INTO recipients.contact (phone_number_id, wa_id, trust, cause, changed_at)
            VALUES (\(Self.phone), '34612345678', 'changed', 'observed', clock_timestamp())
            ON CONFLICT (wa_id, phone_number_id) WHERE wa_id IS NOT NULL
            DO UPDATE SET trust = 'changed', cause = 'observed', changed_at = clock_timestamp()
            """)
        try await template("acme_offer", waba: "900")
        let rebuild = try await client.query(
            """
            INSERT INTO quality.rebuild (request_key, phone_number_id, waba_id, template_name, template_language, category, profile, steps,
                settings, state, template_status, created_by)
            SELECT 'acme-key', \(Self.phone), '900', 'acme_offer', 'en_US', 'UTILITY', 'utility', '{10}', '{}', 'paused', 'APPROVED', 'test'
            RETURNING id
            """
        ).decodeFirst(Int64.self)
        try await client.query(
            """
            INSERT INTO gateway.template_hold (waba_id, name, language, reason) VALUES ('900', 'acme_offer', 'en_US', 'paused at acme')
            """)
        try await client.query(
            """
            INSERT INTO gateway.quota (key, per_day, source) VALUES ('template:900:acme_offer:en_US', 10, 'acme'), ('portfolio:1', 10, 'acme')
            """)
        try await client.query(
            """
            INSERT INTO webhooks.relay (scope, scope_id, client_id, url, secret, lane_id, created_by)
            VALUES ('waba', '900', 'acme', 'https://crm.acme.example/', 'sealed', 0, 'test')
            """)
        try await client.query(
            """
            INSERT INTO gateway.limit_hit (rule, key, held, let_go) VALUES ('pair', \("number:" + Self.phone), 1, 0)
            """)
        try await client.query(
            """
            INSERT INTO gateway.unknown_code (code, message_id, sender, detail)
            VALUES ('987654', \(UUID(uuidString: message)), \(Self.phone), 'seen at acme')
            """)
        let upload = try await ask(
            "POST", "/v25.0/\(Self.phone)/media", key: key, headers: [("Content-Type", "multipart/form-data; boundary=b")],
            body: "--b--\r\n")
        return TenancyTests.Things(
            message: message.uppercased(), number: "R-acme", recipient: "+34612345678", rebuild: String(try #require(rebuild)),
            sender: Self.phone,
            waba: "900",
            tag: "acme-tag", media: try #require(upload.json["id"]?.string), key: "acme-key")
    }

    fileprivate func template(_ name: String, waba: String) async throws {
        try await client.query(
            """
            INSERT INTO templates.template (waba_id, name, language, template_id, status, category, components, content_hash, status_at,
                quality_at, category_at, seen_at)
            VALUES (\(waba), \(name), 'en_US', \("id-" + name), 'APPROVED', 'UTILITY', '[{"type":"BODY","text":"hello"}]', 'x',
                clock_timestamp(), clock_timestamp(), clock_timestamp(), clock_timestamp())
            """)
    }

    fileprivate func put(_ ask: TenancyTests.Ask, _ things: TenancyTests.Things, key: Secret) async throws -> Answer {
        let path = things.fill(ask.path).replacing("+", with: "%2B")
        return try await self.ask(ask.method, path, key: key, headers: ask.headers, body: ask.body.map(things.fill))
    }

    /// The rows of every table, as a hash.
    fileprivate func everything() async throws -> [String: String] {
        let tables = try await client.query(
            """
            SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname IN ('gateway', 'migration', 'quality', 'recipients', 'templates', 'server', 'credentials')
            """
        ).decode(String.self)
        #expect(tables.count > 30)
        var found: [String: String] = [:]
        for table in tables {
            found[table] = try await client.query(
                "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \(unescaped: table) t"
            ).decodeFirst(String.self)
        }
        return found
    }

    fileprivate func firstEvent(key: Secret) async throws -> String {
        var request = HTTPClientRequest(url: base + "/api/v1/events")
        request.headers.add(name: "Authorization", value: "Bearer \(key.reveal())")
        var text = ""
        for try await part in try await http.execute(request, timeout: .seconds(600)).body {
            text += String(buffer: part)
            if text.contains("\n\n") { break }
        }
        return text
    }
}
