/// What comes of numbers that are used in the WhatsApp Business app as well (reference 4.14, 5.4).
extension WebhookSample {
    static let coexistence: [WebhookSample] = [
        of(
            "history",
            #""history":[{"metadata":{"phase":0,"chunk_order":1,"progress":55},"threads":[{"id":"16315550142","messages":["#
                + #"{"from":"16315550142","id":"wamid.HBgLSElTVA==","timestamp":"1749000000","type":"text","text":{"body":"Earlier"},"#
                + #""history_context":{"status":"READ"}}]}]}]"#),
        of(
            "history", variant: "declined",
            #""history":[{"errors":[{"code":2593109,"title":"Not shared","message":"Not shared","error_data":{"details":"Turned off."}}]}]"#
        ),
        of(
            "smb_app_state_sync",
            #""state_sync":[{"type":"contact","contact":{"full_name":"Ana Paz","first_name":"Ana","phone_number":"16315550142"},"action":"add","#
                + #""metadata":{"timestamp":"1750269342"}}]"#),
        of(
            "smb_message_echoes",
            #""message_echoes":[{"from":"15550199000","to":"16315550142","id":"wamid.HBgLRUNITw==","timestamp":"1750269342","type":"text","#
                + #""text":{"body":"From the app"}}]"#),
    ]

    private static func of(_ field: String, variant: String? = nil, _ value: String) -> WebhookSample {
        ofNumber(
            field + (variant.map { ": \($0)" } ?? ""), .reference("5.4 coexistence"), .notice(nil), field: field, value)
    }
}
