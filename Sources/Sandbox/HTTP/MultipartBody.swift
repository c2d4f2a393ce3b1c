import Foundation

/// The parts of a multipart form: fields, and one file.
struct MultipartBody {
    var fields: [String: String] = [:]
    var file: UploadedFile?

    /// Nil when there is no boundary or a part has no end.
    init?(_ bytes: [UInt8], contentType: String) {
        guard let mark = contentType.range(of: "boundary=", options: .caseInsensitive) else { return nil }
        let boundary = contentType[mark.upperBound...].prefix { $0 != ";" }.trimmingPrefix("\"").prefix { $0 != "\"" }
        guard !boundary.isEmpty else { return nil }
        let delimiter = Array("--\(boundary)".utf8)
        var position = Self.find(delimiter, in: bytes, from: 0)
        while let start = position {
            let head = start + delimiter.count
            if bytes[head...].starts(with: Array("--".utf8)) { return }
            guard let end = Self.find(delimiter, in: bytes, from: head),
                let blank = Self.find(Array("\r\n\r\n".utf8), in: bytes, from: head),
                blank + 4 <= end
            else { return nil }
            add(head: String(decoding: bytes[head..<blank], as: UTF8.self), content: bytes[(blank + 4)..<max(blank + 4, end - 2)])
            position = end
        }
        return nil
    }

    private mutating func add(head: String, content: ArraySlice<UInt8>) {
        var name: String?
        var filename: String?
        var type: String?
        for line in head.split(whereSeparator: \.isNewline) {
            let lower = line.lowercased()
            if lower.hasPrefix("content-type:") { type = String(line.dropFirst(13)).trimmed }
            guard lower.hasPrefix("content-disposition:") else { continue }
            name = Self.attribute("name", of: line)
            filename = Self.attribute("filename", of: line)
        }
        guard let name else { return }
        if name == "file" || filename != nil {
            file = UploadedFile(name: filename, type: type, bytes: Array(content))
        } else {
            fields[name] = String(decoding: content, as: UTF8.self)
        }
    }

    private static func attribute(_ name: String, of line: Substring) -> String? {
        for part in line.split(separator: ";").dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, String(pair[0]).trimmed == name else { continue }
            return String(pair[1]).trimmed.filter { $0 != "\"" }
        }
        return nil
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let first = needle.first, bytes.count >= needle.count else { return nil }
        var index = start
        while index <= bytes.count - needle.count {
            if bytes[index] == first, bytes[index..<(index + needle.count)].elementsEqual(needle) { return index }
            index += 1
        }
        return nil
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
