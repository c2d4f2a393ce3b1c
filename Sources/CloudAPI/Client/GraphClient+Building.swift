extension GraphClient {
    func path(_ segments: String...) -> String { segments.map(Self.escape).joined(separator: "/") }

    func get(_ id: String, fields: [String]) -> GraphRequest {
        GraphRequest(method: .get, path: path(id), query: [("fields", fields.joined(separator: ","))])
    }

    func list(_ id: String, _ edge: String, fields: [String], after: String?, limit: Int) -> GraphRequest {
        var query = [("fields", fields.joined(separator: ",")), ("limit", String(limit))]
        if let after { query.append(("after", after)) }
        return GraphRequest(method: .get, path: path(id, edge), query: query)
    }

    func post(_ id: String, _ edge: String, _ body: JSONValue) -> GraphRequest {
        GraphRequest(method: .post, path: path(id, edge), content: .json(body))
    }

    /// A call whose answer is `{"success":true}`.
    func succeed(_ request: GraphRequest, token: Secret) async -> GraphOutcome<Void> {
        await call(request, token: token) { json in
            json["success"]?.bool == true || json["id"] != nil ? () : nil
        }
    }

    /// Most pages of one list.
    static var maximumPages: Int { 1000 }

    /// Reads page after page until there is no next one, `bound` is reached, or a page fails; then the failure is the result. An empty
    /// page in the middle is not the end. A list that repeats a page or does not end is a failure: half a list must not pass for a whole.
    func everyPage<Element: Sendable>(
        bound: Int, _ page: (String?) async -> GraphOutcome<GraphPage<Element>>
    ) async -> GraphOutcome<[Element]> {
        var all: [Element] = []
        var cursor: String?
        for _ in 0..<Self.maximumPages {
            switch await page(cursor) {
            case .success(let read, let response):
                all += read.elements
                guard let next = read.next, all.count < bound else { return .success(Array(all.prefix(bound)), response) }
                guard next != cursor else { return .ambiguous("the list names the same page twice", nil) }
                cursor = next
            case .refused(let error, let response): return .refused(error, response)
            case .notSent(let reason): return .notSent(reason)
            case .ambiguous(let reason, let error): return .ambiguous(reason, error)
            }
        }
        return .ambiguous("the list has more than \(Self.maximumPages) pages", nil)
    }
}
