public import Fleet
public import Sandbox

extension SandboxScenario {
    /// The world in which a fleet has not moved yet.
    public static func fleet(_ file: FleetFile, seed: UInt64) -> SandboxScenario {
        // What a row without a source needs is in its destination already; where templates are copied to as well, that is its test template only:
        // the others come with the copy.
        let copiedTo = Set(file.rows.filter { $0.sourceWABA != nil }.map(\.destWABA))
        return fleet(
            rows: file.rows.map { row in
                let holdsOwn = row.sourceWABA != nil || !copiedTo.contains(row.destWABA)
                return FleetSeed(
                    phone: row.e164, route: row.route.rawValue, sourceWABA: row.sourceWABA, sourcePhoneNumberID: row.sourcePhoneNumberID,
                    destinationWABA: row.destWABA, portfolio: row.fields["dest_portfolio_id"].flatMap { $0.isEmpty ? nil : $0 },
                    displayName: row.displayName, templateCount: holdsOwn ? row.templateCount : 0, testTemplate: row.testTemplate,
                    testRecipients: row.testRecipients, dataRegion: row.fields["data_region"].flatMap { $0.isEmpty ? nil : $0 })
            }, seed: seed)
    }
}
