import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird

extension NativeAPI {
    var overrideRoutes: [Route] {
        [
            Route(method: .get, path: "overrides", scope: .read) { request, context in
                let limit = try request.integer("limit", in: 1...1000) ?? 1000
                return try .page(try await dependencies.gateway.overrides(clientID: context.caller?.clientID, limit: limit), next: nil)
            },
            Route(method: .delete, path: "overrides/{key}", scope: .admin, unbound: true) { _, context in
                let key = try context.part("key")
                guard let lifted = try await dependencies.gateway.lift(key) else {
                    throw HTTPProblem.notFound("no override \(key.prefix(200).debugDescription) is in force")
                }
                try await audit("override lifted", key, lifted.reason, context)
                return try .encoding(lifted)
            },
        ]
    }
}
