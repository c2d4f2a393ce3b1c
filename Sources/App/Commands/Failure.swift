import CloudAPI
import Credentials
import Gateway
import Migration
import Planner
import Postgres
import Quality
import Recipients
import Sandbox
import Schema
import Server
import Templates

/// How a command ends: the exit codes are a contract.
public enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    case wrongUsage = 2
    /// Rows, numbers or a payload were refused.
    case rejected = 3
    case needsPerson = 4
    case unreachable = 5
}

/// An end with a reason of the command's own.
public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    public var status: ExitStatus
    /// What, where, why, and what to do; empty when everything has been said.
    public var message: String

    public init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { message }

    /// Any error as the end of a command.
    public init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case is SettingError: self.init(.wrongUsage, "\(error)")
        case let error as SettingsError: self.init(.wrongUsage, "\(error)")
        case is PrivatePostgresError: self.init(.unreachable, "\(error)")
        case let error as PostgresError:
            self.init(error.isTransient ? .unreachable : error.code == .configuration ? .wrongUsage : .failed, "\(error)")
        case is SchemaError: self.init(.failed, "\(error)")
        case let error as MigrationError:
            switch error.code {
            case .rejectedRows, .emptyFleet, .badCode: self.init(.rejected, error.message)
            case _ where error.needsPerson: self.init(.needsPerson, error.message)
            default: self.init(.failed, error.message)
            }
        case let error as CredentialError:
            switch error.code {
            case .badValue: self.init(.rejected, error.message)
            case .badMasterKey: self.init(.wrongUsage, error.message)
            default: self.init(.failed, error.message)
            }
        case let refusal as GatewayRefusal:
            let candidates = refusal.candidates.isEmpty ? "" : "; it could be \(refusal.candidates.joined(separator: " or "))"
            self.init(.rejected, "refused (code \(refusal.code)): \(refusal.details)\(candidates)")
        case let trouble as GraphTrouble:
            let isAway = trouble.remedy == .retry && trouble.code == nil
            self.init(
                isAway ? .unreachable : trouble.remedy == .person ? .needsPerson : .failed,
                isAway
                    ? "the Graph API cannot be reached (\(trouble)): check RELEVO_GRAPH_URL and the network; relevo doctor tells more"
                    : "\(trouble)")
        case let error as ServerError:
            switch error.code {
            case .badValue: self.init(.rejected, error.message)
            // The address to listen on is a setting.
            case .portInUse, .portNotAllowed, .addressNotAvailable: self.init(.wrongUsage, error.message)
            case .nameTaken, .notFound: self.init(.failed, error.message)
            }
        case let error as RecipientError: self.init(.rejected, error.message)
        case let failure as SandboxControls.Failure: self.init(.unreachable, "\(failure)")
        default: self.init(.failed, "\(error)")
        }
    }
}
