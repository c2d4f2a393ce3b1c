/// The OpenAPI 3.1 document. Written by hand; a test holds its paths against the routes.
enum OpenAPI {
    static let document = """
        {"openapi":"3.1.0",
        "info":{"title":"Relevo","version":"1","description":"Moves WhatsApp Business numbers to the Cloud API and sends for them. Times are RFC 3339 in UTC. Unknown members of a body are ignored."},
        "security":[{"key":[]}],
        "paths":{
        \(messagePaths),
        \(otherNativePaths),
        \(compatiblePaths)
        },
        "components":{
        "securitySchemes":{"key":{"type":"http","scheme":"bearer","description":"A Relevo API key, rlv_…, with the scope the operation names"}},
        "responses":{"Problem":{"description":"What is wrong, and what to do",
          "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},
          "GraphProblem":{"description":"Meta's error envelope; in plain text where the version is none, so that the address is not one of these",
          "content":{"application/json":{"schema":{"$ref":"#/components/schemas/GraphProblem"}},"text/plain":{"schema":{"type":"string"}}}},
          "PlainProblem":{"description":"What is wrong, in plain text","content":{"text/plain":{"schema":{"type":"string"}},
          "application/json":{"schema":{"type":"object"}}}}},
        "schemas":{
        \(schemas)
        }}}
        """
}
