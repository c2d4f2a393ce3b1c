import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Testing

@testable import Benchmarks

@Suite struct SinkRequestTests {
    private static let body = #"{"to" : "+34600000001","type":"text","biz_opaque_callback_data":"relevo:1"}"#
    private static let request =
        "POST /v25.0/123/messages HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: \(body.utf8.count)\r\n\r\n\(body)"

    private static func read(_ text: String) throws(SinkRequest.Failure) -> SinkRequest? {
        let result = Array(text.utf8).withUnsafeBytes { bytes in
            Result { () throws(SinkRequest.Failure) in try SinkRequest(bytes) }
        }
        return try result.get()
    }

    @Test func aMessageIsRead() throws {
        let request = try #require(try Self.read(Self.request + "POST"))
        #expect(request.method == .post)
        #expect(request.number == 123)
        #expect(request.callback == SinkHash.of("relevo:1"))
        #expect(request.to == Array("+34600000001".utf8))
        #expect(request.length == Self.request.utf8.count)
        #expect(!request.closes)
        #expect(request.target == nil)
    }

    @Test func everyShorterPieceWaitsForMore() throws {
        for count in 0..<Self.request.utf8.count {
            let piece = String(decoding: Array(Self.request.utf8.prefix(count)), as: UTF8.self)
            let request = try Self.read(piece)
            #expect(request == nil, "\(count) bytes")
        }
    }

    @Test func bodiesWithoutCallbackHaveNone() throws {
        let request = try #require(try Self.read("POST /v19.0/1/messages HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"))
        #expect(request.callback == 0)
        #expect(request.to.isEmpty)
        #expect(request.closes)
    }

    enum Unreadable: String, CaseIterable {
        case chunked = "POST /v1/1/messages HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        case nonsense = "nonsense\r\n\r\n"
        case negativeLength = "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"
        case endlessHead
    }

    @Test(arguments: Unreadable.allCases)
    func whatItCannotReadIsRefused(_ one: Unreadable) {
        let text = one == .endlessHead ? String(repeating: "x", count: 70_000) : one.rawValue
        #expect(throws: SinkRequest.Failure.unreadable) { _ = try Self.read(text) }
    }
}

@Suite struct SinkServerTests {
    @Test func itAnswersRemembersAndForgets() async throws {
        try await SinkServer.with { sink in
            var ids: Set<String> = []
            for name in ["a", "b", "b"] {
                var request = HTTPClientRequest(url: "\(sink.url)/v25.0/42/messages")
                request.method = .POST
                request.body = .bytes(ByteBuffer(string: #"{"to":"+346","biz_opaque_callback_data":"\#(name)"}"#))
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
                let body = try await response.body.collect(upTo: 10_000)
                let answer = try #require(try JSONSerialization.jsonObject(with: Data(buffer: body)) as? [String: Any])
                ids.insert(((answer["messages"] as? [[String: Any]])?.first?["id"] as? String) ?? "")
                #expect((answer["contacts"] as? [[String: Any]])?.first?["wa_id"] as? String == "346")
            }
            #expect(ids.count == 3)
            let client = SinkClient(sink.url)
            let stats = try #require(await client.stats(top: 10))
            #expect(stats.count == 3)
            #expect(stats.duplicates == 1)
            #expect(stats.numbers.first?.phoneNumberID == "42")
            await client.reset()
            let after = try #require(await client.stats())
            #expect(after.count == 0)
        }
    }

    /// Also on a connection that has lain still: the time is that of this request, neither before it was sent nor after its answer.
    @Test func aTimeFromTheKernelLiesBetweenRequestAndAnswer() async throws {
        try await SinkServer.with(asksKernel: true) { sink in
            for count in 1...50 {
                var request = HTTPClientRequest(url: "\(sink.url)/v25.0/42/messages")
                request.method = .POST
                request.body = .bytes(ByteBuffer(string: #"{"to":"+346"}"#))
                let before = MonotonicTime.micros
                _ = try await HTTPClient.shared.execute(request, timeout: .seconds(300)).body.collect(upTo: 10_000)
                let after = MonotonicTime.micros
                let records = sink.log.records()
                #expect(records.count == count)
                #expect(records.last.map { before <= $0.time && $0.time <= after } == true)
            }
        }
    }

    @Test func theLogIsBounded() {
        let log = SinkLog(capacity: 2)
        for time in 0..<5 { log.add(SinkRecord(time: Int64(time), number: 1, callback: 1)) }
        #expect(log.count == 5)
        #expect(log.overflow == 3)
        #expect(log.records().count == 2)
    }
}
