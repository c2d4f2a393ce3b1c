import Foundation
import Testing

@testable import CloudAPI

@Suite struct JSONTextTests {
    private func parse(_ text: String, depth: Int = 64) throws -> JSONValue { try JSONValue(parsing: text.utf8, depth: depth) }

    @Test func membersKeepTheirOrderAndNumbersTheirSpelling() throws {
        let text = #"{"z":1.50,"a":-0,"m":12345678901234567890,"b":[1E+2,true,null,""]}"#
        let value = try parse(" \r\n\t" + text + " \n")
        #expect(String(decoding: value.encoded(), as: UTF8.self) == text)
        #expect(value.object?.names == ["z", "a", "m", "b"])
        #expect(value["m"]?.text == "12345678901234567890")
    }

    @Test func ofMembersOfTheSameNameTheLastCountsAndAllAreKept() throws {
        var value = try parse(#"{"a":1,"b":2,"a":3}"#)
        #expect(value["a"]?.integer == 3)
        #expect(String(decoding: value.encoded(), as: UTF8.self) == #"{"a":1,"b":2,"a":3}"#)
        guard case .object(var object) = value else { return }
        object["a"] = nil
        value = .object(object)
        #expect(value["a"] == nil && value["b"]?.integer == 2)
    }

    @Test func nullCountsAsAbsentAndIsKept() throws {
        let value = try parse(#"{"a":null,"b":[null]}"#)
        #expect(value["a"] == nil && value.object?["a"] == .null && value["b"]?[0]?.isNull == true && value["b"]?[1] == nil)
        #expect(value["b"]?[-1] == nil && value["b"]?["a"] == nil && value[0] == nil)
    }

    @Test func depthIsBounded() throws {
        #expect(throws: Never.self) { try parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) }
        let error = #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 65) + String(repeating: "]", count: 65)) }
        #expect(error?.offset == 64 && error?.message.contains("64 levels") == true)
        // Deep enough to end a program that recurses without a bound.
        #expect(throws: JSONError.self) { try parse(String(repeating: #"{"a":["#, count: 200_000)) }
        #expect(throws: JSONError.self) { try parse("[[1]]", depth: 1) }
        // Depth is given back: wide documents are not deep.
        #expect(throws: Never.self) { try parse("[" + String(repeating: "[],", count: 200) + "{}]") }
    }

    @Test(arguments: [
        (#"\ud83d\ude00"#, "😀"), (#"\uD83D\uDE00!"#, "😀!"), (#"\u00e9\/\b\f\n\r\t\"\\"#, "é/\u{8}\u{C}\n\r\t\"\\"),
        (#"\ud83d"#, "\u{FFFD}"), (#"\ude00"#, "\u{FFFD}"), (#"\ud83d\u0041"#, "\u{FFFD}A"), (#"\ud83dx"#, "\u{FFFD}x"),
        (#"\ud83d\ud83d\ude00"#, "\u{FFFD}😀"), (#"\ud83d\n"#, "\u{FFFD}\n"), (#"a\u0000b"#, "a\u{0}b"), ("a\nb", "a\nb"),
    ])
    func escapesAndSurrogates(written: String, read: String) throws {
        #expect(try parse("\"\(written)\"").string == read)
    }

    @Test func aNULIsReadKeptAndReplacedOnlyForTheDatabase() throws {
        let value = try parse(#"{"a\u0000":["\u0000x"]}"#)
        #expect(value.holdsNUL && value["a\u{0}"]?[0]?.string == "\u{0}x")
        #expect(String(decoding: value.encoded(), as: UTF8.self) == #"{"a\u0000":["\u0000x"]}"#)
        #expect(value.storableText() == "{\"a\u{FFFD}\":[\"\u{FFFD}x\"]}")
        #expect(!(try parse(#""\\u0000""#)).holdsNUL)
        #expect(try parse(#""\\u0000""#).storableText() == #""\\u0000""#)
    }

    @Test func invalidUTF8BecomesAReplacementAndLosesNothingElse() throws {
        let value = try JSONValue(parsing: Array(#"{"a":""#.utf8) + [0x41, 0xFF, 0xC3] + Array(#"","b":1}"#.utf8))
        #expect(value["a"]?.string == "A\u{FFFD}\u{FFFD}" && value["b"]?.integer == 1)
        let escaped = try JSONValue(parsing: Array(#""\n"#.utf8) + [0xED, 0xA0, 0x80, 0x22])
        #expect(escaped.string?.hasPrefix("\n\u{FFFD}") == true)
        #expect(try JSONValue(parsing: [0xEF, 0xBB, 0xBF] + Array("{}".utf8)) == [:])
    }

    @Test(arguments: [
        ("", 0), ("   ", 3), ("{", 1), ("[1,", 3), ("[1 2]", 3), (#"{"a" 1}"#, 5), (#"{"a":1,}"#, 7), ("{a:1}", 1), ("[1,]", 3),
        ("tru", 0), ("True", 0), ("nul", 0), ("01", 2), ("-", 1), ("1.", 2), ("1e", 2), ("1e+", 3), (".5", 0), ("+1", 0), ("NaN", 0),
        (#""abc"#, 4), (#""\x""#, 3), (#""\u12""#, 3), (#""\u12G4""#, 3), (#""\"#, 2), ("{} {}", 3), ("1 1", 2), ("'a'", 0), ("[1]]", 3),
        ("-01", 3), ("[\u{0}]", 1),
    ])
    func whatIsNoDocumentIsRefusedAtItsPlace(text: String, offset: Int) {
        let error = #expect(throws: JSONError.self) { try parse(text) }
        #expect(error?.offset == offset, "\(String(describing: error))")
        #expect(error?.description.contains("byte \(offset)") == true)
    }

    @Test func numbersAreReadWhereTheyAreNumbers() throws {
        func integer(_ text: String) throws -> Int? { try parse(text).integer }
        #expect(try integer("131026") == 131026 && integer(#""132015""#) == 132015 && integer("1.0") == 1 && integer("1e3") == 1000)
        #expect(try integer("1.5") == nil && integer("1e300") == nil && integer("12345678901234567890") == nil && integer("true") == nil)
        #expect(
            try integer(#""nan""#) == nil && integer(#""inf""#) == nil && integer(#""""#) == nil
                && integer("-9223372036854775808") == Int.min)
        #expect(try parse("1e400").double == .infinity && parse(#""x""#).double == nil)
        #expect(try parse("true").bool == true && parse(#""false""#).bool == false && parse("1").bool == nil && parse("1").string == nil)
    }

    @Test func itPassesThroughOtherCodersWithWhatIsRelevant() throws {
        let value = try parse(#"{"a":[1,-2.5,true,null,"x"],"b":{"c":{}},"big":1e400,"id":9223372036854775807}"#)
        let again = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
        #expect(again["a"] == [1, .number("-2.5"), true, nil, "x"] && again["b"]?["c"] == [:])
        #expect(again["id"]?.text == "9223372036854775807")
        // No encoder takes it as a number: kept as text, and the document with it.
        #expect(again["big"]?.text == "1e400")
    }
}
