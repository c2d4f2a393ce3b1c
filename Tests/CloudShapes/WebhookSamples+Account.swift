/// Changes of templates, numbers and accounts (reference 5.4).
extension WebhookSample {
    static let templates: [WebhookSample] = [
        template("APPROVED", #""reason":"NONE""#),
        template("APPROVED", variant: "null", #""reason":null"#),
        template(
            "REJECTED", #""reason":"INVALID_FORMAT","rejection_info":{"reason":"A parameter ends it","recommendation":"Add a word"}"#,
            reads: #","reason":"INVALID_FORMAT","recommendation":"Add a word""#),
        template(
            "PAUSED", #""reason":null,"other_info":{"title":"FIRST_PAUSE","description":"For three hours"}"#,
            reads: #","detail":"FIRST_PAUSE""#),
        template(
            "PAUSED", variant: "rate", #""reason":"NONE","other_info":{"title":"RATE_LIMITING_PAUSE","description":"Paused"}"#,
            reads: #","detail":"RATE_LIMITING_PAUSE""#),
        template(
            "DISABLED", #""reason":"NONE","disable_info":{"disable_date":1750269342},"other_info":{"title":"DISABLED"}"#,
            reads: #","detail":"DISABLED""#),
        template("PENDING_DELETION", #""reason":null"#), template("DELETED", #""reason":null"#), template("FLAGGED", #""reason":null"#),
        template("IN_APPEAL", #""reason":null"#), template("LIMIT_EXCEEDED", #""reason":null"#), template("LOCKED", #""reason":null"#),
        template("PENDING", #""reason":null"#), template("ARCHIVED", #""reason":null"#),
        template("REINSTATED", #""reason":null"#, state: "APPROVED"), template("UNARCHIVED", #""reason":null"#, state: "APPROVED"),
        ofAccount(
            "message_template_quality_update", .reference("5.4 template fields"), .template("quality", "RED"),
            #"{"previous_quality_score":"YELLOW","new_quality_score":"RED",\#(names)}"#,
            reads: #""previous":"YELLOW","new":"RED",\#(readNames)"#),
        ofAccount(
            "template_category_update", .reference("5.4 template fields"), .template("category", "MARKETING"),
            #"{"previous_category":"UTILITY","new_category":"MARKETING",\#(names)}"#,
            reads: #""previous":"UTILITY","new":"MARKETING",\#(readNames)"#),
        ofAccount(
            "template_category_update", variant: "planned", .page("template_category_update"), .template("category", "UTILITY"),
            // Until then `new_category` is what it still is.
            #"{"correct_category":"MARKETING","new_category":"UTILITY","category_update_timestamp":1750269342,\#(names)}"#,
            reads: #""previous":"UTILITY","new":"MARKETING",\#(readNames)"#),
        ofAccount(
            "message_template_components_update", .reference("5.4 template fields"), .template("components", "EDITED"),
            #"{\#(names),"message_template_element":"Hello {{1}}","message_template_footer":"Example"}"#),
    ]

    static let accounts: [WebhookSample] = [
        number("ONBOARDING", #""current_limit":"TIER_250""#, limit: "TIER_250"),
        number("THROUGHPUT_UPGRADE", #""old_limit":"TIER_10K","current_limit":"TIER_100K""#, limit: "TIER_100K"),
        number("UPGRADE", #""max_daily_conversations_per_business":"TIER_2K""#, limit: "TIER_2K"),
        number("FLAGGED", #""max_daily_conversations_per_business":2000"#, limit: "2000"),
        account(
            "business_capability_update", event: nil,
            #"{"max_daily_conversations_per_business":"TIER_2K","max_phone_numbers_per_business":20}"#),
        account(
            "business_capability_update", variant: "whole", event: nil,
            #"{"max_daily_conversations_per_business":2000,"max_phone_numbers_per_waba":20}"#),
        account(
            "phone_number_name_update", event: "APPROVED",
            #"{"display_phone_number":"15550199000","decision":"APPROVED","requested_verified_name":"Example","rejection_reason":null}"#),
        account(
            "phone_number_name_update", variant: "rejected", event: "REJECTED",
            #"{"display_phone_number":"15550199000","decision":"REJECTED","requested_verified_name":"Example","rejection_reason":"NAME_FORMAT"}"#
        ),
        account("account_review_update", event: "DEFERRED", #"{"decision":"DEFERRED"}"#),
        account(
            "security", event: "PIN_CHANGED", #"{"display_phone_number":"15550199000","event":"PIN_CHANGED","requester":"1234567890"}"#),
        account(
            "security", variant: "asked", event: "PIN_RESET_REQUEST",
            #"{"display_phone_number":"15550199000","event":"PIN_RESET_REQUEST"}"#),
        account(
            "security", variant: "off", event: "PIN_REQUEST_SUCCESS",
            #"{"display_phone_number":"15550199000","event":"PIN_REQUEST_SUCCESS"}"#),
        account(
            "account_alerts", event: "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED",
            #"{"entity_type":"BUSINESS","entity_id":"401110000000001","alert_severity":"INFORMATIONAL","alert_status":"NONE","#
                + #""alert_type":"INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED","alert_description":"Later"}"#),
        update("ACCOUNT_DELETED", ""),
        update(
            "ACCOUNT_RESTRICTION",
            #","restriction_info":[{"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING","expiration":1750269342,"remediation":"Wait"}]"#
        ),
        update("ACCOUNT_VIOLATION", #","violation_info":{"violation_type":"SCAM"}"#),
        update("DISABLED_UPDATE", #","ban_info":{"waba_ban_state":"SCHEDULE_FOR_DISABLE","waba_ban_date":"June 1, 2026"}"#),
        update(
            "PARTNER_ADDED", id: "401110000000001", #","waba_info":{"waba_id":"301110000000001","owner_business_id":"401110000000001"}"#),
        update(
            "PARTNER_REMOVED", id: "401110000000001",
            #","waba_info":{"waba_id":"301110000000001","owner_business_id":"401110000000001"},"#
                + #""disconnection_info":{"reason":"PRIMARY_INACTIVITY","initiated_by":"WHATSAPP"}"#),
        update(
            "PARTNER_APP_INSTALLED", id: "401110000000001",
            #","waba_info":{"waba_id":"301110000000001","partner_app_id":"501110000000001"}"#),
        update(
            "PARTNER_APP_UNINSTALLED", id: "401110000000001",
            #","waba_info":{"waba_id":"301110000000001","partner_app_id":"501110000000001"}"#),
        update(
            "PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE", id: "401110000000001",
            #","partner_client_certification_info":{"client_business_id":"401110000000002","status":"APPROVED","rejection_reasons":["NONE"]}"#
        ),
        update("ACCOUNT_OFFBOARDED", ""), update("ACCOUNT_RECONNECTED", ""),
        update(
            "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
            #","auth_international_rate_eligibility":{"exception_countries":[{"country_code":"IN","start_time":1750269342}],"start_time":1750269342}"#
        ),
        update("BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE", #","country":"US""#),
        update(
            "VOLUME_BASED_PRICING_TIER_UPDATE",
            #","volume_tier_info":{"tier_update_time":1750269342,"pricing_category":"UTILITY","tier":"0:100000","effective_month":"2026-06","region":"India"}"#
        ),
        update("AD_ACCOUNT_LINKED", #","ad_account_info":{"ad_account_linked":"601110000000001"}"#), update("MM_LITE_TERMS_SIGNED", ""),
        account(
            "partner_solutions", event: "SOLUTION_CREATED",
            #"{"event":"SOLUTION_CREATED","solution_id":"701110000000001","solution_status":"INITIATED"}"#),
        account(
            "business_username_update", event: nil, #"{"display_phone_number":"15550199000","username":"example","status":"approved"}"#),
        account("payment_configuration_update", event: nil, #"{"configuration_name":"upi","provider_name":"example","status":"Active"}"#),
        ofAccount("a_field_of_tomorrow", .page("fields to come"), .notice(nil), #"{"new":[1.50,{"deep":null}]}"#),
    ]

    // MARK: Parts

    private static let names =
        #""message_template_id":1600000000000009,"message_template_name":"order_update","message_template_language":"pt-BR""#
    private static let readNames = #""template":"1600000000000009 order_update pt_BR""#

    private static func template(
        _ event: String, variant: String? = nil, _ more: String, reads: String = "", state: String? = nil
    ) -> WebhookSample {
        ofAccount(
            "message_template_status_update", variant: event + (variant.map { " \($0)" } ?? ""), .reference("5.4 template fields"),
            .template("status", state ?? event), #"{"event":"\#(event)","message_template_category":"UTILITY",\#(names),\#(more)}"#,
            reads: #""event":"\#(event)","category":"UTILITY",\#(readNames)\#(reads)"#)
    }

    private static func number(_ event: String, _ more: String, limit: String) -> WebhookSample {
        ofAccount(
            "phone_number_quality_update", variant: event, .reference("5.4 phone_number_quality_update"), .notice(event),
            #"{"display_phone_number":"15550199000","event":"\#(event)",\#(more)}"#,
            reads: #""display":"15550199000","event":"\#(event)","limit":"\#(limit)""#)
    }

    private static func account(_ field: String, variant: String? = nil, event: String?, _ value: String) -> WebhookSample {
        ofAccount(field, variant: variant, .reference("5.4 \(field)"), .notice(event), value)
    }

    private static func update(_ event: String, id: String = waba, _ more: String) -> WebhookSample {
        ofAccount(
            "account_update", variant: event, .reference("5.4 account_update"), .notice(event), id: id, #"{"event":"\#(event)"\#(more)}"#)
    }
}
