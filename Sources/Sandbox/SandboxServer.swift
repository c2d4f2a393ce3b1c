import AsyncHTTPClient
import Foundation
import Hummingbird
public import Logging
import NIOCore
import NIOHTTP1
public import ServiceLifecycle

/// A simulated Cloud API: speaks Meta's documented API at `/{version}/…` and its own controls at `/_sandbox/…`.
///
/// It stands alone: nothing of Relevo is used to decide what is right, so that it can be the judge of what Relevo sends.
public final class SandboxServer: Service {
    private let settings: SandboxSettings
    private let logger: Logger
    /// An error of the scenario or of a setting comes up when the server is run.
    private let world: Result<Cloud, any Error>
    private let bound = BoundPort()

    public init(settings: SandboxSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
        world = Result {
            try Cloud(settings) { url in
                guard let response = try? await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(5)),
                    let body = try? await response.body.collect(upTo: 4_096)
                else { return nil }
                return (Int(response.status.code), String(buffer: body))
            }
        }
    }

    /// The port listened on, once it is. Throws `SandboxError` when the server ended without ever listening.
    public var boundPort: Int {
        get async throws {
            let port = await bound.value
            guard port > 0 else { throw SandboxError(description: "the sandbox could not start") }
            return port
        }
    }

    /// Serves until it is shut down. Throws `SandboxError` when the scenario or a setting is wrong.
    public func run() async throws {
        let cloud: Cloud
        do {
            cloud = try world.get()
        } catch {
            await bound.set(0)
            throw error
        }
        let (bound, logger) = (bound, logger)
        let application = Application(
            responder: CloudResponder(cloud: cloud),
            configuration: ApplicationConfiguration(address: .hostname(settings.host, port: settings.port), backlog: 4_096),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("The sandbox listens", metadata: ["port": "\(port)"])
                await bound.set(port)
            }, logger: logger)
        // Retries are the sender's own: the client would wait longer and longer for a receiver that has long been started again.
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.redirectConfiguration = .disallow
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let sender = WebhookSender(cloud: cloud, http: http, secret: settings.appSecret, logger: logger)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await application.run() }
                group.addTask { await cloud.drive() }
                group.addTask { await sender.run() }
                // The listener ends first: by a graceful shutdown, or because it could not start.
                try await group.next()
                group.cancelAll()
            }
        } catch is CancellationError {
            // Stopped.
        } catch {
            await close(cloud, http)
            throw error
        }
        await close(cloud, http)
    }

    private func close(_ cloud: Cloud, _ http: HTTPClient) async {
        await bound.set(0)
        await cloud.closeLog()
        try? await http.shutdown()
    }
}

/// A port that is known after a while.
private actor BoundPort {
    private var port: Int?
    private var waiters: [CheckedContinuation<Int, Never>] = []

    var value: Int {
        get async {
            if let port { return port }
            return await withCheckedContinuation { waiters.append($0) }
        }
    }

    /// The first value stays.
    func set(_ value: Int) {
        guard port == nil else { return }
        port = value
        for waiter in waiters { waiter.resume(returning: value) }
        waiters = []
    }
}
