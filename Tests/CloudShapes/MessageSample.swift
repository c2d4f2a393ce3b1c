package import CloudAPI

/// A message as a caller hands it in.
package struct MessageSample: Sendable, CustomStringConvertible {
    /// `kind` or `kind: variant`.
    package var name: String
    package var source: Source
    package var edge: MessageEdge
    package var text: String

    init(_ name: String, _ source: Source, edge: MessageEdge = .messages, _ text: String) {
        self.name = name
        self.source = source
        self.edge = edge
        self.text = text
    }

    package var description: String { name }

    /// Throws `JSONError`.
    package var body: JSONValue { get throws { try JSONValue(parsing: text.utf8) } }

    /// Every sample, with an envelope around its content.
    package static let all: [MessageSample] = simple + media + templates + interactive

    /// Nil for a name that is not in the table.
    package static func named(_ name: String) -> MessageSample? { all.first { $0.name == name } }

    /// A message of a kind with the usual envelope.
    static func of(_ name: String, _ source: Source, edge: MessageEdge = .messages, more: String = "", _ content: String) -> MessageSample {
        let kind = name.prefix { $0 != ":" }
        let head = #"{"messaging_product":"whatsapp","recipient_type":"individual","to":"+16315550142",\#(more)"type":"\#(kind)","#
        return MessageSample(name, source, edge: edge, head + #""\#(kind)":\#(content)}"#)
    }
}

/// Where a sample's shape is documented.
package enum Source: Sendable, Hashable, CustomStringConvertible {
    /// A section of the reference, and which of its samples.
    case reference(String)
    /// The seed `004`, and which of its samples.
    case seed(String)
    /// A page of Meta's, or the published file, for what the reference names without showing it.
    case page(String)

    package var description: String {
        switch self {
        case .reference(let place): "reference \(place)"
        case .seed(let place): "seed 004, \(place)"
        case .page(let place): "Meta: \(place)"
        }
    }
}
