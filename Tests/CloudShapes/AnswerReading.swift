package import CloudAPI

/// What the client has made of an answer, as JSON: only what is there.
package enum AnswerReading {
    package static func json(_ answer: SendAnswer) -> JSONValue {
        object([
            "id": .string(answer.messageID), "status": text(answer.status?.rawValue),
            "contacts": list(answer.contacts.map { line($0.input, $0.waID, $0.userID) }),
        ])
    }

    package static func json(_ node: MediaNode) -> JSONValue {
        object([
            "id": .string(node.id), "url": text(node.url), "type": text(node.mimeType), "sha256": text(node.sha256),
            "size": node.fileSize.map { JSONValue($0) },
        ])
    }

    package static func json(_ node: PhoneNumberNode) -> JSONValue {
        object([
            "id": .string(node.id), "display": text(node.displayPhoneNumber), "name": text(node.verifiedName), "status": text(node.status),
            "code": text(node.codeVerificationStatus), "name_status": text(node.nameStatus), "new_name": text(node.newNameStatus),
            "quality": text(node.qualityRating), "platform": text(node.platformType), "throughput": text(node.throughputLevel),
            "app": node.isOnBusinessApp.map(JSONValue.bool), "pin": node.isPinEnabled.map(JSONValue.bool),
            "limit": text(node.messagingLimit), "health": node.health.map(health),
        ])
    }

    package static func json(_ node: WABANode) -> JSONValue {
        object([
            "id": .string(node.id), "name": text(node.name), "zone": text(node.timeZoneID), "currency": text(node.currency),
            "namespace": text(node.templateNamespace), "review": text(node.accountReviewStatus),
            "verification": text(node.businessVerificationStatus), "ownership": text(node.ownershipType),
            "funding": text(node.primaryFundingID),
            "owner": node.ownerBusinessID.map { id in line(id, node.ownerBusinessName) },
        ])
    }

    package static func json(_ node: TemplateNode) -> JSONValue {
        line(node.id, node.name, node.language, node.status, node.category, node.quality, node.parameterFormat, node.rejectedReason)
    }

    package static func json(_ created: CreatedTemplate) -> JSONValue { line(created.id, created.status, created.category) }

    package static func json(_ copied: MigratedTemplates) -> JSONValue {
        object([
            "migrated": .array(copied.migrated.map(JSONValue.string)),
            "failed": object(copied.failed.mapValues { .string($0) }),
        ])
    }

    package static func json(_ app: SubscribedApp) -> JSONValue { line(app.id, app.name, app.overrideCallbackURI) }

    package static func json(_ token: TokenInfo) -> JSONValue {
        object([
            "app": text(token.appID), "valid": .bool(token.isValid), "expires": token.expiresAt.map { JSONValue($0) },
            "scopes": list(token.scopes.map(JSONValue.string)),
            "targets": object(token.targets.mapValues { .array($0.map(JSONValue.string)) }),
        ])
    }

    package static func json(_ error: GraphError) -> JSONValue {
        object([
            "code": error.code.map { JSONValue($0) }, "subcode": error.subcode.map { JSONValue($0) }, "message": .string(error.message),
            "title": text(error.title), "user": text(error.userMessage), "details": text(error.details), "trace": text(error.fbtraceID),
            "transient": error.isTransient.map(JSONValue.bool),
        ])
    }

    /// A page by its elements, and where the next one begins.
    package static func page(_ elements: [JSONValue], next: String?) -> JSONValue {
        object(["elements": .array(elements), "next": text(next)])
    }

    // MARK: Writing

    private static func health(_ health: HealthStatus) -> JSONValue {
        let entities: [JSONValue] = health.entities.map(entity)
        return .array([.string(health.canSend)] + entities)
    }

    private static func entity(_ entity: HealthStatus.Entity) -> JSONValue {
        let words: [String] = [entity.type, entity.id, entity.canSend] + entity.notes + entity.errors.map(\.description)
        return .string(words.joined(separator: " "))
    }

    private static func text(_ text: String?) -> JSONValue? { text.map(JSONValue.string) }
    private static func line(_ words: String?...) -> JSONValue { .string(words.map { $0 ?? "-" }.joined(separator: " ")) }

    private static func list(_ elements: [JSONValue]) -> JSONValue? {
        guard !elements.isEmpty else { return Optional<JSONValue>.none }
        return .array(elements)
    }

    private static func object(_ parts: [String: JSONValue?]) -> JSONValue {
        var object = JSONObject()
        for (name, value) in parts { if let value { object[name] = value } }
        return .object(object)
    }
}
