import Foundation

extension Cloud {
    /// `GET /_sandbox/state`
    func state() -> JSON {
        fire()
        var numbersByWABA: [String: JSON] = [:]
        var templatesByWABA: [String: JSON] = [:]
        for (id, account) in accounts {
            let held = account.numbers.compactMap { lines[$0] }
            numbersByWABA[id] = [
                "all": .int(held.count), "connected": .int(held.count { $0.isConnected }),
                "migrated": .int(held.count { $0.status == "MIGRATED" }),
                "pending": .int(held.count { $0.status == "PENDING" }),
            ]
            var statuses: [String: Int] = [:]
            for template in account.templates { statuses[templates[template]?.status ?? "GONE", default: 0] += 1 }
            templatesByWABA[id] = .object(["all": .int(account.templates.count)].merging(statuses.mapValues(JSON.int)) { a, _ in a })
        }
        return [
            "clock": clock(), "requests": .int(tally.requests), "wabas": .int(accounts.count),
            "numbers": .array(lines.values.sorted { $0.id < $1.id }.prefix(10_000).map(brief)),
            "registered": .int(tally.registered), "connected": .int(lines.values.count { $0.isConnected }),
            "numbers_by_waba": .object(numbersByWABA),
            "templates": [
                "all": .int(templates.count), "copied": .int(tally.templatesCopied), "duplicated_by_meta": .int(tally.templatesDuplicated),
            ],
            "templates_by_waba": .object(templatesByWABA),
            "messages": [
                "accepted": .int(tally.accepted), "delivered": .int(tally.delivered), "read": .int(tally.read),
                "failed": .int(tally.failed.values.reduce(0, +)), "received": .int(tally.received),
                "failed_by_code": .object(Dictionary(uniqueKeysWithValues: tally.failed.map { (String($0.key), JSON.int($0.value)) })),
                "to_without_plus": .int(tally.withoutPlus),
            ],
            "duplicates": [
                "messages": .int(tally.duplicates), "callback_data": .array(tally.duplicateSamples.map(JSON.string)),
                "registrations": .int(tally.registeredTwice.count),
                "numbers": .array(tally.registeredTwice.prefix(100).map(JSON.string)),
                "total": .int(tally.duplicates + tally.registeredTwice.count), "untracked": .int(tally.untracked),
            ],
            "limits_exceeded": limits(),
            "webhooks": [
                "url": .of(outbox.url), "waiting": .int(outbox.count), "under_way": .int(outbox.underWay),
                "posts": .int(tally.webhookPosts),
                "updates": .int(tally.webhookUpdates), "retries": .int(tally.webhookRetries), "dropped": .int(outbox.dropped),
                "without_url": .int(outbox.unaddressed), "unsubscribed": .int(tally.unsubscribed),
            ],
            "events_planned": .int(timeline.count), "people": .int(people.count), "media": .int(media.count),
            "request_log": ["last": .int(log.last), "dropped": .int(log.dropped), "unwritten": .int(log.unwritten)],
        ]
    }

    private func brief(_ line: Line) -> JSON {
        [
            "id": .string(line.id), "phone": .string("+\(line.digits)"), "waba_id": .string(line.waba), "status": .string(line.status),
            "platform_type": .string(line.platform),
        ]
    }

    private func limits() -> JSON {
        let worst = lines.values.max { ($0.window.worstExcess, $1.id) < ($1.window.worstExcess, $0.id) }
        let excess = max(0, worst?.window.worstExcess ?? 0)
        let total = tally.throughputRefusals + tally.pairRefusals + tally.portfolioOver + tally.registerRefusals + tally.creationRefusals
        return [
            "total": .int(total + (rules.managementLimits ? tally.managementOver : 0)),
            "throughput": [
                "refusals": .int(tally.throughputRefusals), "worst_excess": .int(excess),
                "phone_number_id": .of(excess > 0 ? worst?.id : nil),
            ],
            "pair": ["refusals": .int(tally.pairRefusals)], "portfolio": ["refusals": .int(tally.portfolioOver)],
            "register": ["refusals": .int(tally.registerRefusals)], "template_creation": ["refusals": .int(tally.creationRefusals)],
            "management": ["over": .int(tally.managementOver), "is_enforced": .bool(rules.managementLimits)],
        ]
    }

    func clock() -> JSON {
        var clock: [String: JSON] = ["now": .string(now.rfc3339), "speed": .double(timeline.speed)]
        clock["next_due"] = .of(timeline.nextDue?.rfc3339)
        return .object(clock)
    }
}
