public import Logging

/// Something heard on a LISTEN connection.
public enum PostgresEvent: Sendable, Equatable {
    /// A notification. The payload is a hint; tables are the truth.
    case notification(channel: String, payload: String)
    /// The connection is new: notifications may have been lost before it, so look at the tables.
    case reset
}

extension PostgresClient {
    /// Listens on a connection of its own until the task is cancelled, reconnecting for ever.
    ///
    /// Needs a direct connection: LISTEN does not pass PgBouncer in transaction mode.
    /// - Parameters:
    ///   - channels: names known to the program; they are quoted.
    ///   - handler: called for each event, one at a time.
    public static func listen(
        _ configuration: PostgresConfiguration, channels: [String], logger: Logger, handler: (PostgresEvent) async -> Void
    ) async {
        var reported = false
        while !Task.isCancelled {
            do {
                try await withDirectConnection(configuration, logger: logger) { connection in
                    for channel in channels {
                        try await connection.query("LISTEN \(unescaped: "\"" + channel.replacing("\"", with: "\"\"") + "\"")")
                    }
                    reported = false
                    await handler(.reset)
                    while !Task.isCancelled {
                        // Slices, so that cancellation is seen: the call blocks this connection's own thread only.
                        for (channel, payload) in try await connection.session.notifications(milliseconds: 250) {
                            await handler(.notification(channel: channel, payload: payload))
                        }
                    }
                }
            } catch {
                if !reported && !Task.isCancelled {
                    logger.warning("LISTEN connection lost; reconnecting", metadata: ["error": "\(error)"])
                }
                reported = true
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
