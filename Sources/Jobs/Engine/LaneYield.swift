/// How many lanes a claim asks for: as many as it is likely to serve.
///
/// Every lane it asks for is locked and counted through, and those it has no room for were for nothing: of 19 lanes with long queues three
/// were served, and the others took a fifth of the claim.
struct LaneYield {
    /// Attempts a lane of the last claim; 0: not known.
    private var yield = 0.0

    /// Those that should fill `room`, and two more: a lane may turn out to have nothing.
    func lanes(for room: Int, atMost most: Int) -> Int {
        guard yield > 0 else { return most }
        return Int(min(Double(most), (Double(room) / yield).rounded(.up) + 2))
    }

    /// - Parameters:
    ///   - attempts: what a claim has found for `room`.
    ///   - served: the lanes it found them in, of those it had `asked` for.
    mutating func claimed(_ attempts: Int, in served: Int, asked: Int, room: Int) {
        // One that is not full has seen all it asked for: next time more lanes. One that found nothing asks for all.
        yield = Double(attempts) / Double(max(1, attempts < room ? asked : served))
    }
}
