/// The samples and tables of the seeds and of the reference that show a shape Relevo sends or reads: every one stands behind a sample here.
package enum Inventory {
    package static let places: [Source] = [
        .seed("send with a hash"), .seed("inbound message"), .seed("delivery status"), .seed("failed status"), .seed("verify_code"),
        .reference("1.1 text"), .reference("1.1 recipient"), .reference("1.1 context"), .reference("1.1 table"), .reference("1.1 document"),
        .reference("1.1 template"), .reference("1.1 named parameters"), .reference("1.1 sub_type"), .reference("1.2 answer"),
        .reference("1.2 user_id"), .reference("1.2 contacts"), .reference("1.2 message_status"), .reference("1.3 body"),
        .reference("1.3 settings"), .reference("1.3 status"), .reference("1.4 read"), .reference("2.1 envelope"),
        .reference("2.1 where errors surface"), .reference("2.1 oddities"), .reference("2.9 first"), .reference("2.9 second"),
        .reference("3.3 throughput"), .reference("3.3 limit"), .reference("4.1 answer"), .reference("4.5 number"), .reference("4.5 table"),
        .reference("4.5 list"), .reference("4.7 fields"), .reference("4.8 health"), .reference("4.9 list"), .reference("4.9 create"),
        .reference("4.9 copy"), .reference("4.9 copy, list"), .reference("4.9 copy, empty"), .reference("4.10 list"),
        .reference("4.12 debug_token"), .reference("5.2 table"), .reference("5.2 delivered"), .reference("5.2 failed"),
        .reference("5.3 inbound"), .reference("5.3 absent number"), .reference("5.3 media"), .reference("5.3 unsupported"),
        .reference("5.3 edit"), .reference("5.3 system"), .reference("5.3 legacy"), .reference("5.4 template fields"),
        .reference("5.4 phone_number_quality_update"), .reference("5.4 business_capability_update"),
        .reference("5.4 phone_number_name_update"), .reference("5.4 account_review_update"), .reference("5.4 account_update"),
        .reference("5.4 security"), .reference("5.4 account_alerts"), .reference("5.4 coexistence"), .reference("5.4 user_preferences"),
        .reference("5.4 partner_solutions"), .reference("5.4 business_username_update"), .reference("5.4 payment_configuration_update"),
        .reference("6 BSUID"),
    ]

    /// Samples of requests: their shapes are in `RequestShapes`, and every one of those is made by a test.
    package static let requests = ["1.4", "4.1", "4.2", "4.3", "4.6", "4.9", "4.10", "4.12"]

    /// Samples of what Relevo neither sends nor reads, and why.
    package static let unused: [String: String] = [
        "4.3 backup": "moves from on-premises, which ended in 2025",
        "4.4": "the gateway sets no PIN but by registering",
        "4.9 edit and delete": "templates are copied, not edited",
        "4.10 override of a number": "webhooks come to the app's own address",
        "4.11": "credit lines are a person's matter",
        "4.13": "the event of a browser",
        "4.14 smb_app_data": "coexistence is begun by a person",
        "4.15": "on-premises ended in 2025",
        "4.16": "moves among solutions are a person's matter",
        "8.1 message_history": "no page of Meta's has it",
    ]
}
