import CloudAPI
import Foundation

/// Words with which people say that they want no more marketing, and that they want it again: a message, a button or a reply that says nothing else.
///
/// Off unless set: a business whose menu answers to `STOP` or `ALTA` must not lose people by it. What people choose in WhatsApp itself
/// (`user_preferences`) and Meta's refusals (131050) count in any case.
public struct StopWords: Sendable, Equatable {
    private var stops: Set<String>
    private var starts: Set<String>

    /// Case, accents, and punctuation and spaces around a word do not matter.
    public init(stop: [String] = [], start: [String] = []) {
        stops = Set(stop.map(Self.plain))
        starts = Set(start.map(Self.plain))
    }

    /// A word that would both stop and start.
    public var inBoth: String? { stops.intersection(starts).min() }

    /// Whether anything is left of it to be looked for.
    public static func isWord(_ text: String) -> Bool { text.count <= longest && !plain(text).isEmpty }

    /// The longest text that is looked at; words are shorter.
    public static let longest = 40

    /// True: stop. False: again. Nil: it says neither.
    func stops(_ message: InboundMessage) -> Bool? {
        guard ["text", "button", "interactive"].contains(message.type), let text = message.text, text.utf8.count <= Self.longest * 4 else {
            return nil
        }
        let plain = Self.plain(text)
        return stops.contains(plain) ? true : starts.contains(plain) ? false : nil
    }

    private static func plain(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines.union(.punctuationCharacters))
            .folding(options: [.caseInsensitive, .diacriticInsensitive, .widthInsensitive], locale: nil)
    }
}
