/// Reading nodes and lists the Graph way.
enum Fields {
    static let number = [
        "id", "verified_name", "code_verification_status", "display_phone_number", "quality_rating", "platform_type", "throughput",
    ]
    static let account = ["id", "name", "timezone_id", "message_template_namespace"]
    static let template = ["id", "name", "language", "status", "category", "components", "parameter_format"]

    /// The fields asked for. One that the node does not have fails the whole read, as at Meta. Fields without a value are left out.
    static func pick(_ all: [String: JSON], _ request: CloudRequest, node: String, usual: [String]) throws -> JSON {
        var names = usual
        if let asked = request["fields"]?.text {
            names = ["id"]
            var depth = 0
            var name = ""
            // `owner_business_info{name,id}` asks for parts of a field; the whole field is given.
            for character in asked + "," {
                switch character {
                case "{", "(": depth += 1
                case "}", ")": depth -= 1
                case "," where depth == 0:
                    if !name.isEmpty { names.append(name) }
                    name = ""
                default: if depth == 0, !character.isWhitespace { name.append(character) }
                }
            }
        }
        var picked: [String: JSON] = [:]
        for name in names {
            guard let value = all[name] else {
                var failure = GraphFailure(100)
                failure.title = "Tried accessing nonexisting field (\(name)) on node type (\(node))"
                failure.details = nil
                throw failure
            }
            if value != .null { picked[name] = value }
        }
        return .object(picked)
    }

    /// One page; the cursor is the id of its last element.
    static func page<Element>(
        _ all: [Element], _ request: CloudRequest, id: (Element) -> String, _ show: (Element) throws -> JSON
    ) throws -> JSON {
        let limit = min(max(request["limit"]?.integer ?? 25, 1), 1_000)
        var start = 0
        if let after = request["after"]?.text {
            guard let found = all.firstIndex(where: { id($0) == after }) else { throw GraphFailure(100, "The cursor is not valid") }
            start = found + 1
        }
        let slice = all[min(start, all.count)..<min(start + limit, all.count)]
        var paging: [String: JSON] = [:]
        if let first = slice.first, let last = slice.last {
            paging["cursors"] = ["before": .string(id(first)), "after": .string(id(last))]
            if slice.endIndex < all.count { paging["next"] = .string("\(request.base)\(request.path)?after=\(id(last))") }
        }
        return ["data": .array(try slice.map(show)), "paging": .object(paging)]
    }
}
