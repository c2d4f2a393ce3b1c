import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// A connection, so that a planted trouble can end it.
struct CloudContext: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// Reads a request, has the cloud carry it out, and answers, or does not.
struct CloudResponder: HTTPResponder {
    typealias Context = CloudContext

    let cloud: Cloud
    /// Largest body taken; Meta's largest upload is 100 MB.
    static let largestBody = 100 << 20

    func respond(to request: Request, context: CloudContext) async throws -> Response {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.largestBody)
        } catch is NIOTooManyBytesError {
            var failure = GraphFailure(100, "The request body is too large")
            failure.status = 413
            return response(CloudAnswer(failure.body(trace: "sandbox"), status: 413))
        }
        let read = RequestReading.read(request, body: body)
        var answer = await cloud.answer(read)
        if case .again(let pause, let fault) = answer.delivery {
            try await Task.sleep(for: pause)
            answer = await cloud.answer(read, heldUpBy: fault)
        }
        switch answer.delivery {
        case .send, .again: break
        case .later(let pause): try await Task.sleep(for: pause)
        case .drop: await end(context.channel)
        case .hang:
            // Ends when the caller gives up; the bound is for callers that never do.
            let pause = Task { _ = try? await Task.sleep(for: .seconds(300)) }
            context.channel.closeFuture.whenComplete { _ in pause.cancel() }
            await withTaskCancellationOrGracefulShutdownHandler {
                await pause.value
            } onCancelOrGracefulShutdown: {
                pause.cancel()
            }
            await end(context.channel)
        }
        return response(answer)
    }

    /// Ends a connection with a reset rather than in good order.
    private func end(_ channel: any Channel) async {
        if let options = channel as? any SocketOptionProvider {
            try? await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try? await channel.close(mode: .all)
    }

    private func response(_ answer: CloudAnswer) -> Response {
        var headers = HTTPFields()
        let buffer: ByteBuffer
        switch answer.content {
        case .json(let json):
            headers[.contentType] = "application/json; charset=UTF-8"
            buffer = ByteBuffer(bytes: json.bytes)
        case .bytes(let bytes, let type):
            headers[.contentType] = type
            buffer = ByteBuffer(bytes: bytes)
        }
        if let name = HTTPFields.Element.Name("X-App-Usage") {
            headers[name] = #"{"call_count":\#(answer.appUsage),"total_cputime":\#(answer.appUsage),"total_time":\#(answer.appUsage)}"#
        }
        if let account = answer.account, let name = HTTPFields.Element.Name("X-Business-Use-Case-Usage") {
            let wait = answer.accountUsage >= 100 ? 60 : 0
            headers[name] =
                #"{"\#(account)":[{"type":"whatsapp","call_count":\#(answer.accountUsage),"total_cputime":1,"total_time":1,"#
                + #""estimated_time_to_regain_access":\#(wait)}]}"#
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status == 0 ? 500 : answer.status), headers: headers,
            body: ResponseBody(byteBuffer: buffer))
    }
}
