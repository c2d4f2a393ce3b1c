import Foundation
import Testing

@testable import Templates

@Suite struct AnswerTests {
    @Test(arguments: [
        (#"{"migrated_templates":["1","2"],"failed_templates":{"3":"Incorrect category"}}"#, ["3": "Incorrect category"]),
        (#"{"migrated_templates":[],"failed_templates":[{"id":"3","reason":"Incorrect category"}]}"#, ["3": "Incorrect category"]),
        (#"{"failed_templates":[{"3":"Incorrect category"}]}"#, ["3": "Incorrect category"]),
        (#"{"failed_templates":[{"template_id":3,"error":{"message":"Incorrect category"}}]}"#, ["3": "Incorrect category"]),
        (#"{"migrated_templates":[],"failed_templates":[3,"4"]}"#, ["3": "no reason given", "4": "no reason given"]),
        (#"{"migrated_templates":[],"failed_templates":[]}"#, [:]), (#"{"migrated_templates":[],"failed_templates":{}}"#, [:]),
        (#"{"migrated_templates":["1"]}"#, [:]),
    ])
    func everyFormOfFailedTemplatesIsRead(json: String, expected: [String: String]) throws {
        #expect(try #require(TemplateCopyAnswer(json: Data(json.utf8))).failed == expected)
    }

    @Test(arguments: ["", "<html>", "[]", "\"ok\""])
    func somethingThatIsNoAnswerIsNotReadAsAnEmptyOne(text: String) { #expect(TemplateCopyAnswer(json: Data(text.utf8)) == nil) }

    @Test func aPageGoesOnOnlyWhenMetaSaysThatThereIsANextOne() throws {
        let last =
            #"{"data":[{"name":"a","language":"en_US","status":"APPROVED","category":"UTILITY","id":17}],"paging":{"cursors":{"after":"x"}}}"#
        let page = try #require(TemplatePage(json: Data(last.utf8)))
        #expect(page.next == nil)
        #expect(page.templates.map(\.id) == ["17"])
        let more = #"{"data":[],"paging":{"cursors":{"before":"w","after":"x"},"next":"https://graph.example/next"}}"#
        #expect(TemplatePage(json: Data(more.utf8))?.next == "x")
    }

    @Test(
        arguments: [
            (#"[{"type":"BODY","text":"Hello"}]"#, nil, nil),
            (
                #"[{"type":"BODY","text":"Hi {{1}}, order {{2}}","example":{"body_text":[["Ana","17"]]}}]"#, nil,
                #"[{"parameters":[{"text":"Ana","type":"text"},{"text":"17","type":"text"}],"type":"body"}]"#
            ),
            (
                #"[{"type":"BODY","text":"Hi {{name}}","example":{"body_text_named_params":[{"param_name":"name","example":"Ana"}]}}]"#,
                "NAMED",
                #"[{"parameters":[{"parameter_name":"name","text":"Ana","type":"text"}],"type":"body"}]"#
            ),
            (
                #"[{"type":"HEADER","format":"IMAGE","example":{"header_handle":["https://a.example/i.png"]}}]"#, nil,
                #"[{"parameters":[{"image":{"link":"https://a.example/i.png"},"type":"image"}],"type":"header"}]"#
            ),
            (
                #"[{"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"No"},{"type":"URL","url":"https://a.example/{{1}}","example":["https://a.example/o7"]}]}]"#,
                nil, #"[{"index":"1","parameters":[{"text":"o7","type":"text"}],"sub_type":"url","type":"button"}]"#
            ),
        ] as [(String, String?, String?)])
    func aTestMessageIsFilledFromTheTemplateSExamples(components: String, format: String?, expected: String?) throws {
        let template = Template(
            key: TemplateKey(name: "a", language: "en"), id: "1", status: "APPROVED", category: "UTILITY", parameterFormat: format,
            components: components)
        #expect(try TemplateExamples.components(of: template) == expected)
    }

    @Test func aParameterWithoutAnExampleIsRefusedByName() {
        let template = Template(
            key: TemplateKey(name: "a", language: "en"), id: "1", status: "APPROVED", category: "UTILITY",
            components: #"[{"type":"BODY","text":"Hi {{1}} {{2}}","example":{"body_text":[["Ana"]]}}]"#)
        #expect(throws: TemplateError.self) { try TemplateExamples.components(of: template) }
    }
}
