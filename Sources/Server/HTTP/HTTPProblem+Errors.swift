import CloudAPI
import Credentials
import Gateway
import HTTPTypes
import Hummingbird
import Migration
import NIOCore
import NIOHTTP1
import Postgres
import Quality
import Recipients
import Templates
import Webhooks

extension HTTPProblem {
    /// Any error as an answer. What is not foreseen says nothing of the inside.
    init(_ error: any Error) {
        switch error {
        case let problem as HTTPProblem: self = problem
        case let refusal as GatewayRefusal: self.init(refusal)
        case let error as MigrationError: self.init(error)
        case let error as RecipientError: self.init(.badRequest, error.code.rawValue, error.message)
        case let error as TemplateError: self.init(.badRequest, error.code.rawValue, error.message)
        case let error as CredentialError:
            self.init(.conflict, "credential", error.message, graphCode: 190)
        case let error as SenderError:
            self.init(
                error.code == .notFound ? .notFound : error.code == .retired ? .conflict : .badRequest, error.code.rawValue, error.message)
        case let error as LimitError: self.init(error.code == .notFound ? .notFound : .badRequest, error.code.rawValue, error.message)
        case let error as RelayError:
            self.init(
                error.code == .notFound ? .notFound : error.code == .exists ? .conflict : .badRequest, error.code.rawValue, error.message)
        case let error as RebuildError:
            let status: HTTPResponse.Status =
                switch error.code {
                case .notFound: .notFound
                case .conflict, .wrongState, .senderStopped, .templateNotApproved: .conflict
                default: .badRequest
                }
            self.init(status, error.code.rawValue, error.message)
        case let error as ServerError:
            self.init(
                error.code == .notFound ? .notFound : error.code == .nameTaken ? .conflict : .badRequest, error.code.rawValue, error.message
            )
        case let error as GraphTrouble:
            self.init(.badGateway, "meta_refused", error.message, graphCode: error.code, graphSubcode: error.subcode)
        case let error as JSONError:
            self.init(.badRequest, "bad_json", "the body is \(error)")
        case is HTTPParserError: self.init(.badRequest, "bad_request", "the body is not well-formed HTTP, or ended too early")
        case is NIOTooManyBytesError: self.init(.contentTooLarge, "too_large", "the body is too large")
        case let error as any HTTPResponseError: self.init(status: error)
        case let error as PostgresError where error.isTransient || error.code == .shuttingDown:
            self = HTTPProblem(
                .serviceUnavailable, "database_unavailable",
                "Relevo's database cannot be reached now; whether the request was carried out is not known: repeat it with the same Idempotency-Key"
            ).retryAfter(2)
        case let error as PostgresError where error.code == .encoding:
            self.init(.badRequest, "bad_value", "a value holds U+0000, which cannot be stored")
        case is CancellationError:
            self = HTTPProblem(.serviceUnavailable, "shutting_down", "Relevo is stopping; repeat the request").retryAfter(2)
        default: self.init(.internalServerError, "internal", "Relevo failed; the log says more under this request's id")
        }
    }

    private init(_ refusal: GatewayRefusal) {
        let status = HTTPResponse.Status(code: (400...599).contains(refusal.httpStatus) ? refusal.httpStatus : 400)
        self.init(status, refusal.name, refusal.details, graphCode: refusal.code, graphSubcode: refusal.subcode)
        var members: JSONObject = ["graph_code": JSONValue(refusal.code)]
        if !refusal.candidates.isEmpty { members["candidates"] = .array(refusal.candidates.map { .string($0) }) }
        details = .object(members)
        graphTitle = refusal.title
        graphType = refusal.type
    }

    private init(_ error: MigrationError) {
        let status: HTTPResponse.Status =
            switch error.code {
            case .notFound: .notFound
            case .linkInvalid: .gone
            case .rejectedRows, .emptyFleet, .badCode: .unprocessableContent
            default: .conflict
            }
        self.init(status, error.code.rawValue, error.message)
    }

    private init(status error: any HTTPResponseError) {
        let status = error.status
        let message = (error as? HTTPError)?.body
        switch status {
        case .notFound: self.init(.notFound, "not_found", message ?? "there is nothing at this address", graphSubcode: 33)
        case .methodNotAllowed: self.init(.methodNotAllowed, "method_not_allowed", message ?? "this address does not take that method")
        case .contentTooLarge: self.init(.contentTooLarge, "too_large", message ?? "the body is too large")
        default:
            self.init(status, status.kind == .serverError ? "internal" : "bad_request", message ?? status.reasonPhrase.lowercased())
        }
    }
}
