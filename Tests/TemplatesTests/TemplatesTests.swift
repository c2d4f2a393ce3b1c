import Foundation
import Testing

@testable import Templates

@Suite struct TemplateDiffTests {
    private func template(
        _ name: String, _ language: String = "en_US", status: String = "APPROVED", quality: String? = "GREEN", category: String = "UTILITY",
        id: String = "1", components: String = #"[{"type":"BODY","text":"Hello {{1}}"}]"#
    ) -> Template {
        Template(
            key: TemplateKey(name: name, language: language), id: id, status: status, category: category, quality: quality,
            parameterFormat: "POSITIONAL", components: components)
    }

    @Test(
        arguments: [
            ("APPROVED", "GREEN", nil), ("APPROVED", "UNKNOWN", nil), ("APPROVED", nil, nil), ("approved", "NA", nil),
            ("APPROVED", "YELLOW", "low_quality"), ("APPROVED", "RED", "low_quality"), ("PENDING", "UNKNOWN", "not_reviewed"),
            ("REJECTED", "UNKNOWN", "not_approved"), ("PAUSED", "RED", "paused"), ("SOMETHING_NEW", "GREEN", "not_approved"),
        ] as [(String, String?, String?)])
    func onlyAPPROVEDTemplatesOfQualityGREENOrUNKNOWNAreEligible(status: String, quality: String?, code: String?) {
        let result = template("a", status: status, quality: quality).eligibility
        if case .ineligible(let found, let reason) = result {
            #expect(found == code)
            #expect(!reason.isEmpty)
        } else {
            #expect(code == nil)
        }
    }

    @Test(arguments: ["en-US", "en_US", "EN_us", "en-us"])
    func webhooksEnUSAndTheAPISEnUSAreOneLanguage(text: String) { #expect(TemplateKey(name: "a", language: text).language == "en_US") }

    @Test func aLanguageWithoutARegionStaysAsItIs() { #expect(TemplateKey.language("pt") == "pt") }

    @Test(arguments: [
        #"[{"text":"Hello {{1}}","type":"body","example":{"body_text":[["Ana"]]}}]"#,
        #"[{"type":"BODY","text":"Hello {{1}}","example":{"header_handle":["https://scontent.example/1"]},"buttons":[]}]"#,
        #"[{"type":"BODY","text":"Hello {{1}}","add_security_recommendation":false,"url":null}]"#,
    ])
    func theOrderAndCaseOfTheJSONExamplesAndEmptyMembersMakeNoDifference(components: String) {
        let diff = TemplateDiff(source: [template("a")], destination: [template("a", id: "9", components: components)])
        #expect(diff.same == [TemplateKey(name: "a", language: "en_US")])
        #expect(diff.different.isEmpty)
    }

    @Test func theComponentsThatDifferAreNamed() {
        let left = #"[{"type":"HEADER","format":"TEXT","text":"Hi"},{"type":"BODY","text":"Hello"}]"#
        let right = #"[{"type":"BODY","text":"Hello"},{"type":"HEADER","format":"TEXT","text":"Hi!"},{"type":"FOOTER","text":"Bye"}]"#
        let diff = TemplateDiff(source: [template("a", components: left)], destination: [template("a", components: right)])
        #expect(diff.different.map(\.detail) == ["FOOTER, HEADER"])
        #expect(diff.same.isEmpty)
    }

    @Test func everyTemplateFallsIntoItsPlace() {
        let source = [
            template("kept"), template("gone"), template("yellow", quality: "YELLOW"), template("young"), template("refused_later"),
            template("stopped"), template("moved"), template("yellow_but_there", quality: "YELLOW"),
        ]
        let destination = [
            template("kept"), template("young", status: "PENDING"), template("refused_later", status: "REJECTED"),
            template("stopped", status: "PAUSED"), template("moved", category: "MARKETING"), template("own"), template("yellow_but_there"),
        ]
        let diff = TemplateDiff(source: source, destination: destination)
        #expect(diff.eligible == 6)
        #expect(diff.missing.map(\.name) == ["gone"])
        #expect(diff.same.map(\.name) == ["kept", "moved", "young"])
        #expect(diff.pending.map(\.name) == ["young"])
        #expect(diff.rejected.map(\.key.name) == ["refused_later"])
        #expect(diff.unusable.map(\.code) == ["PAUSED"])
        #expect(diff.recategorised.map(\.code) == ["MARKETING"])
        #expect(diff.ineligible.map(\.key.name) == ["yellow"])
        #expect(diff.extra.map(\.name) == ["own"])
    }

    @Test func aMissingTemplateWithoutAWordFromMetaBlocksARefusedOneIsListed() {
        let source = [template("a"), template("b")]
        let diff = TemplateDiff(source: source, destination: [template("a")])
        let at = TemplateCopyReport(sourceWABA: "1", destWABA: "2", diff: diff, refusals: [], copied: 0, checkedAt: .distantPast)
        #expect(!at.verified)
        let refusal = TemplateDiff.Note(key: TemplateKey(name: "b", language: "en_US"), code: "refused", detail: "Incorrect category")
        let stale = TemplateDiff.Note(key: TemplateKey(name: "a", language: "en_US"), code: "refused", detail: "already exists")
        let report = TemplateCopyReport(
            sourceWABA: "1", destWABA: "2", diff: diff, refusals: [refusal, stale], copied: 1, checkedAt: .distantPast)
        #expect(report.verified)
        #expect(report.refused == [refusal])
        #expect(report.summary == "1 of 2 eligible templates verified in 2, 1 refused by Meta")
    }

    @Test(arguments: ["PAUSED", "DISABLED", "PENDING_DELETION"])
    func otherContentAndTemplatesTheDestinationCannotUseBlock(status: String) {
        let diff = TemplateDiff(source: [template("a")], destination: [template("a", status: status)])
        #expect(!TemplateCopyReport(sourceWABA: "1", destWABA: "2", diff: diff, refusals: [], copied: 0, checkedAt: .distantPast).verified)
    }

    @Test func templatesUnderReviewAreVerifiedButNotReadyForACutOver() {
        let diff = TemplateDiff(source: [template("a")], destination: [template("a", status: "PENDING")])
        let report = TemplateCopyReport(sourceWABA: "1", destWABA: "2", diff: diff, refusals: [], copied: 0, checkedAt: .distantPast)
        #expect(report.verified)
        #expect(!report.isReady)
    }
}
