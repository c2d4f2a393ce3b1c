import Foundation

extension Cloud {
    func finishReview(_ id: String) {
        guard templates[id]?.status == "PENDING" else { return }
        setStatus(id, "APPROVED")
    }

    /// Changes a template's status and tells whoever is subscribed.
    func setStatus(_ id: String, _ status: String, reason: String? = nil, detail: String? = nil) {
        guard let template = templates[id] else { return }
        templates[id]?.status = status
        if status == "REJECTED" { templates[id]?.seed.rejectedReason = reason ?? "INVALID_FORMAT" }
        tell(template, event: status, reason: reason, detail: detail)
    }

    func setQuality(_ id: String, _ quality: String) {
        guard let template = templates[id], template.quality != quality else { return }
        templates[id]?.quality = quality
        templates[id]?.qualityAt = now
        var value = identity(of: template)
        value["previous_quality_score"] = .string(template.quality)
        value["new_quality_score"] = .string(quality)
        notify(template.seed.waba, "message_template_quality_update", .object(value))
    }

    func setCategory(_ id: String, _ category: String) {
        guard let template = templates[id], template.seed.category != category else { return }
        templates[id]?.seed.category = category
        var value = identity(of: template)
        value["previous_category"] = .string(template.seed.category)
        value["new_category"] = .string(category)
        notify(template.seed.waba, "template_category_update", .object(value))
    }

    func tell(_ template: StoredTemplate, event: String, reason: String? = nil, detail: String? = nil) {
        var value = identity(of: template)
        value["event"] = .string(event)
        value["reason"] = .string(reason ?? "NONE")
        value["message_template_category"] = .string(template.seed.category)
        if let detail { value["other_info"] = ["title": .string(detail), "description": "The status of the template has changed."] }
        notify(template.seed.waba, "message_template_status_update", .object(value))
    }

    /// In webhooks the id is a number and the language has a hyphen.
    private func identity(of template: StoredTemplate) -> [String: JSON] {
        [
            "message_template_id": Int(template.id).map(JSON.int) ?? .string(template.id),
            "message_template_name": .string(template.seed.name),
            "message_template_language": .string(template.seed.language.replacing("_", with: "-")),
        ]
    }

    /// Counts a delivered message and moves the quality as the scenario, or the rule for all, says.
    func countDelivery(_ id: String) {
        guard let template = templates[id] else { return }
        let delivered = template.delivered + 1
        templates[id]?.delivered = delivered
        let steps = template.seed.qualitySteps
        if steps.isEmpty {
            if template.quality == "UNKNOWN", delivered >= rules.greenAfter { setQuality(id, "GREEN") }
        } else if let step = steps.last(where: { $0.after == delivered }) {
            setQuality(id, step.quality)
            if step.quality == "RED" { pause(id) }
        }
    }

    /// RED pauses for 3 hours, then for 6, then for good.
    private func pause(_ id: String) {
        guard let template = templates[id], template.status == "APPROVED" else { return }
        let pauses = template.pauses + 1
        templates[id]?.pauses = pauses
        if pauses > 2 { return setStatus(id, "DISABLED", detail: "DISABLED") }
        setStatus(id, "PAUSED", detail: pauses == 1 ? "FIRST_PAUSE" : "SECOND_PAUSE")
        schedule(.unpause(id, pauses: pauses), after: pauses == 1 ? 3 * 3_600 : 6 * 3_600)
    }

    func unpause(_ id: String, pauses: Int) {
        guard let template = templates[id], template.status == "PAUSED", template.pauses == pauses else { return }
        setStatus(id, "APPROVED", detail: "UNPAUSE")
    }
}
