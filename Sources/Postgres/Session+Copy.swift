import CLibPQ

extension Session {
    /// Copies rows of the binary COPY form, in pieces of 64 KiB.
    func copyIn(_ statement: String, _ data: [UInt8]) throws -> Int {
        guard let connection else { throw PostgresError(.connectionFailed, "the connection is closed") }
        defer { note(connection) }
        let start = PQexec(connection, statement)
        guard PQresultStatus(start) == PGRES_COPY_IN else {
            PQclear(try checked(start, on: connection, sql: statement))
            throw PostgresError(.unexpected, "not a COPY FROM STDIN statement")
        }
        PQclear(start)
        let sent = data.withUnsafeBytes { bytes -> Bool in
            var offset = 0
            while offset < bytes.count {
                let length = min(65536, bytes.count - offset)
                let piece = bytes.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) }
                guard PQputCopyData(connection, piece, Int32(length)) == 1 else { return false }
                offset += length
            }
            return true
        }
        _ = PQputCopyEnd(connection, sent ? nil : "the client could not send the data")
        let answer = PQgetResult(connection)
        // Read to the end, refused or not, or the connection stays busy.
        while let extra = PQgetResult(connection) { PQclear(extra) }
        let rows = PostgresRows(result: ResultBox(try checked(answer, on: connection, sql: statement)))
        return rows.affectedRows
    }
}
