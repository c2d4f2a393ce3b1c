import CloudAPI
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOFoundationCompat

extension Response {
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        bytes(value.encoded(), type: "application/json", status: status)
    }

    /// Dates as RFC 3339, members sorted.
    static func encoding(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        bytes(try encoded(value), type: "application/json", status: status)
    }

    static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    static func bytes(_ data: Data, type: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(data: data)))
    }

    /// A list under `data`, and where the next page begins.
    static func page(_ elements: [some Encodable], next: String?) throws -> Response {
        try encoding(ListPage(data: elements, next: next))
    }
}

private struct ListPage<Element: Encodable>: Encodable {
    var data: [Element]
    var next: String?
}

extension HTTPProblem {
    /// The error in the form the caller understands.
    func response(_ style: AnswerStyle) -> Response {
        var response: Response
        switch style {
        case .graph: response = .json(graphEnvelope, status: status)
        case .native:
            var error: JSONObject = ["code": .string(code), "message": .string(message)]
            if let details { error["details"] = details }
            response = .json(["error": .object(error)], status: status)
        case .page: response = .text(message + "\n", status: status)
        }
        response.headers.append(contentsOf: headers)
        return response
    }

    /// Meta's envelope. The trace id stands where Meta's own would.
    var graphEnvelope: JSONValue {
        if let envelope { return envelope }
        let kind = graphTitle ?? Self.title(of: graphCode)
        var error: JSONObject = [
            "message": .string("(#\(graphCode)) \(kind)"), "type": .string(graphType), "code": JSONValue(graphCode),
            "error_data": ["messaging_product": "whatsapp", "details": .string(message)],
        ]
        if let graphSubcode { error["error_subcode"] = JSONValue(graphSubcode) }
        error["fbtrace_id"] = .string("relevo-" + String(UInt64.random(in: .min ... .max), radix: 36))
        return ["error": .object(error)]
    }

    private static func title(of code: Int) -> String {
        switch code {
        case 1: "An unknown error occurred"
        case 2: "Service temporarily unavailable"
        case 3: "Capability or permissions issue"
        case 4: "Application request limit reached"
        case 10: "Permission denied"
        case 100: "Invalid parameter"
        case 190: "Invalid OAuth access token"
        case 130429: "Rate limit hit"
        case 131000: "Something went wrong"
        case 131009: "Parameter value is not valid"
        case 131016: "Service unavailable"
        default: "Request refused"
        }
    }
}
