package import CloudAPI

extension JSONValue {
    /// The same with another value at a place, or with nothing there. Elements of lists are named by their number.
    package func with(_ value: JSONValue?, at path: [String]) -> JSONValue {
        guard let first = path.first else { return value ?? .null }
        let rest = Array(path.dropFirst())
        switch self {
        case .array(var elements):
            guard let place = Int(first), elements.indices.contains(place) else { return self }
            elements[place] = elements[place].with(value, at: rest)
            return .array(elements)
        case .object(var object):
            let old = object[first] ?? .object(JSONObject())
            object[first] = rest.isEmpty ? value : old.with(value, at: rest)
            return .object(object)
        default: return self
        }
    }
}
