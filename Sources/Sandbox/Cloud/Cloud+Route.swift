import Foundation

extension Cloud {
    /// Finds what a path names and what is to be done with it.
    func route(_ request: CloudRequest) async throws -> CloudAnswer {
        let segments = request.segments
        guard let id = segments.first else { throw GraphFailure.unknownPath("/") }
        if request.isUnreadable { throw GraphFailure(100, "The request body could not be parsed") }
        if id == "_media", segments.count == 2 { return try download(segments[1]) }
        switch (request.method, segments.count) {
        case ("GET", 1) where id == "me": return CloudAnswer(["id": "600000000000001", "name": "Sandbox system user"])
        case ("GET", 1) where id == "debug_token": return CloudAnswer(debugToken(request))
        case (_, 1): return try node(id, request)
        case (_, 2): return CloudAnswer(try await edge(id, segments[1], request))
        default: throw GraphFailure.unknownPath(request.path)
        }
    }

    private func node(_ id: String, _ request: CloudRequest) throws -> CloudAnswer {
        if let line = lines[id] {
            switch request.method {
            case "GET":
                try manage(line.waba)
                return CloudAnswer(try Fields.pick(numberFields(line), request, node: "WhatsAppBusinessPhoneNumber", usual: Fields.number))
            case "POST": return CloudAnswer(try changeNumber(line, request))
            default: break
            }
        } else if accounts[id] != nil {
            try manage(id)
            guard request.method == "GET" else { throw GraphFailure.missingObject(id) }
            return CloudAnswer(try Fields.pick(accountFields(id), request, node: "WhatsAppBusinessAccount", usual: Fields.account))
        } else if let template = templates[id] {
            try manage(template.seed.waba)
            switch request.method {
            case "GET":
                return CloudAnswer(
                    try Fields.pick(templateFields(template), request, node: "WhatsAppMessageTemplate", usual: Fields.template))
            case "POST": return CloudAnswer(try editTemplate(template, request))
            default: break
            }
        } else if media.holds(id) {
            switch request.method {
            case "GET": return CloudAnswer(media.describe(id, base: request.base))
            case "DELETE":
                media.remove(id)
                return CloudAnswer(["success": true])
            default: break
            }
        }
        throw GraphFailure.missingObject(id)
    }

    private func edge(_ id: String, _ edge: String, _ request: CloudRequest) async throws -> JSON {
        if let line = lines[id] { return try numberEdge(line, edge, request) }
        if accounts[id] != nil { return try await accountEdge(id, edge, request) }
        if let template = templates[id], edge == "unpause", request.method == "POST" { return try unpauseByCall(template) }
        throw GraphFailure.missingObject(id)
    }

    private func numberEdge(_ line: Line, _ edge: String, _ request: CloudRequest) throws -> JSON {
        note.waba = line.waba
        // After a move the old id can be read, and does nothing any more.
        if line.status == "MIGRATED" { throw GraphFailure(33, "This phone number id does not exist any more: the number has moved") }
        switch (request.method, edge) {
        case ("POST", "messages"): return try send(request, line, isMarketing: false)
        case ("POST", "marketing_messages"): return try send(request, line, isMarketing: true)
        case ("POST", "media"): return try upload(request)
        case ("POST", "request_code"): return try requestCode(line, request)
        case ("POST", "verify_code"): return try verifyCode(line, request)
        case ("POST", "register"): return try register(line, request)
        case ("POST", "deregister"): return try deregister(line)
        case ("GET", "settings"):
            return [
                "user_identity_change": ["enable_identity_key_check": .bool(line.identityCheck)],
                "storage_configuration": ["status": "DEFAULT"],
            ]
        case ("POST", "settings"): return try changeSettings(line, request)
        case ("POST", "smb_app_data"):
            guard line.onBusinessApp else { throw GraphFailure(100, "The number is not on the WhatsApp Business app") }
            return ["messaging_product": "whatsapp", "request_id": .string("\(nextID())")]
        default: throw GraphFailure.unknownPath("/\(edge)")
        }
    }

    private func accountEdge(_ id: String, _ edge: String, _ request: CloudRequest) async throws -> JSON {
        try manage(id)
        switch (request.method, edge) {
        case ("GET", "phone_numbers"):
            let list = (accounts[id]?.numbers ?? []).compactMap { lines[$0] }
            return try Fields.page(list, request, id: \.id) {
                try Fields.pick(numberFields($0), request, node: "WhatsAppBusinessPhoneNumber", usual: Fields.number)
            }
        case ("POST", "phone_numbers"): return try addNumber(to: id, request)
        case ("GET", "subscribed_apps"): return subscribedApps(id)
        case ("POST", "subscribed_apps"): return try await subscribe(id, request)
        case ("DELETE", "subscribed_apps"):
            accounts[id]?.isSubscribed = false
            accounts[id]?.overrideURL = nil
            return ["success": true]
        case ("GET", "message_templates"): return try listTemplates(id, request)
        case ("POST", "message_templates"): return try createTemplate(in: id, request)
        case ("DELETE", "message_templates"): return try deleteTemplates(of: id, request)
        case ("POST", "migrate_message_templates"): return try copyTemplates(to: id, request)
        default: throw GraphFailure.unknownPath("/\(edge)")
        }
    }

    private func debugToken(_ request: CloudRequest) -> JSON {
        let inspected = request["input_token"]?.string ?? ""
        let isValid = !inspected.isEmpty && (tokens.isEmpty || tokens.contains(inspected))
        let targets = JSON.array(accounts.keys.sorted().prefix(1_000).map(JSON.string))
        let scopes: [JSON] = ["whatsapp_business_management", "whatsapp_business_messaging"]
        guard isValid else {
            return ["data": ["is_valid": false, "scopes": [], "error": ["code": 190, "message": "Invalid OAuth access token"]]]
        }
        return [
            "data": [
                "app_id": "600000000000000", "type": "SYSTEM_USER", "application": "Sandbox", "expires_at": 0, "is_valid": true,
                "scopes": .array(scopes), "granular_scopes": .array(scopes.map { ["scope": $0, "target_ids": targets] }),
                "user_id": "600000000000001",
            ]
        ]
    }
}
