import CloudAPI
import Foundation
import Gateway
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres

/// Many messages in one request: NDJSON in, NDJSON out, each answered as soon as it is stored.
///
/// A bad line is answered with its error and the next ones go on. Lines are taken as they arrive, so that a caller may send one, read its
/// answer, and send the next. Give an `idempotency_key` on each line: after a broken connection the same lines can be sent again.
extension NativeAPI {
    private static let chunk = 100

    @Sendable func batch(_ request: Request, _ context: RelevoContext) async throws -> Response {
        let key = try context.key
        let body = request.body
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: ResponseBody { writer in
                var reader = LineReader(limit: configuration.bodyLimit)
                var batch = Batch(api: self, key: key)
                for try await buffer in body {
                    let lines = reader.feed(buffer.readableBytesView)
                    for start in stride(from: 0, to: lines.count, by: Self.chunk) {
                        try await writer.write(try await batch.answer(lines[start..<min(start + Self.chunk, lines.count)]))
                        // The rest of the body is left unread: the connection ends with the answer.
                        if batch.hasGivenUp { return try await writer.finish(nil) }
                    }
                }
                if let line = reader.last() { try await writer.write(try await batch.answer([line])) }
                try await writer.finish(nil)
            })
    }

    private struct Batch {
        let api: NativeAPI
        let key: APIKey
        var line = 0
        var failures = 0

        init(api: NativeAPI, key: APIKey) {
            self.api = api
            self.key = key
        }

        var hasGivenUp: Bool { failures >= 3 }

        mutating func answer(_ lines: ArraySlice<LineReader.Line>) async throws -> ByteBuffer {
            var answers: [(line: Int, json: JSONValue?)] = []
            var submissions: [(place: Int, submission: Submission)] = []
            for text in lines {
                line += 1
                answers.append((line, nil))
                do {
                    guard let submission = try await read(text) else {
                        answers[answers.count - 1].line = 0
                        continue
                    }
                    submissions.append((answers.count - 1, submission))
                } catch {
                    answers[answers.count - 1].json = Self.error(error)
                }
            }
            if !submissions.isEmpty {
                do {
                    let results = try await api.dependencies.gateway.submit(batch: submissions.map(\.submission))
                    for (entry, result) in zip(submissions, results) {
                        switch result {
                        case .success(let receipt): answers[entry.place].json = MessageView.json(receipt)
                        case .failure(let refusal): answers[entry.place].json = Self.error(refusal)
                        }
                    }
                    failures = 0
                } catch {
                    failures += 1
                    for entry in submissions { answers[entry.place].json = Self.error(error) }
                }
            }
            var out = ByteBuffer()
            for (line, json) in answers where line > 0 {
                var object: JSONObject = ["line": JSONValue(line)]
                for member in json?.object?.members ?? [] { object[member.name] = member.value }
                out.writeBytes(JSONValue.object(object).encoded())
                out.writeInteger(UInt8(ascii: "\n"))
            }
            if hasGivenUp {
                let last: JSONValue = [
                    "stopped_at": JSONValue(line),
                    "error": ["code": "stopped", "message": "the lines after this one were not read; send them again"],
                ]
                out.writeBytes(last.encoded() + Data([10]))
            }
            return out
        }

        /// The message of a line; nil for a blank one.
        private func read(_ line: LineReader.Line) async throws -> Submission? {
            guard case .text(let bytes) = line else { throw Request.tooLarge(api.configuration.bodyLimit) }
            if bytes.allSatisfy({ $0 == 32 || $0 == 9 }) { return nil }
            var submission = try await api.submission(try JSONValue(parsing: bytes), key: key)
            submission.isAnsweredEarly = true
            return submission
        }

        private static func error(_ error: any Error) -> JSONValue {
            let problem = HTTPProblem(error)
            var object: JSONObject = ["code": .string(problem.code), "message": .string(problem.message)]
            if let details = problem.details { object["details"] = details }
            return ["error": .object(object)]
        }
    }
}
