import Foundation

/// The body of a media upload.
struct MultipartForm {
    let boundary: String
    let bytes: [UInt8]

    var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    init(file: Data, type: String, filename: String) {
        let boundary = "relevo-" + UUID().uuidString
        var body = Data()
        func field(_ name: String, _ value: String) {
            body += Data("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
        }
        field("messaging_product", "whatsapp")
        field("type", Self.headerSafe(type))
        let disposition = "form-data; name=\"file\"; filename=\"\(Self.headerSafe(filename))\""
        body += Data("--\(boundary)\r\nContent-Disposition: \(disposition)\r\nContent-Type: \(Self.headerSafe(type))\r\n\r\n".utf8)
        body += file
        body += Data("\r\n--\(boundary)--\r\n".utf8)
        self.boundary = boundary
        bytes = Array(body)
    }

    /// Without quotes and control characters, which could begin another header.
    private static func headerSafe(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0 != "\"" && $0 != "\\" && $0.value != 0x7F }))
    }
}
