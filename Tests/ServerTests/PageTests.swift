import CloudAPI
import Fleet
import Foundation
import Migration
import Planner
import Postgres
import TestSupport
import Testing

@testable import Server

@Suite(.enabled(if: TestDatabase.isAvailable)) struct PageTests {
    @Test func theOverviewShowsTheFleetAndIsSafe() async throws {
        try await Rig.with(engine: false) { rig in
            try await rig.awaitCode("A-1")
            try await rig.client.query("UPDATE migration.number SET needs_person = true, reason = '<script>alert(1)</script>'")
            let page = try await rig.ask("GET", "/")
            #expect(page.status == 200)
            let policy = try #require(page.headers["content-security-policy"])
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
            #expect(page.headers["referrer-policy"] == "no-referrer")
            #expect(page.text.contains("href=\"/numbers/A-1\""))
            #expect(page.text.contains("awaiting code"))
            #expect(page.text.contains("&lt;script&gt;alert(1)") && !page.text.contains("<script>alert"))
            #expect(page.text.contains("Code read aloud"))
            #expect(!page.text.contains("style=\"") && !page.text.contains("{{"))
            let fragment = try await rig.ask("GET", "/?fragment=1")
            #expect(fragment.text.contains("id=\"windows\"") && !fragment.text.contains("<html"))
            #expect(try await rig.ask("GET", "/live").json["states"]?["awaiting_code"]?.integer == 1)
        }
    }

    @Test func aNumbersPageTellsItsStory() async throws {
        try await Rig.with(engine: false) { rig in
            try await rig.awaitCode("A/1 é")
            let page = try await rig.ask("GET", "/numbers/A%2F1%20%C3%A9")
            #expect(page.status == 200, "\(page.text)")
            #expect(page.text.contains("a code was &lt;b&gt;asked&lt;/b&gt; for"))
            #expect(page.text.contains("+5215512345678"))
            #expect(try await rig.ask("GET", "/numbers/none").status == 404)
            #expect(try await rig.ask("GET", "/numbers").text.contains("A/1 é"))
            #expect(try await rig.ask("GET", "/rebuilds").status == 200)
        }
    }

    @Test func thePlanIsShownWithTheStatesOfItsTasks() async throws {
        try await Rig.with(engine: false) { rig in
            #expect(try await rig.ask("GET", "/plan").text.contains("There is no plan yet"))
            let head = "row_ref,client_id,client_name,phone,route,dest_waba_id,time_zone,cutover_windows"
            let lines = [
                "A-1,c1,<i>Sol</i>,+16505550101,signup,22,UTC,Daily 00:00-24:00", "A-2,c2,Mar,+16505550102,signup,22,UTC,Daily 00:00-24:00",
            ]
            let fleet = FleetFile.read(Array(([head] + lines).joined(separator: "\n").utf8))
            let imported = try await rig.migrations.fleet.importFile(fleet, name: "f.csv", by: "test")
            let settings = try PlanningSettings(
                json: Array(#"{"horizon_from":"2026-12-01T00:00:00Z","horizon_to":"2026-12-31T00:00:00Z","soak_hours":1}"#.utf8))
            let plan = Planner.plan(fleet: fleet, settings: settings, now: settings.horizonFrom, tries: 1, effort: 100)
            let stored = try await rig.migrations.plans.store(
                document: Data(plan.json()), revision: imported.revision.id, previous: nil, by: "<b>ann</b>")
            for path in ["/plan", "/plans/\(stored.id)"] {
                let page = try await rig.ask("GET", path)
                #expect(page.status == 200 && page.text.contains("<h1>Plan \(stored.id)</h1>"), "\(page.text)")
                for id in ["summary", "quality", "waves", "hours", "numbers"] { #expect(page.text.contains("id=\"plan-\(id)\"")) }
                // Nobody is late: the part is there all the same, to take the place of one that told something.
                #expect(page.text.contains("<section id=\"plan-late\" hidden>"))
                #expect(page.text.contains("&lt;i&gt;Sol&lt;/i&gt;") && page.text.contains("&lt;b&gt;ann&lt;/b&gt;"))
                #expect(
                    !page.text.contains("<i>Sol") && !page.text.contains("<b>ann") && !page.text.contains("style=\"")
                        && !page.text.contains("{{"))
                #expect(page.text.contains("data-live=\"\(path)?fragment=1\"") && page.text.contains("aria-current=\"page\">Plan</a>"))
            }
            #expect(try await rig.ask("GET", "/assets/relevo.css").text.contains(".heat .h9"))
            #expect(try await rig.ask("GET", "/plans/99").status == 404)
        }
    }

    @Test func aKeyOfOneClientDoesNotSeeThePlan() async throws {
        try await Rig.with(openPages: false, engine: false) { rig in
            let (bound, _) = try await rig.keys.create(name: "bound", scopes: [.read], clientID: "acme", by: "test")
            let session = String(try await rig.login(bound).prefix { $0 != ";" })
            #expect(try await rig.ask("GET", "/plan", headers: [("Cookie", session)]).status == 403)
            #expect(try await rig.ask("GET", "/", headers: [("Cookie", session)]).status == 200)
        }
    }

    @Test func elsewhereThePagesNeedALogin() async throws {
        try await Rig.with(openPages: false, engine: false) { rig in
            let page = try await rig.ask("GET", "/numbers?state=done")
            #expect(page.status == 303)
            let login = try await rig.ask("GET", try #require(page.headers["location"]))
            #expect(login.text.contains("name=\"next\" value=\"/numbers?state=done\""), "\(login.text)")
            let wrong = try await rig.ask("POST", "/login", body: "key=rlv_wrong&next=%2F")
            #expect(wrong.status == 401)
            #expect(try await rig.ask("GET", "/live").status == 401)
            let cookie = try await rig.login(rig.key)
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            let session = String(cookie.prefix { $0 != ";" })
            #expect(try await rig.ask("GET", "/live", headers: [("Cookie", session)]).status == 200)
            try await rig.keys.revoke("acme system", by: "test")
            #expect(try await rig.ask("GET", "/live", headers: [("Cookie", session)]).status == 401)
        }
    }

    @Test func aForeignHostNameDoesNotOpenALocalServer() async throws {
        try await Rig.with(engine: false) { rig in
            for (headers, status) in [
                ([], 200), ([("Host", "evil.example")], 401), ([("Host", "127.0.0.1.evil.example")], 401), ([("Host", "127.evil")], 401),
                ([("X-Forwarded-For", "1.2.3.4")], 401),
            ] {
                let answer = try await rig.ask("GET", "/live", headers: headers)
                #expect(answer.status == status, "\(headers)")
            }
        }
    }

    @Test func aClientHandsOverACodeOnce() async throws {
        try await Rig.with(engine: false) { rig in
            try await rig.awaitCode("A-1", client: "Panadería <Sol>")
            let (url, _) = try await rig.migrations.codeLink("A-1", by: "test")
            let path = String(url[try #require(url.range(of: "/code/")).lowerBound...])
            let page = try await rig.ask("GET", path, headers: [("Accept-Language", "fr, es-MX;q=0.9, en;q=0.5")])
            #expect(page.status == 200)
            #expect(page.text.contains("lang=\"es\"") && page.text.contains("Código de seis dígitos"))
            #expect(page.text.contains("Panadería &lt;Sol&gt;"))
            #expect(page.text.contains("5678") && !page.text.contains("5215512345678"))
            #expect(page.headers["cache-control"] == "no-store" && page.headers["referrer-policy"] == "no-referrer")
            let bad = try await rig.ask("POST", path, body: "code=12")
            #expect(bad.status == 422)
            #expect(bad.text.contains("six digits"))
            let good = try await rig.ask("POST", path, body: "code=123-456")
            #expect(good.status == 303)
            let checking = try await rig.ask("GET", path)
            #expect(checking.text.contains("is being checked") && !checking.text.contains("<input"), "\(checking.text)")
            let again = try await rig.ask("POST", path, body: "code=123456")
            #expect(again.status == 409)
            let sealed = try await rig.client.query("SELECT code_sealed FROM migration.number").decodeFirst(Data.self)
            #expect(sealed.map { !$0.isEmpty && !String(decoding: $0, as: UTF8.self).contains("123456") } == true)
            let unknown = try await rig.ask("GET", "/code/" + String(repeating: "A", count: 43), headers: [("Accept-Language", "pt-BR")])
            #expect(unknown.status == 410)
            #expect(unknown.text.contains("Este link já não é válido"))
            #expect(try await rig.ask("GET", "/code/short").status == 410)
        }
    }

    @Test func triesOfACodeAreBounded() async throws {
        try await Rig.with(engine: false) { rig in
            try await rig.awaitCode("A-1")
            let (url, _) = try await rig.migrations.codeLink("A-1", by: "test")
            let path = String(url[try #require(url.range(of: "/code/")).lowerBound...])
            var statuses: Set<Int> = []
            for _ in 0..<12 { statuses.insert(try await rig.ask("POST", path, body: "code=1").status) }
            #expect(statuses == [422, 429])
        }
    }

    @Test func tokensAreNotInLogs() {
        #expect(AnswerErrors.shown("/code/abcdef") == "/code/[redacted]")
        #expect(AnswerErrors.shown("/numbers/1") == "/numbers/1")
    }

    @Test(arguments: [
        ("/", "/"), (nil, "/"), ("//evil.example", "/"), ("/\\evil", "/"), ("https://evil", "/"), ("/a\nb", "/"),
        ("/numbers?x=1", "/numbers?x=1"),
    ])
    func afterALoginOnlyOurOwnPagesFollow(next: String?, expected: String) {
        #expect(LoginPage.safe(next) == expected)
    }

    @Test(arguments: [
        ("/v25.0/1/messages", true), ("/v9/1", true), ("/v25.0", true), ("/vendor/x", false), ("/v25.0.1/x", false), ("/api/v1/x", false),
        ("/v/x", false),
    ])
    func versionsAreToldFromOtherPaths(path: String, isGraph: Bool) {
        #expect(AnswerStyle.isGraph(path) == isGraph)
    }
}
