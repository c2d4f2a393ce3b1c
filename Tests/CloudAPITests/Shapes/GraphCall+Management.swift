import CloudShapes

@testable import CloudAPI

extension GraphCall {
    private static let numberFields = PhoneNumberNode.usualFields.joined(separator: ",")
    private static let templateFields = TemplateNode.usualFields.joined(separator: ",")
    private static let emptyPage = #"{"data":[]}"#

    static let numbers: [GraphCall] = [
        GraphCall(
            function: "phoneNumber(_:fields:token:)", shape: "node", path: "209", query: ["fields": numberFields], answer: #"{"id":"209"}"#,
            make: { await $0.phoneNumber("209", token: token).kind }),
        GraphCall(
            function: "waba(_:fields:token:)", shape: "node", path: "301", query: ["fields": "id,health_status"], answer: #"{"id":"301"}"#,
            make: { await $0.waba("301", fields: ["id", "health_status"], token: token).kind }),
        GraphCall(
            function: "phoneNumbers(of:fields:after:limit:token:)", shape: "phone numbers", path: "301/phone_numbers",
            query: ["fields": "id", "limit": "7", "after": "QVFI="], answer: emptyPage,
            make: { await $0.phoneNumbers(of: "301", fields: ["id"], after: "QVFI=", limit: 7, token: token).kind }),
        GraphCall(
            function: "allPhoneNumbers(of:fields:bound:token:)", shape: "phone numbers", path: "301/phone_numbers",
            query: ["fields": numberFields, "limit": "100"], answer: emptyPage,
            make: { await $0.allPhoneNumbers(of: "301", token: token).kind }),
        GraphCall(
            function: "addPhoneNumber(to:countryCode:national:verifiedName:migrate:token:)", shape: "add number", path: "301/phone_numbers",
            body: #"{"cc":"39","phone_number":"0612345678","migrate_phone_number":true}"#, answer: #"{"id":"210"}"#,
            make: { await $0.addPhoneNumber(to: "301", countryCode: "39", national: "0612345678", migrate: true, token: token).kind }),
        GraphCall(
            function: "addPhoneNumber(to:countryCode:national:verifiedName:migrate:token:)", variant: "new", shape: "add number",
            path: "301/phone_numbers", body: #"{"cc":"1","phone_number":"6315550142","verified_name":"Example"}"#, answer: #"{"id":"210"}"#,
            make: {
                await $0.addPhoneNumber(
                    to: "301", countryCode: "1", national: "6315550142", verifiedName: "Example", migrate: false, token: token
                ).kind
            }),
        GraphCall(
            function: "requestCode(_:method:language:token:)", shape: "request code", path: "210/request_code",
            body: #"{"code_method":"SMS","language":"en_US"}"#,
            make: { await $0.requestCode("210", method: "SMS", language: "en_US", token: token).kind }),
        GraphCall(
            function: "requestCode(_:method:language:token:)", variant: "by voice", shape: "request code", path: "210/request_code",
            body: #"{"code_method":"VOICE","language":"es"}"#,
            make: { await $0.requestCode("210", method: "VOICE", language: "es", token: token).kind }),
        GraphCall(
            function: "verifyCode(_:code:token:)", shape: "verify code", path: "210/verify_code", body: #"{"code":"123830"}"#,
            make: { await $0.verifyCode("210", code: Secret("123-830"), token: token).kind }),
        GraphCall(
            function: "register(_:pin:dataRegion:token:)", shape: "register", path: "210/register",
            body: #"{"messaging_product":"whatsapp","pin":"481516","data_localization_region":"CH"}"#,
            make: { await $0.register("210", pin: Secret("481516"), dataRegion: "CH", token: token).kind }),
        GraphCall(
            function: "register(_:pin:dataRegion:token:)", variant: "without a region", shape: "register", path: "210/register",
            body: #"{"messaging_product":"whatsapp","pin":"000042"}"#,
            make: { await $0.register("210", pin: Secret("000042"), token: token).kind }),
        GraphCall(
            function: "deregister(_:token:)", shape: "deregister", path: "210/deregister", body: #"{"messaging_product":"whatsapp"}"#,
            make: { await $0.deregister("210", token: token).kind }),
        GraphCall(
            function: "settings(_:token:)", shape: "read settings", path: "210/settings",
            make: { await $0.settings("210", token: token).kind }),
        GraphCall(
            function: "setIdentityCheck(_:enabled:token:)", shape: "identity check", path: "210/settings",
            body: #"{"user_identity_change":{"enable_identity_key_check":true}}"#,
            make: { await $0.setIdentityCheck("210", enabled: true, token: token).kind }),
    ]

    static let apps: [GraphCall] = [
        GraphCall(
            function: "subscribedApps(of:token:)", shape: "subscribed apps", path: "301/subscribed_apps", answer: emptyPage,
            make: { await $0.subscribedApps(of: "301", token: token).kind }),
        GraphCall(
            function: "subscribe(to:overrideCallbackURI:verifyToken:token:)", shape: "subscribe", path: "301/subscribed_apps", body: "{}",
            make: { await $0.subscribe(to: "301", token: token).kind }),
        GraphCall(
            function: "subscribe(to:overrideCallbackURI:verifyToken:token:)", variant: "with an address", shape: "subscribe",
            path: "301/subscribed_apps", body: #"{"override_callback_uri":"https://hooks.example/waba","verify_token":"word"}"#,
            make: {
                await $0.subscribe(
                    to: "301", overrideCallbackURI: "https://hooks.example/waba", verifyToken: Secret("word"), token: token
                ).kind
            }),
        GraphCall(
            function: "debugToken(_:token:)", shape: "token", path: "debug_token", query: ["input_token": "EAAG-inspected"],
            answer: #"{"data":{"is_valid":true}}"#, make: { await $0.debugToken(Secret("EAAG-inspected"), token: token).kind }),
        GraphCall(
            function: "me(token:)", shape: "me", path: "me", query: ["fields": "id"], answer: #"{"id":"1"}"#,
            make: { await $0.me(token: token).kind }),
    ]

    static let templates: [GraphCall] = [
        GraphCall(
            function: "templates(of:fields:after:limit:name:token:)", shape: "templates", path: "301/message_templates",
            query: ["fields": templateFields, "limit": "50", "after": "MjQZD", "name": "order_update"], answer: emptyPage,
            make: { await $0.templates(of: "301", after: "MjQZD", limit: 50, name: "order_update", token: token).kind }),
        GraphCall(
            function: "allTemplates(of:fields:bound:token:)", shape: "templates", path: "301/message_templates",
            query: ["fields": templateFields, "limit": "100"], answer: emptyPage,
            make: { await $0.allTemplates(of: "301", token: token).kind }),
        GraphCall(
            function: "createTemplate(_:in:token:)", shape: "create template", path: "301/message_templates", body: newTemplate,
            answer: #"{"id":"160","status":"PENDING","category":"UTILITY"}"#,
            make: { await $0.createTemplate(json(newTemplate), in: "301", token: token).kind }),
        GraphCall(
            function: "migrateTemplates(from:to:page:count:templateIDs:token:)", shape: "copy templates",
            path: "301/migrate_message_templates", body: #"{"source_waba_id":"300","page_number":0,"count":500}"#, answer: copied,
            make: { await $0.migrateTemplates(from: "300", to: "301", page: 0, count: 500, token: token).kind }),
        GraphCall(
            function: "migrateTemplates(from:to:page:count:templateIDs:token:)", variant: "named", shape: "copy templates",
            path: "301/migrate_message_templates", body: #"{"source_waba_id":"300","template_ids":["160","161"]}"#, answer: copied,
            make: { await $0.migrateTemplates(from: "300", to: "301", templateIDs: ["160", "161"], token: token).kind }),
        GraphCall(
            function: "unpauseTemplate(_:token:)", shape: "unpause template", path: "160/unpause", body: "{}",
            make: { await $0.unpauseTemplate("160", token: token).kind }),
    ]

    private static let copied = #"{"migrated_templates":["160"],"failed_templates":{}}"#
    private static let newTemplate =
        #"{"name":"order_update","category":"UTILITY","language":"en_US","parameter_format":"NAMED","allow_category_change":false,"#
        + #""components":[{"type":"BODY","text":"Hi {{name}}"}]}"#
}
