import CloudShapes
import Foundation

@testable import CloudAPI

/// One call of the client's, and the request that has to come of it.
struct GraphCall: Sendable, CustomStringConvertible {
    /// The full name of the function.
    var function: String
    var variant: String?
    /// The name of the request's shape.
    var shape: String
    /// Below the version.
    var path: String
    var query: [String: String] = [:]
    /// The JSON of the request, exactly.
    var body: String?
    /// Of a form, the texts of its parts by their names.
    var form: String?
    var answer: String = #"{"success":true}"#
    /// Returns how it ended.
    var make: @Sendable (GraphClient) async -> String

    var description: String { function + (variant.map { " (\($0))" } ?? "") }

    static let token = ClientRig.token
    static let all: [GraphCall] = messages + readMarks + media + numbers + apps + templates

    // MARK: Messages

    private static let accepted =
        #"{"messaging_product":"whatsapp","contacts":[{"input":"1","wa_id":"1"}],"messages":[{"id":"wamid.1","message_status":"accepted"}]}"#

    static let messages: [GraphCall] = MessageSample.all.map { sample in
        GraphCall(
            function: "send(_:from:edge:token:whenWritten:)", variant: sample.name,
            shape: sample.edge == .marketing ? "marketing message" : "message", path: "209/\(sample.edge.rawValue)", body: sample.text,
            answer: accepted, make: { await $0.send(json(sample.text), from: "209", edge: sample.edge, token: token).kind })
    }

    static let readMarks: [GraphCall] = [
        GraphCall(
            function: "markRead(_:from:token:)", shape: "read mark", path: "209/messages", body: readMark,
            make: { await $0.markRead(json(readMark), from: "209", token: token).kind }),
        GraphCall(
            function: "markRead(_:from:token:)", variant: "typing", shape: "read mark", path: "209/messages", body: typing,
            make: { await $0.markRead(json(typing), from: "209", token: token).kind }),
    ]

    private static let readMark = #"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.HBgLSU4="}"#
    private static let typing =
        #"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.HBgLSU4=","typing_indicator":{"type":"text"}}"#

    // MARK: Files

    private static let upload =
        part("messaging_product\"\r\n\r\nwhatsapp") + part("type\"\r\n\r\nimage/png")
        + part("file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nDATA") + "--b--\r\n"

    private static let uploaded = #"{"messaging_product":"whatsapp","type":"image/png","file":"DATA"}"#

    private static func part(_ text: String) -> String { "--b\r\nContent-Disposition: form-data; name=\"\(text)\r\n" }

    static let media: [GraphCall] = [
        GraphCall(
            function: "uploadMedia(_:type:filename:to:token:)", shape: "media upload", path: "209/media", form: uploaded,
            answer: #"{"id":"160"}"#,
            make: { await $0.uploadMedia(Data("DATA".utf8), type: "image/png", filename: "a.png", to: "209", token: token).kind }),
        GraphCall(
            function: "uploadMedia(body:contentType:to:token:)", shape: "media upload", path: "209/media", form: uploaded,
            answer: #"{"id":"160"}"#,
            make: {
                await $0.uploadMedia(body: Array(upload.utf8), contentType: "multipart/form-data; boundary=b", to: "209", token: token).kind
            }),
        GraphCall(
            function: "media(_:phoneNumberID:token:)", shape: "media", path: "160", query: ["phone_number_id": "209"],
            answer: #"{"id":"160","url":"https://lookaside.example/1"}"#,
            make: { await $0.media("160", phoneNumberID: "209", token: token).kind }),
        GraphCall(
            function: "media(_:phoneNumberID:token:)", variant: "of any number", shape: "media", path: "160", answer: #"{"id":"160"}"#,
            make: { await $0.media("160", token: token).kind }),
        GraphCall(
            function: "download(_:limit:token:)", shape: "file", path: "file/160",
            make: { await $0.download($0.configuration.baseURL + "/file/160", token: token).kind }),
        GraphCall(
            function: "deleteMedia(_:phoneNumberID:token:)", shape: "media delete", path: "160", query: ["phone_number_id": "209"],
            make: { await $0.deleteMedia("160", phoneNumberID: "209", token: token).kind }),
    ]

    /// Null for what is no JSON: then the body of the request differs.
    static func json(_ text: String) -> JSONValue { (try? JSONValue(parsing: text.utf8)) ?? .null }
}
