extension AnswerSample {
    static let management: [AnswerSample] = [
        AnswerSample("new number", .reference("4.1 answer"), .id, #"{"id":"209990000000009"}"#, reads: #""209990000000009""#),
        AnswerSample(
            "templates", .reference("4.9 list"), .templates,
            #"""
            {"data":[{"name":"order_update","parameter_format":"NAMED","components":[{"type":"BODY","text":"Hi {{name}}"}],"language":"en_US",
              "status":"APPROVED","category":"UTILITY","sub_category":"ORDER_STATUS","id":"1600000000000009",
              "quality_score":{"score":"GREEN","date":1758754645}},
              {"name":"promo","parameter_format":"POSITIONAL","components":[],"language":"es","status":"REJECTED","category":"MARKETING",
               "rejected_reason":"INVALID_FORMAT","id":"1600000000000010","quality_score":{"score":"UNKNOWN"}}],
             "paging":{"cursors":{"before":"MAZD","after":"MjQZD"},"next":"https://graph.example/v25.0/1/message_templates?after=MjQZD"}}
            """#,
            reads: #"""
                {"elements":["1600000000000009 order_update en_US APPROVED UTILITY GREEN NAMED -",
                 "1600000000000010 promo es REJECTED MARKETING UNKNOWN POSITIONAL INVALID_FORMAT"],"next":"MjQZD"}
                """#),
        AnswerSample(
            "created template", .reference("4.9 create"), .createdTemplate,
            #"{"id":"1600000000000009","status":"PENDING","category":"UTILITY"}"#, reads: #""1600000000000009 PENDING UTILITY""#),
        AnswerSample(
            "copied templates", .reference("4.9 copy"), .copiedTemplates,
            #"""
            {"migrated_templates":["1600000000000011","1600000000000012"],
             "failed_templates":{"1600000000000013":"Incorrect category","1600000000000014":"A parameter hangs"}}
            """#,
            reads: #"""
                {"migrated":["1600000000000011","1600000000000012"],
                 "failed":{"1600000000000013":"Incorrect category","1600000000000014":"A parameter hangs"}}
                """#),
        AnswerSample(
            "copied templates, list", .reference("4.9 copy, list"), .copiedTemplates,
            #"{"migrated_templates":[],"failed_templates":[{"id":"1600000000000013","reason":"Incorrect category"}]}"#,
            reads: #"{"migrated":[],"failed":{"1600000000000013":"Incorrect category"}}"#),
        AnswerSample(
            "copied templates, empty list", .reference("4.9 copy, empty"), .copiedTemplates,
            #"{"migrated_templates":["1600000000000011"],"failed_templates":[]}"#, reads: #"{"migrated":["1600000000000011"],"failed":{}}"#),
        AnswerSample(
            "copied templates, empty map", .reference("4.9 copy, empty"), .copiedTemplates,
            #"{"migrated_templates":["1600000000000011"],"failed_templates":{}}"#, reads: #"{"migrated":["1600000000000011"],"failed":{}}"#),
        AnswerSample(
            "subscribed apps", .reference("4.10 list"), .subscribedApps,
            #"""
            {"data":[{"whatsapp_business_api_data":{"id":"501110000000001","link":"https://apps.example/1","name":"Relevo"},
              "override_callback_uri":"https://hooks.example/waba"},
              {"whatsapp_business_api_data":{"id":"501110000000002","link":"https://apps.example/2","name":"Other"}}]}
            """#,
            reads: #"["501110000000001 Relevo https://hooks.example/waba","501110000000002 Other -"]"#),
        AnswerSample(
            "token", .reference("4.12 debug_token"), .token,
            #"""
            {"data":{"app_id":"501110000000001","type":"SYSTEM_USER","application":"Relevo","data_access_expires_at":1790000000,"expires_at":0,
              "is_valid":true,"issued_at":1750000000,"scopes":["whatsapp_business_management","whatsapp_business_messaging"],
              "granular_scopes":[{"scope":"whatsapp_business_management","target_ids":["301110000000001"]},
                {"scope":"whatsapp_business_messaging"}],"user_id":"901110000000001"}}
            """#,
            reads: #"""
                {"app":"501110000000001","valid":true,"scopes":["whatsapp_business_management","whatsapp_business_messaging"],
                 "targets":{"whatsapp_business_management":["301110000000001"],"whatsapp_business_messaging":[]}}
                """#),
    ]

    static let errors: [AnswerSample] = [
        AnswerSample(
            "throughput reached", .reference("2.1 envelope"), .error(400),
            #"""
            {"error":{"message":"(#130429) Rate limit hit","type":"OAuthException","code":130429,
              "error_data":{"messaging_product":"whatsapp","details":"Too many messages in a second."},"error_subcode":2494055,
              "fbtrace_id":"Atr"}}
            """#,
            reads: #"""
                {"code":130429,"subcode":2494055,"message":"(#130429) Rate limit hit","details":"Too many messages in a second.","trace":"Atr"}
                """#),
        AnswerSample(
            "template name", .reference("2.9 first"), .error(400),
            #"""
            {"error":{"message":"Invalid parameter","type":"OAuthException","code":100,"error_data":{"blame_field_specs":[["name"]]},
              "error_subcode":2388046,"is_transient":false,"error_user_title":"The name is not right","error_user_msg":"Use lower case.",
              "fbtrace_id":"Atr"}}
            """#,
            reads: #"""
                {"code":100,"subcode":2388046,"message":"Invalid parameter","title":"The name is not right","user":"Use lower case.",
                 "transient":false,"trace":"Atr"}
                """#),
        AnswerSample(
            "template there already", .reference("2.9 second"), .error(400),
            #"""
            {"error":{"message":"Invalid parameter","type":"OAuthException","code":100,"error_subcode":2388024,"is_transient":false,
              "error_user_title":"Ya existe","error_user_msg":"Ya hay contenido en español.","fbtrace_id":"Atr"}}
            """#,
            reads: #"""
                {"code":100,"subcode":2388024,"message":"Invalid parameter","title":"Ya existe","user":"Ya hay contenido en español.",
                 "transient":false,"trace":"Atr"}
                """#),
        AnswerSample(
            "no route", .page("proxies"), .error(502), "<html>Bad gateway</html>",
            reads: #"{"message":"HTTP 502 without an error envelope: <html>Bad gateway</html>"}"#),
    ]
}
