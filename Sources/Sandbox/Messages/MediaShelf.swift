import Crypto
import DequeModule
import Foundation

/// Uploaded files; the oldest make room for new ones.
struct MediaShelf {
    static let kinds: Set<String> = ["image", "video", "audio", "document", "sticker"]
    /// Bytes of all files together.
    static let room = 256 << 20

    private var files: [String: UploadedFile] = [:]
    private var order = Deque<String>()
    private var size = 0

    func holds(_ id: String) -> Bool { files[id] != nil }
    func file(_ id: String) -> UploadedFile? { files[id] }
    var count: Int { files.count }

    mutating func put(_ file: UploadedFile, id: String) {
        files[id] = file
        order.append(id)
        size += file.bytes.count
        while size > Self.room, let oldest = order.popFirst() { remove(oldest) }
    }

    mutating func remove(_ id: String) {
        guard let file = files.removeValue(forKey: id) else { return }
        size -= file.bytes.count
    }

    func describe(_ id: String, base: String) -> JSON {
        guard let file = files[id] else { return .null }
        let digest = SHA256.hash(data: Data(file.bytes)).map { Seeded.hex($0) }.joined()
        return [
            "messaging_product": "whatsapp", "id": .string(id), "url": .string("\(base)/_media/\(id)"),
            "mime_type": .string(file.type ?? "application/octet-stream"), "sha256": .string(digest), "file_size": .int(file.bytes.count),
        ]
    }
}

extension Seeded {
    static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }
}

extension Cloud {
    /// `POST /{phone}/media`.
    func upload(_ request: CloudRequest) throws -> JSON {
        guard request["messaging_product"]?.text == "whatsapp" else {
            throw GraphFailure(100, "The parameter messaging_product is required.")
        }
        guard var file = request.file, !file.bytes.isEmpty else { throw GraphFailure(131053, "The parameter file is required.") }
        file.type = request["type"]?.text ?? file.type
        let id = "3" + Seeded.padded(Seeded.hash(seed, ["media", String(nextID())]) % 100_000_000_000_000, 14)
        media.put(file, id: id)
        return ["id": .string(id)]
    }

    /// The address `GET /{media}` gives; it wants the token, as at Meta.
    func download(_ id: String) throws -> CloudAnswer {
        guard let file = media.file(id) else { throw GraphFailure(131052, "The file is not there any more") }
        return CloudAnswer(file.bytes, type: file.type ?? "application/octet-stream")
    }
}
