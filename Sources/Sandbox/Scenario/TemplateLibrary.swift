/// Templates such as businesses have, of which about one in twelve is not fit to be copied.
enum TemplateLibrary {
    private static let kinds: [(name: String, category: String, text: String, examples: [String])] = [
        ("order_confirmation", "UTILITY", "Hello {{1}}, we have received your order {{2}}.", ["Ana", "566701"]),
        ("shipping_update", "UTILITY", "Your order {{1}} is on its way and arrives on {{2}}.", ["566701", "12 May"]),
        (
            "appointment_reminder", "UTILITY", "Hello {{1}}, this is a reminder of your appointment on {{2}} at {{3}}.",
            ["Ana", "12 May", "10:30"]
        ),
        ("payment_receipt", "UTILITY", "We have received your payment of {{1}}. Thank you.", ["20.00"]),
        ("account_alert", "UTILITY", "There is news about your account. Reply to this message for details.", []),
        ("season_offer", "MARKETING", "Hello {{1}}, our season offers are here: {{2}} off until Sunday.", ["Ana", "20 %"]),
        ("new_arrivals", "MARKETING", "New arrivals every Thursday. Have a look at our catalogue today.", []),
        ("welcome_back", "MARKETING", "We have missed you, {{1}}. Here is something for you.", ["Ana"]),
        ("feedback_request", "UTILITY", "How was your visit on {{1}}? Tell us with one tap.", ["12 May"]),
        ("delivery_failed", "UTILITY", "We could not deliver order {{1}}. Please choose another time.", ["566701"]),
    ]
    private static let languages = ["en_US", "es", "es_MX", "pt_BR"]

    static func templates(of waba: String, count: Int, including tests: [(name: String, language: String)], seed: UInt64) -> [TemplateSeed]
    {
        var made: [TemplateSeed] = []
        for (name, language) in tests {
            made.append(TemplateSeed(waba: waba, name: name, language: language, components: components(kinds[0])))
        }
        var index = 0
        while made.count < count {
            let kind = kinds[index % kinds.count]
            let language = languages[(index / kinds.count) % languages.count]
            let round = index / (kinds.count * languages.count)
            let name = round == 0 ? kind.name : "\(kind.name)_\(round + 1)"
            index += 1
            if made.contains(where: { $0.name == name && $0.language == language }) { continue }
            var template = TemplateSeed(waba: waba, name: name, language: language, category: kind.category, components: components(kind))
            spoil(&template, Seeded.unit(seed, "template", waba, name, language))
            made.append(template)
        }
        return made
    }

    private static func spoil(_ template: inout TemplateSeed, _ chance: Double) {
        switch chance {
        case ..<0.03:
            template.status = "REJECTED"
            template.quality = "UNKNOWN"
            template.rejectedReason = "INCORRECT_CATEGORY"
        case ..<0.055: template.quality = "RED"
        case ..<0.08: template.status = "PAUSED"
        case ..<0.13: template.copyReviewMinutes = 20
        case ..<0.3: template.quality = "UNKNOWN"
        default: break
        }
    }

    private static func components(_ kind: (name: String, category: String, text: String, examples: [String])) -> JSON {
        var body: [String: JSON] = ["type": "BODY", "text": .string(kind.text)]
        if !kind.examples.isEmpty { body["example"] = ["body_text": [.array(kind.examples.map(JSON.string))]] }
        var components: [JSON] = [.object(body)]
        if kind.category == "MARKETING" {
            components.append(["type": "FOOTER", "text": "Reply STOP to get no more offers"])
            components.append(["type": "BUTTONS", "buttons": [["type": "QUICK_REPLY", "text": "Stop"]]])
        }
        return .array(components)
    }
}
