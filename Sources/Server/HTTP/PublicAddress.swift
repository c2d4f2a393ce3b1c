import Synchronization

/// How the outside reaches this server: the setting, else host and the port that was bound. Also where `boundPort` comes from.
final class PublicAddress: Sendable {
    private struct State {
        var port: Result<Int, ServerError>?
        var waiters: [CheckedContinuation<Int, any Error>] = []
    }

    private let setting: String?
    private let host: String
    private let state = Mutex(State())

    init(_ configuration: ServerConfiguration) {
        setting = configuration.publicURL
        host = configuration.host
    }

    /// Without a trailing slash.
    func value() async throws -> String {
        if let setting { return setting.hasSuffix("/") ? String(setting.dropLast()) : setting }
        let name = host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host
        return "http://\(name.contains(":") ? "[\(name)]" : name):\(try await port())"
    }

    var isSecure: Bool { setting?.hasPrefix("https://") ?? false }

    /// Waits for the listener.
    func port() async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            let known = state.withLock { state -> Result<Int, ServerError>? in
                if let port = state.port { return port }
                state.waiters.append(continuation)
                return nil
            }
            if let known { continuation.resume(with: known.mapError { $0 }) }
        }
    }

    func bound(_ result: Result<Int, ServerError>) {
        let waiters = state.withLock { state in
            guard state.port == nil else { return [CheckedContinuation<Int, any Error>]() }
            state.port = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(with: result.mapError { $0 }) }
    }
}
