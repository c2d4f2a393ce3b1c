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
        guard let shape = RequestShapes.named(call.shape), shape.isPublished else { return nil }
        return switch shape.body {
        case .json(let body): call.body.map { Sent(name: call.description, shape: body, body: $0) }
        case .form(let body): call.form.map { Sent(name: call.description, shape: body, body: $0) }
        case .none: nil
        }
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
        for shape in RequestShapes.all {
            switch shape.body {
            case .json(let body), .form(let body): used.formUnion(body.departures)
            case .none: break
            }
        }
        #expect(used == Set(PublishedFile.departures.map(\.name)))
        #expect(PublishedFile.departures.allSatisfy { !$0.reason.isEmpty })
    }
}
