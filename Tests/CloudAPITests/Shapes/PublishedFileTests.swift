import CloudShapes
import Testing

@testable import CloudAPI

/// What Relevo sends, against Meta's published file: it differs where the table says, and nowhere else.
@Suite struct PublishedFileTests {
    private struct Sent: Sendable {
        var name: String
        var shape: Shape
        var body: String
    }

    /// Every request that the file has, as it is sent.
    private static let sent: [Sent] = GraphCall.all.compactMap { call -> Sent? in
        guard let shape = RequestShapes.named(call.shape), shape.isPublished, case .json(let body) = shape.body, let text = call.body else {
            return nil
        }
        return Sent(name: call.description, shape: body, body: text)
    }

    @Test func onlyAtTheNamedPlacesIsARequestAnotherThanTheFileWants() throws {
        #expect(Self.sent.count > 50)
        for sent in Self.sent {
            let unnamed = sent.shape.problems(try JSONValue(parsing: sent.body.utf8), .published).filter { $0.departure == nil }
            #expect(unnamed == [], "\(sent.name)")
        }
    }

    @Test func everyNamedPlaceIsMetByARequest() throws {
        var met: Set<String> = []
        for sent in Self.sent {
            met.formUnion(sent.shape.problems(try JSONValue(parsing: sent.body.utf8), .published).compactMap(\.departure))
        }
        let table = PublishedFile.departures.map(\.name)
        #expect(table.filter { !met.contains($0) } == [])
        #expect(Set(table).count == table.count && met.subtracting(table).isEmpty)
    }

    @Test func theTableHasWhatTheShapesUse() {
        var used: Set<String> = []
        for case .json(let body) in RequestShapes.all.map(\.body) { used.formUnion(body.departures) }
        #expect(used == Set(PublishedFile.departures.map(\.name)))
        #expect(PublishedFile.departures.allSatisfy { !$0.reason.isEmpty })
    }
}
