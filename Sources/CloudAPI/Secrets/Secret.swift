/// A value that must never be seen: an access token, a PIN, a signing key.
///
/// It prints `[redacted]` wherever it is interpolated, dumped, mirrored or debugged, and has no `Codable` conformance, so that it cannot
/// slip into a log line, an error or a stored document by accident. `reveal()` is the one way out.
public struct Secret: Sendable {
    /// A closure and not a stored string: neither `dump` nor `Mirror(reflecting:)` can walk into it.
    private let read: @Sendable () -> String

    public init(_ value: String) {
        read = { value }
    }

    /// The value itself. Call it only where the value is used (a header, a seal), never to build a message.
    public func reveal() -> String { read() }

    public var isEmpty: Bool { read().isEmpty }
}

extension Secret: Equatable {
    /// Takes time that depends on the lengths only, not on where the two differ.
    public static func == (a: Secret, b: Secret) -> Bool {
        let left = Array(a.reveal().utf8)
        let right = Array(b.reveal().utf8)
        var difference = UInt8(left.count == right.count ? 0 : 1)
        for i in 0..<min(left.count, right.count) { difference |= left[i] ^ right[i] }
        return difference == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "[redacted]" }
    public var debugDescription: String { "[redacted]" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
