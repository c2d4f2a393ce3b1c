import CloudShapes
import Foundation
import Testing

@testable import CloudAPI

/// Nobody adds a request, a shape or a message that no test looks at.
@Suite struct CoverageTests {
    @Test func everyFunctionOfTheClientHasACall() throws {
        let functions = try Self.functionsOfTheClient()
        #expect(functions.count > 20)
        let called = Set(GraphCall.all.map(\.function))
        #expect(functions.subtracting(called).sorted() == [], "no call in GraphCall.all")
        #expect(called.subtracting(functions).sorted() == [], "no function of the client")
    }

    @Test func everyShapeOfARequestIsUsed() {
        let used = Set(GraphCall.all.map(\.shape))
        #expect(RequestShapes.all.map(\.name).filter { !used.contains($0) } == [])
        #expect(Set(RequestShapes.all.map(\.name)).count == RequestShapes.all.count)
    }

    @Test func everyKindOfMessageHasASample() throws {
        guard case .kinds(_, let kinds, _, _) = MessageShapes.message else { preconditionFailure("a message has kinds") }
        let samples = try Set(MessageSample.all.map { try $0.body["type"]?.string ?? "" })
        #expect(samples == Set(kinds.map(\.word)))
        #expect(Set(MessageSample.all.map(\.name)).count == MessageSample.all.count)
    }

    @Test func everyPlaceOfTheInventoryHasASample() {
        let sources = MessageSample.all.map(\.source) + WebhookSample.all.map(\.source) + AnswerSample.all.map(\.source)
        let used = Set(sources)
        #expect(Inventory.places.filter { !used.contains($0) } == [])
        #expect(Set(Inventory.places).count == Inventory.places.count)
        let sections = Set(RequestShapes.all.flatMap { $0.source.components(separatedBy: ", ") })
        #expect(Inventory.requests.filter { !sections.contains($0) } == [])
    }

    /// A sample that names the reference or the seed names a place that is in the inventory.
    @Test func everySampleStandsInTheInventory() {
        let sources = MessageSample.all.map(\.source) + WebhookSample.all.map(\.source) + AnswerSample.all.map(\.source)
        let strays = sources.filter { source in
            if case .page = source { return false }
            return !Inventory.places.contains(source)
        }
        #expect(Set(strays).map(\.description).sorted() == [])
    }

    @Test func theReaderOfSourcesSeesLabels() {
        let source = """
            extension GraphClient {
                func inside() {}
                public func one(_ a: Int, of b: (Int, Int) -> Void, c: [String: Int] = ["x": 1], d e: Int = f(1, 2)) async {}
                package func none() -> Int { 1 }
            }
            extension Other { public func other(_ x: Int) {} }
            """
        #expect(Self.functions(in: source) == ["one(_:of:c:d:)", "none()"])
    }

    // MARK: Reading the sources

    /// Every function of the client that another module can call.
    private static func functionsOfTheClient() throws -> Set<String> {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var found: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            if text.contains("extension GraphClient") || text.contains("struct GraphClient") { found.formUnion(functions(in: text)) }
        }
        return found
    }

    /// The full names of the functions in the extensions of the client, which end at a `}` in the first column.
    private static func functions(in text: String) -> Set<String> {
        var found: Set<String> = []
        for block in text.components(separatedBy: "\n}") {
            guard let start = block.range(of: "extension GraphClient {") ?? block.range(of: "public struct GraphClient:") else { continue }
            for mark in ["    public func ", "    package func "] {
                for piece in block[start.upperBound...].components(separatedBy: "\n" + mark).dropFirst() {
                    let name = piece.prefix { $0 != "(" && $0 != "<" }
                    let labels = Self.labels(of: piece).map { $0 + ":" }.joined()
                    found.insert("\(name)(\(labels))")
                }
            }
        }
        return found
    }

    /// The labels of a declaration's parameters: the first word after `(` and after every comma on the first level.
    private static func labels(of declaration: String) -> [String] {
        var labels: [String] = []
        var (depth, word, isOpen) = (0, "", true)
        for character in declaration.drop(while: { $0 != "(" }) {
            if "([{".contains(character) { depth += 1 }
            if ")]}".contains(character) { depth -= 1 }
            if depth == 0 { break }
            guard depth == 1 else { continue }
            if character == "," { (word, isOpen) = ("", true) }
            guard isOpen, character != ",", character != "(" else { continue }
            if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
            } else if !word.isEmpty {
                labels.append(word)
                isOpen = false
            }
        }
        return labels
    }
}
