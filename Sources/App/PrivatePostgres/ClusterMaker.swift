import Foundation
import Logging

/// Makes a cluster and writes its settings.
struct ClusterMaker: Sendable {
    var place: ClusterPlace
    var owner: ClusterOwner
    var programs: ServerPrograms
    var logger: Logger

    /// Made under another name and renamed when whole, so that a process killed in between leaves no half cluster.
    func make() async throws {
        logger.info("making a private PostgreSQL \(programs.version) cluster", metadata: ["folder": "\(place.data)"])
        let unfinished = place.root + "/unfinished"
        try? FileManager.default.removeItem(atPath: unfinished)
        let command = try owner.command(
            programs.path("initdb"),
            [
                "-D", unfinished, "-U", "relevo", "-E", "UTF8", "--locale=C.UTF-8", "--auth-local=peer", "--auth-host=reject",
                "--data-checksums",
            ])
        let result = try await Program.run(command.path, command.arguments)
        guard result.status == 0 else { throw PrivatePostgresError(.failed, "initdb failed in \(place.root): \(result.output)") }
        try write("local all all peer map=relevo\n", to: unfinished + "/pg_hba.conf")
        try write(owner.databaseUsers.map { "relevo \"\($0)\" relevo\n" }.joined(), to: unfinished + "/pg_ident.conf")
        let settings = (try? String(contentsOfFile: unfinished + "/postgresql.conf", encoding: .utf8)) ?? ""
        try write(settings + "\ninclude = 'relevo.conf'\n", to: unfinished + "/postgresql.conf")
        try write("", to: unfinished + "/relevo.conf")
        guard rename(unfinished, place.data) == 0 else {
            throw PrivatePostgresError(.folder, "\(place.data) cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    /// What every start sets anew. `fsync` and `synchronous_commit` stay as they are: on.
    func writeSettings(socketFolder: String) throws {
        try write(
            """
            # Written by relevo at every start; put settings of your own into postgresql.auto.conf with ALTER SYSTEM.
            listen_addresses = ''
            port = 5432
            unix_socket_directories = '\(socketFolder.replacing("'", with: "''"))'
            unix_socket_permissions = 0700
            max_connections = 200
            shared_buffers = 128MB
            log_line_prefix = '%m [%p] '
            log_checkpoints = off
            timezone = 'UTC'
            log_timezone = 'UTC'
            jit = off
            idle_in_transaction_session_timeout = '60s'

            """, to: place.data + "/relevo.conf")
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            chmod(path, 0o600)
        } catch {
            throw PrivatePostgresError(.folder, "\(path) cannot be written: \((error as NSError).localizedDescription)")
        }
        try owner.own(path)
    }
}
