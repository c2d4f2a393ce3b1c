/// A message on its way.
final class Message: Sendable {
    let id: String
    let line: String
    let waba: String
    let display: String
    let waID: String
    let userID: String
    /// It was sent to a user id: statuses name no number.
    let isToUserID: Bool
    let callbackData: String?
    /// It carried a hash: its statuses carry none.
    let hasHash: Bool
    /// Id of the template.
    let template: String?
    /// Of its price.
    let category: String
    let isInWindow: Bool

    init(
        id: String, line: Line, waID: String, userID: String, isToUserID: Bool, callbackData: String?, hasHash: Bool, template: String?,
        category: String, isInWindow: Bool
    ) {
        self.id = id
        self.line = line.id
        waba = line.waba
        display = line.display
        self.waID = waID
        self.userID = userID
        self.isToUserID = isToUserID
        self.callbackData = callbackData
        self.hasHash = hasHash
        self.template = template
        self.category = category
        self.isInWindow = isInWindow
    }
}

/// Where a message has got to.
enum Stage: Sendable {
    case sent
    case delivered
    case read
    case failed(Int)

    var word: String {
        switch self {
        case .sent: "sent"
        case .delivered: "delivered"
        case .read: "read"
        case .failed: "failed"
        }
    }
}
