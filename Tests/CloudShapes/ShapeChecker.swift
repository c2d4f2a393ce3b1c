package import CloudAPI

/// Whose statement a value is held against.
package enum Statement: Sendable {
    /// Meta's pages.
    case documented
    /// Meta's published file, taken at its word.
    case published
}

/// What is wrong with a value, and where.
package struct ShapeProblem: Sendable, Equatable, CustomStringConvertible {
    /// Such as `$.template.components[0].type`.
    package var path: String
    package var text: String
    /// The departure it comes of: only against the published file.
    package var departure: String?

    package var description: String { "\(path): \(text)" + (departure.map { " [\($0)]" } ?? "") }
}

extension Shape {
    /// Everything in which a value differs from the shape.
    package func problems(_ value: JSONValue, _ statement: Statement = .documented) -> [ShapeProblem] {
        var checker = ShapeChecker(statement: statement)
        checker.check(value, self, "$", nil)
        return checker.problems
    }
}

private struct ShapeChecker {
    let statement: Statement
    var problems: [ShapeProblem] = []

    init(statement: Statement) { self.statement = statement }

    private mutating func add(_ path: String, _ text: String, _ departure: String?) {
        problems.append(ShapeProblem(path: path, text: text, departure: departure))
    }

    mutating func check(_ value: JSONValue, _ shape: Shape, _ path: String, _ departure: String?) {
        switch shape {
        case .object(let members, let rules): object(value, members, rules, path, departure)
        case .kinds(let name, let kinds, let members, let rules): kind(value, name, kinds, members, rules, path, departure)
        case .list(let element, let count):
            guard let elements = value.elements else { return add(path, "expected a list", departure) }
            if !count.contains(elements.count) { add(path, "\(elements.count) elements; expected \(count)", departure) }
            for (place, each) in elements.enumerated() { check(each, element, "\(path)[\(place)]", departure) }
        case .anything: break
        default: if let text = Self.problem(value, shape) { add(path, text, departure) }
        }
    }

    // MARK: Single values

    private static func problem(_ value: JSONValue, _ shape: Shape) -> String? {
        switch shape {
        case .flag: value == .bool(true) || value == .bool(false) ? nil : "expected true or false"
        case .integer(let range):
            switch value {
            case .number(let literal) where Int(literal).map(range.contains) == true: nil
            default: "expected a whole number in \(range)"
            }
        case .degrees(let limit):
            value.double.map { $0.isFinite && abs($0) <= limit } == true ? nil : "expected degrees up to \(limit)"
        case .text(let length): text(value) { length.contains($0.count) ? nil : "\($0.count) characters; expected \(length)" }
        case .word(let words): text(value) { words.contains($0) ? nil : "\($0.debugDescription); expected one of \(words)" }
        case .pattern(let pattern): text(value) { matches($0, pattern) ? nil : "\($0.debugDescription); expected \(pattern)" }
        case .address(let length):
            text(value) {
                ($0.hasPrefix("https://") || $0.hasPrefix("http://")) && length.contains($0.count)
                    ? nil : "\($0.debugDescription); expected an address of \(length) characters"
            }
        default: nil
        }
    }

    private static func text(_ value: JSONValue, _ problem: (String) -> String?) -> String? {
        guard let text = value.string else { return "expected text" }
        return problem(text)
    }

    private static func matches(_ text: String, _ pattern: String) -> Bool {
        (try? Regex(pattern).wholeMatch(in: text)) != nil
    }

    // MARK: Objects

    private mutating func kind(
        _ value: JSONValue, _ name: String, _ kinds: [Kind], _ members: [Member], _ rules: [Rule], _ path: String, _ departure: String?
    ) {
        guard value.object != nil else { return add(path, "expected an object", departure) }
        guard let word = value[name]?.string else { return add(path + "." + name, "missing", departure) }
        guard let kind = kinds.first(where: { $0.word == word }) else {
            return add(path + "." + name, "\(word.debugDescription); expected one of \(kinds.map(\.word))", departure)
        }
        if statement == .published, let departure = kind.departure {
            return add(path + "." + name, "\(word.debugDescription) is no kind of the file", departure.name)
        }
        object(value, [must(name, .exactly(word))] + members + kind.members, rules + kind.rules, path, departure)
    }

    private mutating func object(_ value: JSONValue, _ members: [Member], _ rules: [Rule], _ path: String, _ departure: String?) {
        guard let object = value.object else { return add(path, "expected an object", departure) }
        let names = Set(members.map(\.name))
        for name in object.names where !names.contains(name) { add(path + "." + name, "unknown", departure) }
        for member in members { self.member(member, of: value, path + "." + member.name, departure) }
        for rule in rules {
            switch rule {
            case .exactlyOne(let names):
                let found = names.filter { value[$0] != nil }
                if found.count != 1 { add(path, "\(found); expected exactly one of \(names)", departure) }
            case .needs(let first, let second):
                if value[second] != nil, value[first] == nil { add(path, "\(second) without \(first)", departure) }
            }
        }
    }

    private mutating func member(_ member: Member, of object: JSONValue, _ path: String, _ departure: String?) {
        // `null` counts as absent.
        let value = object[member.name]
        guard statement == .published, let own = member.departure else {
            if let value { return check(value, member.shape, path, departure) }
            if member.isRequired { add(path, "missing", departure) }
            return
        }
        guard let value else {
            if own.isDemanded { add(path, "missing", own.name) }
            return
        }
        guard let published = own.published else { return add(path, "the file does not name it", own.name) }
        check(value, published, path, own.name)
    }
}
