import Foundation

/// One HTTP/1.1 request, read from bytes without copying them: only what the sink needs to know.
struct SinkRequest: Equatable {
    enum Method: Equatable { case get, post, other }

    enum Failure: Error, Equatable {
        /// No request, or one of a form the sink does not read: chunked bodies, more than 64 KiB of head or 16 MiB of body.
        case unreadable
    }

    var method: Method
    /// With its query.
    var target: String?
    /// Of the path `/{version}/{phone_number_id}/…`, or 0.
    var number: UInt64
    var closes: Bool
    /// Hash of `biz_opaque_callback_data`, or 0.
    var callback: UInt64
    /// The value of `to`.
    var to: [UInt8]
    /// Bytes it takes.
    var length: Int

    private static let longestHead = 64 << 10
    private static let longestBody = 16 << 20

    /// The first request of `bytes`; nil when more bytes have to come. Throws `Failure`.
    init?(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard let end = Self.find("\r\n\r\n", in: bytes) else {
            if bytes.count > Self.longestHead { throw .unreadable }
            return nil
        }
        let head = UnsafeRawBufferPointer(rebasing: bytes[..<(end + 2)])
        var lines = Lines(head)
        guard let request = lines.next() else { throw .unreadable }
        let words = request.split(separator: UInt8(ascii: " "))
        guard words.count == 3 else { throw .unreadable }
        method = words[0].elementsEqual("POST".utf8) ? .post : words[0].elementsEqual("GET".utf8) ? .get : .other
        let path = words[1].prefix { $0 != UInt8(ascii: "?") }
        let segments = path.split(separator: UInt8(ascii: "/"), maxSplits: 3)
        number = segments.count >= 3 ? Self.digits(segments[segments.count - 2]) : 0
        target = segments.first?.first == UInt8(ascii: "_") || method != .post ? String(decoding: words[1], as: UTF8.self) : nil
        closes = false
        var body = 0
        while let line = lines.next() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .unreadable }
            let name = line[..<colon]
            let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            switch name.count {
            case 14 where Self.same(name, "content-length"):
                guard let count = Int(String(decoding: value, as: UTF8.self).trimmingCharacters(in: .whitespaces)), count >= 0,
                    count <= Self.longestBody
                else { throw .unreadable }
                body = count
            case 10 where Self.same(name, "connection"): closes = Self.same(value, "close")
            case 17 where Self.same(name, "transfer-encoding"): throw .unreadable
            default: break
            }
        }
        length = end + 4 + body
        guard bytes.count >= length else { return nil }
        let content = UnsafeRawBufferPointer(rebasing: bytes[(end + 4)..<length])
        callback = Self.text(of: "\"biz_opaque_callback_data\"", in: content).map { SinkHash.of($0) } ?? 0
        to = Self.text(of: "\"to\"", in: content).map { Array($0) } ?? []
    }

    /// The text of a JSON member by a search for its name: a value with the same words in it would be found too, which what Relevo and its
    /// peers send does not have. Escapes are left as they are.
    private static func text(of name: StaticString, in json: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer.SubSequence? {
        guard let place = find(name, in: json) else { return nil }
        let rest = json[(place + name.utf8CodeUnitCount)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ":") }
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        return rest.dropFirst().prefix { $0 != UInt8(ascii: "\"") }
    }

    private static func find(_ needle: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress else { return nil }
        let length = needle.utf8CodeUnitCount
        var place = 0
        while place + length <= bytes.count {
            guard let hit = memchr(start + place, Int32(needle.utf8Start[0]), bytes.count - length + 1 - place) else { return nil }
            place = UnsafeRawPointer(hit) - start
            if memcmp(hit, needle.utf8Start, length) == 0 { return place }
            place += 1
        }
        return nil
    }

    /// A number of 1 to 19 digits, or 0.
    private static func digits(_ text: some Collection<UInt8>) -> UInt64 {
        guard (1...19).contains(text.count), text.allSatisfy({ (0x30...0x39).contains($0) }) else { return 0 }
        return text.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
    }

    private static func same(_ text: some Collection<UInt8>, _ word: StaticString) -> Bool {
        text.count == word.utf8CodeUnitCount && zip(text, 0...).allSatisfy { $0.0 | 0x20 == word.utf8Start[$0.1] | 0x20 }
    }
}

/// The lines of a head, without their ends.
private struct Lines {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> UnsafeRawBufferPointer.SubSequence? {
        guard place < bytes.count, let start = bytes.baseAddress, let end = memchr(start + place, 0x0A, bytes.count - place) else {
            return nil
        }
        let last = UnsafeRawPointer(end) - start
        defer { place = last + 1 }
        return bytes[place..<(last > place && bytes[last - 1] == 0x0D ? last - 1 : last)]
    }
}
