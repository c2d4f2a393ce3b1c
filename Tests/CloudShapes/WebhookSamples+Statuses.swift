extension WebhookSample {
    static let statuses: [WebhookSample] = [
        status(
            "status: sent", .reference("5.2 table"),
            #""status":"sent","timestamp":"1750030071","recipient_id":"16315550142","biz_opaque_callback_data":"order 7","#
                + #""conversation":{"id":"c1","expiration_timestamp":"1750116480","origin":{"type":"utility"}},"#
                + #""pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"utility"}"#,
            reads: #""status":"sent","at":1750030071,"to":"16315550142","data":"order 7","#
                + #""conversation":{"id":"c1","expiration_timestamp":"1750116480","origin":{"type":"utility"}},"#
                + #""pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"utility"}"#),
        status(
            "status: delivered", .reference("5.2 delivered"),
            contact: #"{"profile":{"name":"Ana P.","username":"@anapaz"},"wa_id":"16315550142","user_id":"US.20418837755120943367"}"#,
            #""status":"delivered","timestamp":"1750030073","recipient_id":"16315550142","recipient_user_id":"US.20418837755120943367","#
                + #""recipient_identity_key_hash":"Zm9vYmFyMTI=","biz_opaque_callback_data":"order 7","pricing":{"billable":true,"#
                + #""pricing_model":"PMP","type":"regular","category":"marketing"}"#,
            readsContact: #"{"name":"Ana P.","username":"@anapaz","wa_id":"16315550142","user_id":"US.20418837755120943367"}"#,
            reads: #""status":"delivered","at":1750030073,"to":"16315550142","to_user":"US.20418837755120943367","hash":"Zm9vYmFyMTI=","#
                + #""data":"order 7","pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"marketing"}"#),
        status(
            "status: read", .reference("5.2 table"), #""status":"read","timestamp":"1750030080","recipient_id":"16315550142""#,
            reads: #""status":"read","at":1750030080,"to":"16315550142""#),
        status(
            "status: played", .reference("5.2 table"), #""status":"played","timestamp":"1750030090","recipient_id":"16315550142""#,
            reads: #""status":"played","at":1750030090,"to":"16315550142""#),
        status(
            "status: deleted", .reference("5.2 table"), #""status":"deleted","timestamp":"1750030090","recipient_id":"16315550142""#,
            reads: #""status":"deleted","at":1750030090,"to":"16315550142""#),
        status(
            "status: warning", .reference("5.2 table"), #""status":"warning","timestamp":"1750030090","recipient_id":"16315550142""#,
            reads: #""status":"warning","at":1750030090,"to":"16315550142""#),
        status(
            "status: delivered with a hash", .seed("delivery status"),
            #""status":"delivered","timestamp":"1686591922","recipient_id":"16315550142","recipient_identity_key_hash":"Zm9vYmFyMTI=","#
                + #""conversation":{"id":"c2","origin":{"type":"service"}},"pricing":{"billable":true,"pricing_model":"CBP","category":"service"}"#,
            reads: #""status":"delivered","at":1686591922,"to":"16315550142","hash":"Zm9vYmFyMTI=","#
                + #""conversation":{"id":"c2","origin":{"type":"service"}},"pricing":{"billable":true,"pricing_model":"CBP","category":"service"}"#
        ),
        status(
            "status: free entry point", .reference("5.2 table"),
            #""status":"read","timestamp":"1750030080","recipient_id":"16315550142","#
                + #""pricing":{"billable":false,"pricing_model":"PMP","type":"free_entry_point","category":"referral_conversion"}"#,
            reads: #""status":"read","at":1750030080,"to":"16315550142","#
                + #""pricing":{"billable":false,"pricing_model":"PMP","type":"free_entry_point","category":"referral_conversion"}"#),
        status(
            "status: marketing edge", .reference("1.3 status"),
            #""status":"sent","timestamp":"1750030071","recipient_id":"16315550142","#
                + #""conversation":{"id":"c3","origin":{"type":"marketing_lite"}},"#
                + #""pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"marketing_lite"}"#,
            reads: #""status":"sent","at":1750030071,"to":"16315550142","conversation":{"id":"c3","origin":{"type":"marketing_lite"}},"#
                + #""pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"marketing_lite"}"#),
        status(
            "status: failed", .reference("5.2 failed"),
            #""status":"failed","timestamp":"1750030073","recipient_id":"16315550142","errors":[{"code":131049,"title":"Not delivered","#
                + #""message":"Not delivered","error_data":{"details":"Kept for a healthy ecosystem."},"#
                + #""href":"/documentation/business-messaging/whatsapp/support/error-codes"}]"#,
            reads: #""status":"failed","at":1750030073,"to":"16315550142","codes":[131049],"details":["Kept for a healthy ecosystem."]"#),
        status(
            "status: failed for the hash", .seed("failed status"),
            #""status":"failed","timestamp":"1686594665","recipient_id":"16315550142","errors":[{"code":137000,"title":"Another identity"}]"#,
            reads: #""status":"failed","at":1686594665,"to":"16315550142","codes":[137000]"#),
        status(
            "status: code as text", .reference("2.1 oddities"),
            #""status":"failed","timestamp":"1750030073","recipient_id":"16315550142","errors":[{"code":"132015","title":"Paused"}]"#,
            reads: #""status":"failed","at":1750030073,"to":"16315550142","codes":[132015]"#),
        status(
            "status: to a user id", .reference("5.2 table"),
            contact: #"{"profile":{"name":"Ana P.","username":"@anapaz"},"user_id":"US.20418837755120943367"}"#,
            #""status":"sent","timestamp":"1750030073","recipient_user_id":"US.20418837755120943367""#,
            readsContact: #"{"name":"Ana P.","username":"@anapaz","user_id":"US.20418837755120943367"}"#,
            reads: #""status":"sent","at":1750030073,"to_user":"US.20418837755120943367""#),
        status(
            "status: group", .reference("5.2 table"),
            #""status":"delivered","timestamp":"1750030073","recipient_id":"Y2FwaV9ncm91cDox","recipient_type":"group","#
                + #""recipient_participant_id":"16315550142""#,
            reads: #""status":"delivered","at":1750030073,"to":"Y2FwaV9ncm91cDox""#),
    ]

    private static func status(
        _ name: String, _ source: Source, contact: String? = nil, _ status: String, readsContact: String? = nil, reads: String
    ) -> WebhookSample {
        ofNumber(
            name, source, .status, #"\#(contacts(contact))"statuses":[{"id":"wamid.HBgLT1VU",\#(status)}]"#,
            reads: #"\#(contacts(readsContact))"statuses":[{"id":"wamid.HBgLT1VU",\#(reads)}]"#)
    }
}
