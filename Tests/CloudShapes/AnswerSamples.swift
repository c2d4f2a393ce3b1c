extension AnswerSample {
    static let sends: [AnswerSample] = [
        AnswerSample(
            "accepted", .reference("1.2 answer"), .send,
            #"""
            {"messaging_product":"whatsapp","contacts":[{"input":"+16315550142","wa_id":"16315550142"}],
             "messages":[{"id":"wamid.HBgLT1VU","message_status":"accepted"}]}
            """#,
            reads: #"{"id":"wamid.HBgLT1VU","status":"accepted","contacts":["+16315550142 16315550142 -"]}"#),
        AnswerSample(
            "accepted without a status", .page("send messages"), .send,
            #"{"messaging_product":"whatsapp","contacts":[{"input":"+16315550142","wa_id":"16315550142"}],"messages":[{"id":"wamid.HBgLT1VU"}]}"#,
            reads: #"{"id":"wamid.HBgLT1VU","contacts":["+16315550142 16315550142 -"]}"#),
        AnswerSample(
            "held", .reference("1.2 message_status"), .send,
            #"""
            {"messaging_product":"whatsapp","contacts":[{"input":"+16315550142","wa_id":"16315550142"}],
             "messages":[{"id":"wamid.HBgLT1VU","message_status":"held_for_quality_assessment"}]}
            """#,
            reads: #"{"id":"wamid.HBgLT1VU","status":"held_for_quality_assessment","contacts":["+16315550142 16315550142 -"]}"#),
        AnswerSample(
            "paused", .reference("1.2 message_status"), .send,
            #"{"messaging_product":"whatsapp","contacts":[],"messages":[{"id":"wamid.HBgLT1VU","message_status":"paused"}]}"#,
            reads: #"{"id":"wamid.HBgLT1VU","status":"paused"}"#),
        AnswerSample(
            "another wa_id", .reference("1.2 contacts"), .send,
            #"{"messaging_product":"whatsapp","contacts":[{"input":"+5511912345678","wa_id":"551112345678"}],"messages":[{"id":"wamid.HBgLT1VU"}]}"#,
            reads: #"{"id":"wamid.HBgLT1VU","contacts":["+5511912345678 551112345678 -"]}"#),
        AnswerSample(
            "to a user id", .reference("1.2 user_id"), .send,
            #"""
            {"messaging_product":"whatsapp","contacts":[{"input":"US.20418837755120943367","user_id":"US.20418837755120943367"}],
             "messages":[{"id":"wamid.HBgLT1VU"}]}
            """#,
            reads: #"{"id":"wamid.HBgLT1VU","contacts":["US.20418837755120943367 - US.20418837755120943367"]}"#),
        AnswerSample("success", .reference("1.4 read"), .success, #"{"success":true}"#, reads: "true"),
        AnswerSample("success of the seed", .seed("verify_code"), .success, "{\n  \"success\": true\n}\n", reads: "true"),
        AnswerSample("media id", .page("media"), .id, #"{"id":"1600000000000001"}"#, reads: #""1600000000000001""#),
        AnswerSample(
            "media", .page("media"), .media,
            #"""
            {"messaging_product":"whatsapp","url":"https://lookaside.example/1","mime_type":"image/jpeg","sha256":"uHcZ","file_size":"303833",
             "id":"1600000000000001"}
            """#,
            reads: #"{"id":"1600000000000001","url":"https://lookaside.example/1","type":"image/jpeg","sha256":"uHcZ","size":303833}"#),
    ]

    static let nodes: [AnswerSample] = [
        AnswerSample(
            "phone number", .reference("4.5 number"), .number,
            #"""
            {"verified_name":"Example","code_verification_status":"VERIFIED","display_phone_number":"15550199000","quality_rating":"GREEN",
             "platform_type":"CLOUD_API","throughput":{"level":"STANDARD"},
             "webhook_configuration":{"application":"https://hooks.example/meta"},"id":"209990000000001"}
            """#,
            reads: #"""
                {"id":"209990000000001","display":"15550199000","name":"Example","code":"VERIFIED","quality":"GREEN","platform":"CLOUD_API",
                 "throughput":"STANDARD"}
                """#),
        AnswerSample(
            "phone number's beta fields", .reference("4.5 table"), .number,
            #"""
            {"id":"209990000000001","status":"CONNECTED","name_status":"APPROVED","new_name_status":"NONE","is_on_biz_app":false,
             "is_pin_enabled":true,"account_mode":"LIVE","last_onboarded_time":"2026-06-01T00:00:00+0000"}
            """#,
            reads: #"{"id":"209990000000001","status":"CONNECTED","name_status":"APPROVED","new_name":"NONE","app":false,"pin":true}"#),
        AnswerSample(
            "throughput", .reference("3.3 throughput"), .number, #"{"throughput":{"level":"HIGH"},"id":"209990000000001"}"#,
            reads: #"{"id":"209990000000001","throughput":"HIGH"}"#),
        AnswerSample(
            "messaging limit", .reference("3.3 limit"), .number,
            #"{"whatsapp_business_manager_messaging_limit":"TIER_250","id":"209990000000001"}"#,
            reads: #"{"id":"209990000000001","limit":"TIER_250"}"#),
        AnswerSample(
            "messaging limit, old", .reference("3.3 limit"), .number, #"{"messaging_limit_tier":"TIER_1K","id":"209990000000001"}"#,
            reads: #"{"id":"209990000000001","limit":"TIER_1K"}"#),
        AnswerSample(
            "phone numbers", .reference("4.5 list"), .numbers,
            #"""
            {"data":[{"id":"209990000000001"},{"id":"209990000000002","status":"MIGRATED"}],
             "paging":{"cursors":{"before":"QVFI","after":"QVFJ"},"next":"https://graph.example/v25.0/1/phone_numbers?after=QVFJ"}}
            """#,
            reads: #"{"elements":["209990000000001","209990000000002"],"next":"QVFJ"}"#),
        AnswerSample(
            "phone numbers, last page", .reference("4.5 list"), .numbers,
            #"{"data":[{"id":"209990000000001"}],"paging":{"cursors":{"before":"QVFI","after":"QVFJ"}}}"#,
            reads: #"{"elements":["209990000000001"]}"#),
        AnswerSample(
            "WABA", .reference("4.7 fields"), .waba,
            #"""
            {"id":"301110000000001","name":"Example","timezone_id":"1","currency":"USD","country":"US","message_template_namespace":"ab_12",
             "account_review_status":"APPROVED","business_verification_status":"verified","ownership_type":"CLIENT_OWNED",
             "primary_funding_id":"801110000000001","owner_business_info":{"name":"Example Ltd","id":"401110000000001"},
             "marketing_messages_lite_api_status":"ONBOARDED"}
            """#,
            reads: #"""
                {"id":"301110000000001","name":"Example","zone":"1","currency":"USD","namespace":"ab_12","review":"APPROVED",
                 "verification":"VERIFIED","ownership":"CLIENT_OWNED","funding":"801110000000001","owner":"401110000000001 Example Ltd"}
                """#),
        AnswerSample(
            "health", .reference("4.8 health"), .number,
            #"""
            {"health_status":{"can_send_message":"LIMITED","entities":[
              {"entity_type":"PHONE_NUMBER","id":"209990000000001","can_send_message":"LIMITED","additional_info":["The name is not approved."]},
              {"entity_type":"WABA","id":"301110000000001","can_send_message":"BLOCKED",
               "errors":[{"error_code":141006,"error_description":"No payment method","possible_solution":"Add one"}]},
              {"entity_type":"APP","id":"501110000000001","can_send_message":"AVAILABLE"}]},"id":"209990000000001"}
            """#,
            reads: #"""
                {"id":"209990000000001","health":["LIMITED","PHONE_NUMBER 209990000000001 LIMITED The name is not approved.",
                 "WABA 301110000000001 BLOCKED (#141006) No payment method Add one","APP 501110000000001 AVAILABLE"]}
                """#),
    ]
}
