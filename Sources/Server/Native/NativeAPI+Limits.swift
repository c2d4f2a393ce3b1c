import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird

extension NativeAPI {
    var limitRoutes: [Route] {
        [
            Route(method: .get, path: "limits", scope: .read) { request, context in
                let limit = try request.integer("limit", in: 1...1000) ?? 1000
                return try .encoding(
                    try await dependencies.gateway.limits(
                        clientID: context.caller?.clientID, after: request.query("cursor"), limit: limit))
            },
            Route(method: .patch, path: "limits/{name}", scope: .admin, unbound: true) { request, context in
                let (name, body) = (try context.part("name"), try await body(request))
                let change = LimitChange(
                    value: try Self.number(body, "value"), shadow: try Self.flag(body, "shadow"), source: body["source"]?.text,
                    effective: body["effective"]?.text)
                let rule = try await dependencies.gateway.setLimit(name, change, by: try context.key.actor)
                try await audit("limit changed", name, body.object?.names.joined(separator: " "), context)
                return try .encoding(rule)
            },
            Route(method: .patch, path: "quotas/{key}", scope: .admin, unbound: true) { request, context in
                let (key, body) = (try context.part("key"), try await body(request))
                let perDay = try Self.number(body, "per_day").map { value in try value.map { try Self.whole($0, "per_day") } }
                let quota = try await dependencies.gateway.setQuota(
                    key, perDay: perDay, shadow: try Self.flag(body, "shadow"), source: body["source"]?.text,
                    followsMeta: try Self.flag(body, "follows_meta") ?? false, by: try context.key.actor)
                try await audit("quota changed", key, body.object?.names.joined(separator: " "), context)
                return try .encoding(quota)
            },
            Route(method: .delete, path: "quotas/{key}", scope: .admin, unbound: true) { _, context in
                let key = try context.part("key")
                guard try await dependencies.gateway.dropQuota(key) else {
                    throw HTTPProblem.notFound("there is no quota \(key.prefix(200).debugDescription)")
                }
                try await audit("quota dropped", key, nil, context)
                return .json(["key": .string(key)])
            },
        ]
    }

    private static func flag(_ body: JSONValue, _ name: String) throws -> Bool? {
        guard let value = body[name] else { return nil }
        guard let flag = value.bool else { throw HTTPProblem.badRequest("\(name) is true or false") }
        return flag
    }

    /// A number, null for none, or absent.
    private static func number(_ body: JSONValue, _ name: String) throws -> Double?? {
        guard let value = body.object?[name] else { return nil }
        if case .null = value { return .some(nil) }
        guard let number = value.double else { throw HTTPProblem.badRequest("\(name) is a number or null") }
        return .some(number)
    }

    private static func whole(_ value: Double, _ name: String) throws -> Int {
        guard let whole = Int(exactly: value) else { throw HTTPProblem.badRequest("\(name) is a whole number or null") }
        return whole
    }
}
