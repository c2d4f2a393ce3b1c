import CLibPQ
import Foundation

extension Session {
    /// Waits for notifications, at most `milliseconds`. Throws `.connectionFailed` when the server is gone.
    func notifications(milliseconds: Int32) throws -> [(channel: String, payload: String)] {
        guard let connection else { throw PostgresError(.connectionFailed, "the connection is closed") }
        var found = taken(from: connection)
        if found.isEmpty {
            var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, milliseconds) > 0 {
                guard PQconsumeInput(connection) == 1, PQstatus(connection) == CONNECTION_OK else {
                    throw PostgresError(.connectionFailed, "the connection was lost: \(message(of: connection))")
                }
                found = taken(from: connection)
            }
        }
        return found
    }

    private func taken(from connection: OpaquePointer) -> [(channel: String, payload: String)] {
        var found: [(channel: String, payload: String)] = []
        while let notification = PQnotifies(connection) {
            found.append((String(cString: notification.pointee.relname), String(cString: notification.pointee.extra)))
            PQfreemem(notification)
        }
        return found
    }
}
