/// How long Meta waited for its 200, and how that fits its rule.
package struct IntakeTimes: Codable, Sendable, Equatable {
    /// From the moment a POST was due to its 200, in milliseconds.
    package var millis: Percentiles
    package var overSecondShare: Double

    init(_ records: some Sequence<WebhookDelivery.Record>) {
        let millis = records.compactMap { record in record.answered.map { Double($0 - record.due) / 1000 } }
        self.millis = Percentiles(millis)
        overSecondShare = millis.isEmpty ? 0 : Double(millis.count { $0 > 1000 }) / Double(millis.count)
    }

    /// Meta: "median latency of 250 ms, less than 1 % over a second".
    var keepsRule: Bool { millis.p50 < 250 && overSecondShare < 0.01 }
}

/// The time from a kill until the server answers again: nobody could have kept the rule in it.
struct Outage: Sendable {
    let begin: Int64
    let end: Int64

    /// - Parameters:
    ///   - killed: just before the kill.
    ///   - ended: when the process was gone. Only another one can answer what begins after that.
    init(killed: Int64, ended: Int64, _ records: [WebhookDelivery.Record]) {
        begin = killed
        end = records.compactMap { $0.lastBegun > ended ? $0.answered : nil }.min() ?? .max
    }

    /// Whether a POST was due or waited while nobody was there.
    func touches(_ record: WebhookDelivery.Record) -> Bool { record.due <= end && (record.answered ?? .max) >= begin }

    /// Nil when nothing was answered any more.
    var seconds: Double? { end == .max ? nil : Double(end - begin) / 1e6 }
}
