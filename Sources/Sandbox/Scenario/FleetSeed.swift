/// A row of a fleet, as far as a sandbox has to know it.
public struct FleetSeed: Sendable {
    /// E.164.
    public var phone: String
    /// `partner`, `signup`, `coexistence` or `on_prem`.
    public var route: String
    public var sourceWABA: String?
    public var sourcePhoneNumberID: String?
    public var destinationWABA: String
    /// The business both accounts belong to.
    public var portfolio: String?
    public var displayName: String?
    /// Templates of the source account, of which the largest count of its rows holds.
    public var templateCount: Int
    public var testTemplate: (name: String, language: String)?
    /// E.164.
    public var testRecipients: [String]
    /// Where its data is to be kept. The world before the move does not depend on it: `register` takes every region Meta has.
    public var dataRegion: String?

    public init(
        phone: String, route: String, sourceWABA: String?, sourcePhoneNumberID: String? = nil, destinationWABA: String,
        portfolio: String? = nil, displayName: String? = nil, templateCount: Int = 12,
        testTemplate: (name: String, language: String)? = nil,
        testRecipients: [String] = [], dataRegion: String? = nil
    ) {
        self.phone = phone
        self.route = route
        self.sourceWABA = sourceWABA
        self.sourcePhoneNumberID = sourcePhoneNumberID
        self.destinationWABA = destinationWABA
        self.portfolio = portfolio
        self.displayName = displayName
        self.templateCount = templateCount
        self.testTemplate = testTemplate
        self.testRecipients = testRecipients
        self.dataRegion = dataRegion
    }
}

extension SandboxScenario {
    /// The world before a fleet moves: its numbers CONNECTED in their source accounts with their templates, empty destinations that our app
    /// is not subscribed to yet, and the people who get test messages.
    ///
    /// A source and its destinations are one business, as Meta demands. Rows that a person connects become `connections`.
    public static func fleet(rows: [FleetSeed], seed: UInt64 = 1) -> SandboxScenario {
        var scenario = SandboxScenario()
        let businesses = Businesses(rows)
        var accounts: Set<String> = []
        func account(_ id: String, _ name: String) {
            guard accounts.insert(id).inserted else { return }
            scenario.wabas.append(WABASeed(id: id, name: name, business: businesses.business(of: id), subscribed: false))
        }
        var counts: [String: Int] = [:]
        var tests: [String: [(name: String, language: String)]] = [:]
        for row in rows {
            let name = row.displayName ?? "Business \(row.phone.suffix(4))"
            account(row.destinationWABA, "\(name) (destination)")
            if let source = row.sourceWABA {
                account(source, "\(name) (source)")
                scenario.numbers.append(
                    NumberSeed(
                        id: row.sourcePhoneNumberID, waba: source, phone: row.phone, name: name,
                        platform: row.route == "on_prem" ? "ON_PREMISE" : "CLOUD_API"))
            }
            if row.route != "partner" {
                scenario.connections.append(
                    ConnectionSeed(phone: row.phone, waba: row.destinationWABA, route: row.route, name: name))
            }
            // Without a source nothing is copied: the templates are in the destination already.
            let holder = row.sourceWABA ?? row.destinationWABA
            counts[holder] = max(counts[holder] ?? 0, row.templateCount)
            if let test = row.testTemplate, !tests[holder, default: []].contains(where: { $0 == test }) {
                tests[holder, default: []].append(test)
            }
        }
        for holder in counts.keys.sorted() {
            scenario.templates += TemplateLibrary.templates(
                of: holder, count: counts[holder] ?? 0, including: tests[holder] ?? [], seed: seed)
        }
        var known: Set<String> = []
        for row in rows {
            for recipient in row.testRecipients where known.insert(recipient).inserted {
                // Testers are told to write first, since a row without a template is tested with a free-form message.
                scenario.people.append(PersonSeed(phone: recipient, name: "Tester \(recipient.suffix(4))", windowOpen: true))
            }
        }
        return scenario
    }
}

/// Accounts that share rows belong to one business: the portfolio named by a row, or one of their own.
private struct Businesses {
    private var parent: [String: String] = [:]
    private var named: [String: String] = [:]

    init(_ rows: [FleetSeed]) {
        for row in rows {
            if let source = row.sourceWABA { parent[root(source)] = root(row.destinationWABA) }
        }
        for row in rows {
            if let portfolio = row.portfolio { named[root(row.destinationWABA)] = named[root(row.destinationWABA)] ?? portfolio }
        }
    }

    private func root(_ id: String) -> String {
        var current = id
        while let next = parent[current], next != current { current = next }
        return current
    }

    func business(of id: String) -> String { named[root(id)] ?? Seeded.id("business", root(id), prefix: 9) }
}
