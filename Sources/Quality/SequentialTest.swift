import Foundation

/// Wald's sequential probability ratio test of a share of bad events: it decides as soon as the evidence allows, and says when it does not.
struct SequentialTest {
    enum Outcome: Equatable { case success, failure, inconclusive }

    private let perBad: Double
    private let perGood: Double
    private let failureBound: Double
    private let successBound: Double

    init(_ settings: RebuildSettings) {
        perBad = log(settings.intolerable / settings.tolerable)
        perGood = log((1 - settings.intolerable) / (1 - settings.tolerable))
        failureBound = log((1 - settings.missedAlarm) / settings.falseAlarm)
        successBound = log(settings.missedAlarm / (1 - settings.falseAlarm))
    }

    /// - Parameter delivered: without the bad ones, which fail before they are delivered.
    func verdict(delivered: Int, bad: Int) -> Outcome {
        let ratio = Double(bad) * perBad + Double(delivered) * perGood
        if ratio >= failureBound { return .failure }
        return ratio <= successBound ? .success : .inconclusive
    }
}
