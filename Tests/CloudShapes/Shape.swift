/// What a JSON value of the Cloud API looks like, as data. Members that are not named are mistakes.
package indirect enum Shape: Sendable {
    /// Text of so many characters.
    case text(ClosedRange<Int>)
    /// Text that a regular expression matches from end to end.
    case pattern(String)
    case word([String])
    /// An address with `http://` or `https://`.
    case address(ClosedRange<Int>)
    case flag
    case integer(ClosedRange<Int>)
    /// Degrees up to this on both sides, as a number or as text that spells one.
    case degrees(Double)
    case list(Shape, ClosedRange<Int>)
    case object([Member], [Rule])
    /// An object whose member of this name tells which further members it has.
    case kinds(String, [Kind], [Member], [Rule])
    /// Free JSON: what the caller and the receiver have agreed on.
    case anything
}

/// A member of an object.
package struct Member: Sendable {
    package var name: String
    package var shape: Shape
    package var isRequired: Bool
    /// Where Meta's published file says something else.
    package var departure: Departure?
}

/// One of the forms that an object has, by the word of its telling member.
package struct Kind: Sendable {
    package var word: String
    package var members: [Member]
    package var rules: [Rule]
    /// Named where Meta's published file does not have the kind.
    package var departure: Departure?

    package init(_ word: String, _ members: [Member], _ rules: [Rule] = [], _ departure: Departure? = nil) {
        self.word = word
        self.members = members
        self.rules = rules
        self.departure = departure
    }
}

/// What holds between the members of an object.
package enum Rule: Sendable {
    case exactlyOne([String])
    /// The second is there only together with the first.
    case needs(String, by: String)
}

/// A place at which Meta's published file (see `PublishedFile`) contradicts Meta's pages, or does not name what they name.
package struct Departure: Sendable {
    package var name: String
    /// What the file states there; nil when it does not name the member or kind at all.
    package var published: Shape?
    /// Whether the file demands the member.
    package var isDemanded: Bool
    /// Both statements, and where ours comes from.
    package var reason: String

    package init(_ name: String, published: Shape? = nil, isDemanded: Bool = false, _ reason: String) {
        self.name = name
        self.published = published
        self.isDemanded = isDemanded
        self.reason = reason
    }
}

// MARK: - Words for writing shapes down

package func must(_ name: String, _ shape: Shape, _ departure: Departure? = nil) -> Member {
    Member(name: name, shape: shape, isRequired: true, departure: departure)
}

package func may(_ name: String, _ shape: Shape, _ departure: Departure? = nil) -> Member {
    Member(name: name, shape: shape, isRequired: false, departure: departure)
}

extension Shape {
    package static func members(_ members: Member...) -> Shape { .object(members, []) }
    package static func exactly(_ word: String) -> Shape { .word([word]) }
    /// The name of a thing of Meta's or of the caller's: any text that is not empty.
    package static var name: Shape { .text(1...512) }

    /// The names of every departure in it.
    package var departures: Set<String> {
        var names: Set<String> = []
        collect(&names)
        return names
    }

    private func collect(_ names: inout Set<String>) {
        switch self {
        case .text, .pattern, .word, .address, .flag, .integer, .degrees, .anything: break
        case .list(let element, _): element.collect(&names)
        case .object(let members, _): Self.collect(members, &names)
        case .kinds(_, let kinds, let members, _):
            Self.collect(members, &names)
            for kind in kinds {
                Self.collect(kind.members, &names)
                if let departure = kind.departure { names.insert(departure.name) }
            }
        }
    }

    private static func collect(_ members: [Member], _ names: inout Set<String>) {
        for member in members {
            member.shape.collect(&names)
            if let departure = member.departure { names.insert(departure.name) }
        }
    }
}
