import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import Mustache
import NIOCore
public import ServiceLifecycle

/// Everything Relevo speaks over HTTP, in one listener.
public struct RelevoServer: Service {
    private let dependencies: ServerDependencies
    private let configuration: ServerConfiguration
    private let logger: Logger
    private let address: PublicAddress

    public init(dependencies: ServerDependencies, configuration: ServerConfiguration, logger: Logger) {
        self.dependencies = dependencies
        self.configuration = configuration
        self.logger = logger
        address = PublicAddress(configuration)
    }

    /// The port that was bound; waits for it. Throws what `run()` threw when it could not be.
    public var boundPort: Int {
        get async throws { try await address.port() }
    }

    /// How the outside reaches it; waits for the listener when no address is set.
    public var publicURL: String {
        get async throws { try await address.value() }
    }

    /// Serves until cancelled or shut down gracefully; then requests under way are answered first.
    public func run() async throws {
        let application = Application(
            router: try router(), server: .http1(configuration: .init(idleTimeout: .seconds(configuration.idleTimeout.components.seconds))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil, backlog: 1_024, reuseAddress: true,
                availableConnectionsDelegate: configuration.maximumConnections.map { MaximumAvailableConnections($0, logger: logger) }),
            onServerRunning: { [address] channel in address.bound(.success(channel.localAddress?.port ?? 0)) }, logger: logger)
        do {
            try await application.run()
            address.bound(.failure(ServerError(.notFound, "the server has stopped")))
        } catch {
            let failure = Self.explain(error, configuration)
            address.bound(.failure((failure as? ServerError) ?? ServerError(.addressNotAvailable, "the server failed")))
            throw failure
        }
    }

    /// A failed bind in plain words.
    private static func explain(_ error: any Error, _ configuration: ServerConfiguration) -> any Error {
        let (host, port) = (configuration.host, configuration.port)
        guard let error = error as? IOError else {
            guard error is SocketAddressError else { return error }
            return ServerError(.addressNotAvailable, "the host \(host) has no address; set RELEVO_HTTP_HOST to one of this machine's")
        }
        return switch error.errnoCode {
        case EADDRINUSE: ServerError.portInUse(host, port)
        case EADDRNOTAVAIL:
            ServerError(.addressNotAvailable, "\(host) is no address of this machine; set RELEVO_HTTP_HOST to one that is, or to 0.0.0.0")
        case EACCES, EPERM:
            ServerError(.portNotAllowed, "port \(port) needs more rights than this user has; choose one above 1023 with RELEVO_HTTP_PORT")
        default: error
        }
    }

    /// All routes. Order matters: errors outermost, then the compatible side, which takes its own addresses before any route is looked for.
    func router() throws -> Router<RelevoContext> {
        let keys = APIKeyStore(client: dependencies.client)
        let sessions = SessionStore(client: dependencies.client, keys: keys, lifetime: configuration.sessionLifetime)
        let guardian = Guardian(keys: keys, sessions: sessions, configuration: configuration)
        let (requests, streams) = (Limiter(configuration.maximumRequests), Limiter(configuration.maximumStreams))
        let library = try PageTemplates.library()
        let overview = OverviewSource(dependencies)

        let router = Router(context: RelevoContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(
            middleware: AnswerErrors(
                requests: requests, strangers: Strangers(room: configuration.strangersRoom), bodyTimeout: configuration.bodyTimeout))
        router.add(
            middleware: GraphEndpoint(
                dependencies: dependencies, configuration: configuration, guardian: guardian,
                transfers: Limiter(configuration.maximumTransfers), address: address))
        HealthRoutes(dependencies: dependencies).register(on: router)
        let metrics = MetricsRoute(dependencies, configuration, requests: requests, streams: streams)
        let guarded = Authenticate(guardian: guardian, scope: .read, page: true, unbound: true)
        router.get("/metrics") { request, context in
            try await guarded.handle(request, context: context) { _, _ in try await metrics.respond() }
        }
        WebhookRoutes(dependencies: dependencies, configuration: configuration).register(on: router)
        NativeAPI(
            dependencies: dependencies, configuration: configuration, keys: keys, guardian: guardian, overview: overview, streams: streams
        ).register(on: router)
        Pages(
            dependencies: dependencies, configuration: configuration, guardian: guardian, overview: overview,
            plans: PlanPageSource(dependencies.migrations), library: library
        ).register(on: router)
        LoginPage(sessions: sessions, configuration: configuration, address: address, library: library).register(on: router)
        CodePage(migrations: dependencies.migrations, configuration: configuration, library: library).register(on: router)
        Assets.register(on: router)
        return router
    }
}
