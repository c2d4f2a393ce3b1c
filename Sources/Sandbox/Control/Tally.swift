/// What has happened so far: the oracle's counters.
struct Tally {
    var requests = 0
    var accepted = 0
    var delivered = 0
    var read = 0
    var failed: [Int: Int] = [:]
    var received = 0
    var registered = 0
    var registeredTwice: [String] = []
    var templatesCopied = 0
    var templatesDuplicated = 0
    var withoutPlus = 0
    var throughputRefusals = 0
    var pairRefusals = 0
    var portfolioOver = 0
    var registerRefusals = 0
    var managementOver = 0
    var creationRefusals = 0
    var webhookPosts = 0
    var webhookUpdates = 0
    var webhookRetries = 0
    /// Updates of accounts our app is not subscribed to.
    var unsubscribed = 0

    /// Callback data accepted so far, which must be different for every message.
    private var seen: Set<String> = []
    private(set) var untracked = 0
    private(set) var duplicates = 0
    private(set) var duplicateSamples: [String] = []

    mutating func accept(_ callbackData: String?) {
        accepted += 1
        guard let callbackData else { return }
        guard seen.count < 4_000_000 || seen.contains(callbackData) else {
            untracked += 1
            return
        }
        guard !seen.insert(callbackData).inserted else { return }
        duplicates += 1
        if duplicateSamples.count < 100 { duplicateSamples.append(callbackData) }
    }
}
