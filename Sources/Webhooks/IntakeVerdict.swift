/// What became of a POST.
public enum IntakeVerdict: Sendable, Equatable {
    /// It is safe, and will be worked on: answer 200, whatever is in it.
    case stored
    /// No signature, or one that no app secret makes: answer 401.
    case badSignature
    /// Over 4 MiB: answer 413.
    case tooLarge
}

/// What this process has seen at its door.
public struct IntakeTally: Sendable, Equatable {
    public var stored = 0
    public var repeated = 0
    public var badSignature = 0
    public var tooLarge = 0
}
