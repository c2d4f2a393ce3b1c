import CloudAPI
import CloudShapes
import Testing

/// The checker itself: what it lets pass and what not.
@Suite struct ShapeTests {
    private static let departing = Departure("d", published: .word(["b"]), isDemanded: true, "differs")
    private static let unnamed = Departure("u", "is not there")
    private static let whole: Shape = .kinds(
        "type",
        [
            Kind("one", [must("text", .text(2...3)), may("list", .list(.flag, 1...2))]),
            Kind("two", [may("word", .word(["a"]), departing), may("new", .flag, unnamed)], [.exactlyOne(["word", "new"])]),
            Kind("three", [], [], unnamed),
        ], [may("digits", .pattern("[0-9]{2}")), may("count", .integer(1...9)), may("at", .degrees(90)), may("link", .address(1...30))],
        [.needs("digits", by: "count")])

    private func paths(_ text: String, _ statement: Statement = .documented) throws -> [String] {
        Self.whole.problems(try JSONValue(parsing: text.utf8), statement).map(\.path)
    }

    @Test(arguments: [
        #"{"type":"one","text":"ab"}"#, #"{"type":"one","text":"abc","list":[true],"digits":"07","count":9}"#,
        #"{"type":"one","text":"éñ","at":"-90.0","link":"https://a.example"}"#, #"{"type":"one","text":"ab","at":12.5,"list":null}"#,
        #"{"type":"two","word":"a"}"#, #"{"type":"two","new":false}"#, #"{"type":"three"}"#,
    ])
    func whatIsRightPasses(text: String) throws { #expect(try paths(text) == []) }

    @Test(arguments: [
        ("[]", "$"), ("{}", "$.type"), (#"{"type":"four"}"#, "$.type"), (#"{"type":1}"#, "$.type"), (#"{"type":"one"}"#, "$.text"),
        (#"{"type":"one","text":null}"#, "$.text"), (#"{"type":"one","text":"a"}"#, "$.text"), (#"{"type":"one","text":"abcd"}"#, "$.text"),
        (#"{"type":"one","text":7}"#, "$.text"), (#"{"type":"one","text":"ab","other":1}"#, "$.other"),
        (#"{"type":"one","text":"ab","list":{}}"#, "$.list"), (#"{"type":"one","text":"ab","list":[]}"#, "$.list"),
        (#"{"type":"one","text":"ab","list":[true,true,true]}"#, "$.list"), (#"{"type":"one","text":"ab","list":[true,"x"]}"#, "$.list[1]"),
        (#"{"type":"one","text":"ab","digits":"123"}"#, "$.digits"), (#"{"type":"one","text":"ab","digits":"a12"}"#, "$.digits"),
        (#"{"type":"one","text":"ab","digits":"12","count":0}"#, "$.count"),
        (#"{"type":"one","text":"ab","digits":"12","count":"1"}"#, "$.count"),
        (#"{"type":"one","text":"ab","digits":"12","count":1.5}"#, "$.count"), (#"{"type":"one","text":"ab","count":1}"#, "$"),
        (#"{"type":"one","text":"ab","at":91}"#, "$.at"), (#"{"type":"one","text":"ab","at":"north"}"#, "$.at"),
        (#"{"type":"one","text":"ab","link":"ftp://a.example"}"#, "$.link"),
        (#"{"type":"one","text":"ab","link":"https://a.example/0123456789012345"}"#, "$.link"),
        (#"{"type":"two"}"#, "$"), (#"{"type":"two","word":"a","new":true}"#, "$"), (#"{"type":"two","word":"b"}"#, "$.word"),
    ])
    func whatIsWrongIsNamed(text: String, path: String) throws { #expect(try paths(text) == [path]) }

    @Test(arguments: [
        (#"{"type":"two","word":"a"}"#, ["d"]), (#"{"type":"two","word":"b"}"#, []), (#"{"type":"two","new":true}"#, ["d", "u"]),
        (#"{"type":"three"}"#, ["u"]), (#"{"type":"one","text":"ab"}"#, []),
    ])
    func thePublishedFileIsAnotherStatement(text: String, departures: [String]) throws {
        let problems = Self.whole.problems(try JSONValue(parsing: text.utf8), .published)
        #expect(problems.compactMap(\.departure).sorted() == departures && problems.allSatisfy { $0.departure != nil })
    }

    @Test func aPlainMistakeIsOneInBothStatements() throws {
        let problems = Self.whole.problems(try JSONValue(parsing: #"{"type":"one","text":1}"#.utf8), .published)
        #expect(problems.map(\.path) == ["$.text"] && problems[0].departure == nil)
    }

    @Test func everyDepartureOfAShapeIsFound() { #expect(Self.whole.departures == ["d", "u"]) }
}
