/// Writes statuses as Meta does.
struct StatusBody: Sendable {
    let messages: StatusMessages
    /// Statuses name the recipient's user id too, and come with their contacts.
    let namesUsers: Bool

    /// The same bytes for the same events.
    func bytes(_ events: [StatusEvent]) -> [UInt8] {
        // Meta promises neither: a change for each status, or one with all of a number's.
        let isByNumber = (events.first?.message ?? 0) % 2 == 0
        let groups =
            isByNumber
            ? Dictionary(grouping: events) { messages.sender($0.message) }.sorted { $0.key < $1.key }.map(\.value)
            : events.map { [$0] }
        var text = #"{"object":"whatsapp_business_account","entry":[{"id":"200000000000001","changes":["#
        text += groups.map { change($0) }.joined(separator: ",")
        text += "]}]}"
        return Array(text.utf8)
    }

    private func change(_ events: [StatusEvent]) -> String {
        let sender = ScratchWorld.senderID(messages.sender(events[0].message))
        var text = #"{"field":"messages","value":{"messaging_product":"whatsapp","#
        text += #""metadata":{"display_phone_number":"34910000000","phone_number_id":"\#(sender)"},"#
        let contacts = namesUsers ? events.filter { $0.kind != .failed }.map { contact($0.message) }.joined(separator: ",") : ""
        if !contacts.isEmpty { text += #""contacts":[\#(contacts)],"# }
        let statuses = events.map { status($0) }.joined(separator: ",")
        return text + #""statuses":[\#(statuses)]}}"#
    }

    private func contact(_ message: Int) -> String {
        #"{"profile":{"name":"Pablo M."},"wa_id":"\#(messages.waID(message))","user_id":"\#(userID(message))"}"#
    }

    private func status(_ event: StatusEvent) -> String {
        let message = event.message
        var text = #"{"id":"\#(messages.wamid(message))","status":"\#(event.kind.rawValue)","timestamp":"\#(event.at)","#
        text += #""recipient_id":"\#(messages.waID(message))""#
        if namesUsers, event.kind != .failed { text += #","recipient_user_id":"\#(userID(message))""# }
        if event.isNamed { text += #","biz_opaque_callback_data":"\#(ScratchWorld.callback(messages.id(message)))""# }
        switch event.kind {
        case .failed: text += Self.error
        case .sent, .delivered: text += Self.pricing
        case .read, .played: break
        }
        return text + "}"
    }

    private func userID(_ message: Int) -> String { "ES.13491208655" + String(message) }

    /// A failure that says something of one message only: nothing else stops for it.
    static let errorCode = 131_026
    private static let error =
        #","errors":[{"code":\#(errorCode),"title":"Message undeliverable","message":"Message undeliverable","#
        + #""error_data":{"details":"Message Undeliverable."},"#
        + #""href":"/documentation/business-messaging/whatsapp/support/error-codes"}]"#
    private static let pricing = #","pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"utility"}"#
}
