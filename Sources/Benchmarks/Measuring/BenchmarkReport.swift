import Foundation
import Logging
import Postgres

/// What a measurement was made on.
package struct MeasuredOn: Codable, Sendable {
    package var processors: Int
    /// `debug` figures say nothing about speed.
    package var build: String
    package var postgresql: String?
    package var fsync: String?
    package var synchronousCommit: String?
    package var fullPageWrites: String?
    package var sharedBuffers: String?
    /// Whether the server shares this machine's processors.
    package var serverIsLocal: Bool?
    /// Load average of the last minute at the start: others at work make figures worthless.
    package var loadAverage: Double?

    /// The machine and the program; no database.
    package init() {
        processors = ProcessInfo.processInfo.activeProcessorCount
        #if DEBUG
            build = "debug"
        #else
            build = "release"
        #endif
        var load = [0.0, 0.0, 0.0]
        loadAverage = getloadavg(&load, 3) > 0 ? load[0] : nil
    }

    /// The machine, the program, and the server with its settings.
    init(_ db: some PostgresExecutor, serverIsLocal: Bool) async throws {
        self.init()
        let row = try await db.query(
            """
            SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),
                current_setting('full_page_writes'), current_setting('shared_buffers')
            """
        ).decodeFirst((String, String, String, String, String).self)
        postgresql = row?.0
        fsync = row?.1
        synchronousCommit = row?.2
        fullPageWrites = row?.3
        sharedBuffers = row?.4
        self.serverIsLocal = serverIsLocal
    }
}

/// One JSON object of a benchmark: what was measured, on what, and with which parameters.
package struct BenchmarkReport<Result: Codable & Sendable, Parameters: Codable & Sendable>: Codable, Sendable {
    package var benchmark: String
    package var result: Result
    package var environment: MeasuredOn
    package var parameters: Parameters
    /// What was promised and not kept, in words; empty when all is well.
    package var problems: [String]
}

/// A benchmark that could not be carried out.
package struct BenchmarkError: Error, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
