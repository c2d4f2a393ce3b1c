extension GraphClient {
    /// One page of `GET /{waba}/message_templates`.
    public func templates(
        of waba: String, fields: [String] = TemplateNode.usualFields, after: String? = nil, limit: Int = 100, name: String? = nil,
        token: Secret
    ) async -> GraphOutcome<GraphPage<TemplateNode>> {
        var request = list(waba, "message_templates", fields: fields, after: after, limit: limit)
        if let name { request.query.append(("name", name)) }
        return await call(request, token: token) { GraphPage($0, TemplateNode.init) }
    }

    /// Every template of a WABA, at most `bound`; a WABA holds 6,000.
    public func allTemplates(
        of waba: String, fields: [String] = TemplateNode.usualFields, bound: Int = 10_000, token: Secret
    ) async -> GraphOutcome<[TemplateNode]> {
        await everyPage(bound: bound) { await self.templates(of: waba, fields: fields, after: $0, token: token) }
    }

    /// `POST /{waba}/message_templates` with the body as documented.
    public func createTemplate(_ body: JSONValue, in waba: String, token: Secret) async -> GraphOutcome<CreatedTemplate> {
        await call(post(waba, "message_templates", body), token: token, read: CreatedTemplate.init)
    }

    /// `POST /{destination}/migrate_message_templates`: one page of at most 500, or named ids. It may take half a minute.
    public func migrateTemplates(
        from source: String, to destination: String, page: Int? = nil, count: Int? = nil, templateIDs: [String]? = nil, token: Secret
    ) async -> GraphOutcome<MigratedTemplates> {
        var body: JSONObject = ["source_waba_id": .string(source)]
        if let page { body["page_number"] = JSONValue(page) }
        if let count { body["count"] = JSONValue(count) }
        if let templateIDs { body["template_ids"] = .array(templateIDs.map(JSONValue.string)) }
        var request = post(destination, "migrate_message_templates", .object(body))
        request.timeout = configuration.longTimeout
        return await call(request, token: token, read: MigratedTemplates.init)
    }

    /// `POST /{template}/unpause`: lifts a pause by pacing.
    public func unpauseTemplate(_ id: String, token: Secret) async -> GraphOutcome<Void> {
        await succeed(post(id, "unpause", [:]), token: token)
    }
}
