import Foundation

extension Cloud {
    /// `POST /{destination}/migrate_message_templates`: one page of the source's templates, or named ones. What is not APPROVED with
    /// quality GREEN or UNKNOWN is passed over without a word; what cannot be copied is listed with a reason.
    func copyTemplates(to waba: String, _ request: CloudRequest) throws -> JSON {
        guard let source = request["source_waba_id"]?.text else { throw GraphFailure(100, "source_waba_id is required") }
        guard let from = accounts[source], let to = accounts[waba] else { throw GraphFailure.missingObject(source) }
        guard from.seed.business == to.seed.business else {
            throw GraphFailure(100, "The source and the destination account are not owned by the same business")
        }
        let count = request["count"]?.integer ?? 500
        let page = request["page_number"]?.integer ?? 0
        guard (1...500).contains(count), page >= 0 else { throw GraphFailure(100, "count is 1 to 500, page_number 0 or more") }
        var chosen = from.templates
        if let ids = request["template_ids"]?.elements?.compactMap(\.text) {
            guard ids.count <= 500 else { throw GraphFailure(100, "template_ids has more than 500 ids") }
            chosen = from.templates.filter(Set(ids).contains)
        } else {
            chosen = Array(from.templates.dropFirst(page.multipliedReportingOverflow(by: count).partialValue).prefix(count))
        }
        var migrated: [JSON] = []
        var failed: [String: JSON] = [:]
        for id in chosen {
            guard let template = templates[id], template.status == "APPROVED", ["GREEN", "UNKNOWN"].contains(template.quality) else {
                continue
            }
            if let reason = template.seed.copyFailure {
                failed[id] = .string(reason)
            } else if self.template(template.seed.name, template.seed.language, in: waba) != nil {
                failed[id] = "Content in this language already exists"
            } else if (accounts[waba]?.templates.count ?? 0) >= 6_000 {
                failed[id] = "The template limit of the account is reached"
            } else {
                migrated.append(.string(copy(template, to: waba)))
            }
        }
        tally.templatesCopied += migrated.count
        // An empty map comes as an empty list, as PHP writes it.
        return ["migrated_templates": .array(migrated), "failed_templates": failed.isEmpty ? [] : .object(failed)]
    }

    /// Recreates a template: it inherits the status at first, or is under review for a while, and its quality is not known.
    private func copy(_ template: StoredTemplate, to waba: String) -> String {
        var seed = template.seed
        seed.waba = waba
        let review = seed.copyReviewMinutes
        let id = store(seed, status: review == nil ? template.status : "PENDING")
        if let review { schedule(.review(id), after: review * 60) }
        return id
    }

    /// What Meta does by itself when a number moves: only GREEN templates.
    func duplicateGreenTemplates(from source: String, to waba: String) {
        for id in accounts[source]?.templates ?? [] {
            guard let template = templates[id], template.status == "APPROVED", template.quality == "GREEN",
                template.seed.copyFailure == nil,
                self.template(template.seed.name, template.seed.language, in: waba) == nil
            else { continue }
            _ = copy(template, to: waba)
            tally.templatesDuplicated += 1
        }
    }
}
