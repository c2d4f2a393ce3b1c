package import CloudAPI
package import Credentials
package import Migration
package import Templates

/// The Cloud API as a migration and a template copy need it, with the token that serves each WABA.
package struct CloudMigrationGraph: MigrationGraph, TemplateGraph {
    let graph: GraphClient
    let credentials: CredentialStore
    /// Our app's id; nil takes any subscribed app for ours.
    let appID: String?
    private let budgets = ManagementBudgets()

    package init(graph: GraphClient, credentials: CredentialStore, appID: String?) {
        self.graph = graph
        self.credentials = credentials
        self.appID = appID
    }

    /// Fields a move is judged on. Those that not every app may read come in a call of their own: one that is refused fails the whole read.
    private static let beta = ["id", "name_status", "new_name_status", "is_on_biz_app", "is_pin_enabled", "account_mode"]

    package func number(_ id: String, of waba: String) async throws -> NumberFacts {
        let token = try await token(waba)
        let node = try value(of: waba, await graph.phoneNumber(id, token: token), .read, scope: .manage)
        var facts = Self.facts(node)
        let beta = await graph.phoneNumber(id, fields: Self.beta, token: token)
        budgets.heard(beta.usage, of: waba)
        switch beta {
        case .success(let more, _):
            let more = Self.facts(more)
            facts.nameStatus = more.nameStatus ?? facts.nameStatus
            facts.newNameStatus = more.newNameStatus
            facts.isOnBusinessApp = more.isOnBusinessApp
            facts.isPINEnabled = more.isPINEnabled
            facts.accountMode = more.accountMode
        // Refused fields stay unknown; what may pass is waited for.
        case .refused(let error, _) where error.code == 100: break
        case let other: throw Trouble.trouble(other, .read, scope: .manage)
        }
        return facts
    }

    package func numbers(of waba: String) async throws -> [NumberFacts] {
        let token = try await token(waba)
        return try value(of: waba, await graph.allPhoneNumbers(of: waba, token: token), .read, scope: .manage).map(Self.facts)
    }

    package func waba(_ id: String) async throws -> WABAFacts {
        let node = try value(of: id, await graph.waba(id, token: try await token(id)), .read, scope: .manage)
        return WABAFacts(
            id: node.id, accountReview: node.accountReviewStatus, businessVerification: node.businessVerificationStatus,
            ownerBusiness: node.ownerBusinessID, fundingID: node.primaryFundingID)
    }

    package func isSubscribed(_ waba: String) async throws -> Bool {
        let apps = try value(of: waba, await graph.subscribedApps(of: waba, token: try await token(waba)), .read, scope: .manage)
        return appID.map { id in apps.contains { $0.id == id } } ?? !apps.isEmpty
    }

    package func subscribe(_ waba: String) async throws {
        try value(of: waba, await graph.subscribe(to: waba, token: try await token(waba)), .write, scope: .manage)
    }

    package func addNumber(countryCode: String, national: String, to waba: String) async throws -> String {
        let token = try await token(waba)
        return try value(
            of: waba, await graph.addPhoneNumber(to: waba, countryCode: countryCode, national: national, migrate: true, token: token),
            .write,
            scope: .register)
    }

    package func requestCode(_ number: String, of waba: String, method: String, language: String) async throws {
        let token = try await token(waba)
        try value(of: waba, await graph.requestCode(number, method: method, language: language, token: token), .write, scope: .register)
    }

    package func verifyCode(_ number: String, of waba: String, code: Secret) async throws {
        try value(of: waba, await graph.verifyCode(number, code: code, token: try await token(waba)), .write, scope: .register)
    }

    package func register(_ number: String, of waba: String, pin: Secret, dataRegion: String?) async throws {
        let token = try await token(waba)
        try value(of: waba, await graph.register(number, pin: pin, dataRegion: dataRegion, token: token), .write, scope: .register)
    }

    package func enableIdentityCheck(_ number: String, of waba: String) async throws {
        // Switching on what is on changes nothing, so a lost answer may be followed by the same call.
        try value(of: waba, await graph.setIdentityCheck(number, enabled: true, token: try await token(waba)), .read, scope: .manage)
    }

    // MARK: - Templates

    package func templates(of waba: String, after cursor: String?, limit: Int) async throws -> TemplatePage {
        try budgets.check(waba)
        let page = try value(
            of: waba, await graph.templates(of: waba, after: cursor, limit: limit, token: try await token(waba)), .read,
            scope: .template)
        return TemplatePage(templates: page.elements.map(Self.template), next: page.next)
    }

    package func copyTemplates(_ request: TemplateCopyRequest) async throws -> TemplateCopyAnswer {
        try budgets.check(request.destination)
        let answer = try value(
            of: request.destination,
            await graph.migrateTemplates(
                from: request.source, to: request.destination, page: request.page, count: request.count, templateIDs: request.ids,
                token: try await token(request.destination)), .write, scope: .template)
        return TemplateCopyAnswer(migrated: answer.migrated, failed: answer.failed)
    }

    // MARK: - Inside

    /// The value of an outcome, whose answer tells what is left of the WABA's budget.
    private func value<Value: Sendable>(
        of waba: String, _ outcome: GraphOutcome<Value>, _ effect: Trouble.Effect, scope: ErrorScope
    ) throws -> Value {
        budgets.heard(outcome.usage, of: waba)
        return try Trouble.value(outcome, effect, scope: scope)
    }

    /// The token of a WABA. A missing one is a matter for a person; a database that is away is for the engine to try again.
    private func token(_ waba: String) async throws -> Secret {
        do {
            return try await credentials.token(forWABA: waba)
        } catch let error as CredentialError {
            throw GraphTrouble(.person, message: error.message)
        }
    }

    private static func facts(_ node: PhoneNumberNode) -> NumberFacts {
        NumberFacts(
            id: node.id, displayNumber: node.displayPhoneNumber ?? "", status: node.status, nameStatus: node.nameStatus,
            newNameStatus: node.newNameStatus, platformType: node.platformType, isOnBusinessApp: node.isOnBusinessApp,
            isPINEnabled: node.isPinEnabled, accountMode: node.raw["account_mode"]?.text,
            codeVerificationStatus: node.codeVerificationStatus)
    }

    private static func template(_ node: TemplateNode) -> Template {
        Template(
            key: TemplateKey(name: node.name, language: node.language), id: node.id, status: node.status, category: node.category,
            quality: node.quality, parameterFormat: node.parameterFormat, rejectedReason: node.rejectedReason,
            components: String(decoding: node.components.encoded(), as: UTF8.self))
    }
}
