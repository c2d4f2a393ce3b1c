/// An answer of Meta's, and what has to be read from it.
package struct AnswerSample: Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        case send, media, number, numbers, waba, templates, createdTemplate, copiedTemplates, subscribedApps, token, success, id
        /// A refusal with this HTTP status.
        case error(Int)
    }

    package var name: String
    package var source: Source
    package var kind: Kind
    package var text: String
    /// As `AnswerReading` writes it.
    package var reads: String

    package var description: String { name }

    init(_ name: String, _ source: Source, _ kind: Kind, _ text: String, reads: String) {
        self.name = name
        self.source = source
        self.kind = kind
        self.text = text
        self.reads = reads
    }

    package static let all: [AnswerSample] = sends + nodes + management + errors
}
