import Foundation

extension Cloud {
    func templateFields(_ template: StoredTemplate) -> [String: JSON] {
        let seed = template.seed
        return [
            "id": .string(template.id), "name": .string(seed.name), "language": .string(seed.language), "status": .string(template.status),
            "category": .string(seed.category), "sub_category": .null, "components": seed.components,
            "parameter_format": .string(seed.parameterFormat), "rejected_reason": .string(seed.rejectedReason ?? "NONE"),
            "quality_score": ["score": .string(template.quality), "date": .int(template.qualityAt.unixSeconds)],
            "previous_category": .null, "health_status": .null, "message_send_ttl_seconds": .null, "library_template_name": .null,
        ]
    }

    func template(_ name: String, _ language: String, in waba: String) -> StoredTemplate? {
        (accounts[waba]?.templates ?? []).lazy.compactMap { self.templates[$0] }.first {
            $0.seed.name == name && $0.seed.language == language
        }
    }

    func listTemplates(_ waba: String, _ request: CloudRequest) throws -> JSON {
        var list = (accounts[waba]?.templates ?? []).compactMap { templates[$0] }
        if let name = request["name"]?.text { list = list.filter { $0.seed.name.contains(name) } }
        if let status = request["status"]?.text { list = list.filter { $0.status == status } }
        if let category = request["category"]?.text { list = list.filter { $0.seed.category == category } }
        if let language = request["language"]?.text { list = list.filter { $0.seed.language == language } }
        return try Fields.page(list, request, id: \.id) {
            try Fields.pick(templateFields($0), request, node: "WhatsAppMessageTemplate", usual: Fields.template)
        }
    }

    func createTemplate(in waba: String, _ request: CloudRequest) throws -> JSON {
        guard let name = request["name"]?.text, name.utf8.count <= 512, name.wholeMatch(of: /[a-z0-9_]+/) != nil else {
            throw GraphFailure.management(
                2_388_046, "Name Format is Incorrect", "The message template name can only have lowercase letters and underscores.")
        }
        guard let category = request["category"]?.text?.uppercased(), ["UTILITY", "MARKETING", "AUTHENTICATION"].contains(category) else {
            throw GraphFailure(100, "category must be UTILITY, MARKETING or AUTHENTICATION")
        }
        guard let language = request["language"]?.text, let components = request["components"], !(components.elements ?? []).isEmpty else {
            throw GraphFailure(100, "language and components are required")
        }
        if template(name, language, in: waba) != nil {
            throw GraphFailure.management(
                2_388_024, "Content in This Language Already Exists", "There is already \(language) content for this template.")
        }
        guard (accounts[waba]?.templates.count ?? 0) < 6_000 else {
            throw GraphFailure.management(2_388_019, "Template Limit Exceeded", "This account has as many templates as it may have.")
        }
        guard accounts[waba]?.creations.take(now) == true else {
            tally.creationRefusals += 1
            throw GraphFailure(80007, "Too many templates were created in the last hour")
        }
        var seed = TemplateSeed(waba: waba, name: name, language: language, category: category, components: components)
        seed.parameterFormat = request["parameter_format"]?.text?.uppercased() ?? "POSITIONAL"
        let schema = TemplateSchema(seed)
        guard schema.hasExamples else {
            throw GraphFailure.management(2_388_043, "Missing Example", "Templates with variables need an example for each.")
        }
        let id = store(seed, status: "PENDING")
        schedule(.review(id), after: rules.reviewMinutes * 60)
        return ["id": .string(id), "status": "PENDING", "category": .string(category)]
    }

    func store(_ seed: TemplateSeed, status: String) -> String {
        let id =
            "2"
            + Seeded.padded(
                Seeded.hash(self.seed, ["new", seed.waba, seed.name, seed.language, String(nextID())]) % 100_000_000_000_000, 14)
        var seed = seed
        seed.id = id
        templates[id] = StoredTemplate(id: id, seed: seed, status: status, quality: "UNKNOWN", qualityAt: now)
        accounts[seed.waba]?.templates.append(id)
        return id
    }

    func editTemplate(_ template: StoredTemplate, _ request: CloudRequest) throws -> JSON {
        guard ["APPROVED", "REJECTED", "PAUSED"].contains(template.status) else {
            throw GraphFailure.management(2_388_039, "Cannot Edit", "A template in this status cannot be edited.")
        }
        var seed = template.seed
        if let components = request["components"] { seed.components = components }
        if let category = request["category"]?.text { seed.category = category.uppercased() }
        templates[template.id]?.seed = seed
        templates[template.id]?.status = "PENDING"
        schedule(.review(template.id), after: rules.reviewMinutes * 60)
        return ["success": true]
    }

    func deleteTemplates(of waba: String, _ request: CloudRequest) throws -> JSON {
        let ids = (request["hsm_ids"]?.elements ?? [request["hsm_id"] ?? .null]).compactMap(\.text).prefix(100)
        let name = request["name"]?.text
        let found = (accounts[waba]?.templates ?? []).filter { id in
            ids.isEmpty ? templates[id]?.seed.name == name : ids.contains(id)
        }
        guard !found.isEmpty else { throw GraphFailure(100, "There is no such template") }
        for id in found {
            if let template = templates[id] { tell(template, event: "PENDING_DELETION") }
            templates[id] = nil
        }
        accounts[waba]?.templates.removeAll { found.contains($0) }
        return ["success": true]
    }

    func unpauseByCall(_ template: StoredTemplate) throws -> JSON {
        try manage(template.seed.waba)
        guard template.status == "PAUSED" else { return ["success": false, "reason": "The template is not paused"] }
        setStatus(template.id, "APPROVED", detail: "UNPAUSE")
        return ["success": true]
    }
}
