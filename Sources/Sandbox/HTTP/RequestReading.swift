import Foundation
import Hummingbird
import NIOCore

/// Turns HTTP into a `CloudRequest`. Graph takes parameters from the query, a form, a multipart form or JSON.
enum RequestReading {
    static func read(_ request: Request, body: ByteBuffer) -> CloudRequest {
        let target = request.head.path ?? "/"
        let cut = target.firstIndex(of: "?") ?? target.endIndex
        let path = String(target[..<cut])
        var segments = path.split(separator: "/").map { String($0).removingPercentEncoding ?? String($0) }
        var read = CloudRequest(
            method: request.head.method.rawValue, path: path, segments: [], parameters: [:],
            base: "http://\(request.head.authority ?? "localhost")")
        if let first = segments.first {
            read.isControl = first == "_sandbox"
            if read.isControl || isVersion(first) || first == "_media" { segments.removeFirst() }
            if first == "_media" { segments.insert("_media", at: 0) }
        }
        read.segments = segments
        if cut < target.endIndex { form(target[target.index(after: cut)...], into: &read.parameters) }
        content(request, body, &read)
        if let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer ") {
            read.token = header.dropFirst(7).trimmingCharacters(in: .whitespaces)
        }
        if let token = read["access_token"]?.string { read.token = read.token ?? token }
        read.parameters["access_token"] = nil
        return read
    }

    /// `v25.0`
    private static func isVersion(_ text: String) -> Bool {
        guard text.first == "v" else { return false }
        let parts = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
    }

    private static func content(_ request: Request, _ body: ByteBuffer, _ read: inout CloudRequest) {
        guard body.readableBytes > 0 else { return }
        let type = request.headers[.contentType] ?? ""
        let bytes = Array(body.readableBytesView)
        if type.lowercased().hasPrefix("multipart/form-data") {
            guard let form = MultipartBody(bytes, contentType: type) else {
                read.isUnreadable = true
                return
            }
            for (name, value) in form.fields { read.parameters[name] = .string(value) }
            read.file = form.file
        } else if type.lowercased().hasPrefix("application/x-www-form-urlencoded") {
            form(Substring(String(decoding: bytes, as: UTF8.self)), into: &read.parameters)
        } else if let json = try? JSON(parsing: bytes), let members = json.members {
            read.parameters.merge(members) { _, new in new }
        } else {
            read.isUnreadable = true
        }
    }

    /// Values that are JSON objects or lists, as Meta's samples send them in forms, are read as such.
    private static func form(_ text: Substring, into parameters: inout [String: JSON]) {
        for pair in text.split(separator: "&").prefix(1_000) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = unescape(parts[0])
            let value = parts.count > 1 ? unescape(parts[1]) : ""
            if let first = value.first, "{[".contains(first), let json = try? JSON(parsing: Array(value.utf8)) {
                parameters[name] = json
            } else {
                parameters[name] = .string(value)
            }
        }
    }

    private static func unescape(_ text: Substring) -> String {
        let spaced = text.replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? String(spaced)
    }
}
