import CLibPQ

extension Session {
    /// Sends all statements, then reads all answers: one round trip, and one implicit transaction, or with `isolated` one for each.
    ///
    /// After one that fails none has run; isolated, the others have. libpq reads while it waits for room to send, so that a full buffer on both sides is no deadlock.
    func pipeline(_ queries: [PostgresQuery], isolated: Bool = false, ticket: UInt64?) throws -> [PostgresRows] {
        if let failure = queries.lazy.compactMap(\.failure).first { throw failure }
        guard let connection else { throw PostgresError(.connectionFailed, "the connection is closed") }
        defer { note(connection) }
        let names = try preparedNames(of: queries, on: connection)
        if let ticket { try begin(ticket) }
        defer { if ticket != nil { canceller.end() } }
        guard PQenterPipelineMode(connection) == 1 else {
            throw PostgresError(.connectionFailed, "no pipeline: \(message(of: connection))")
        }
        var sent = 0
        var synced = true
        for (query, name) in zip(queries, names) {
            guard send(query, name: name, on: connection) else { break }
            sent += 1
            if isolated { synced = PQpipelineSync(connection) == 1 && synced }
        }
        if !isolated { synced = PQpipelineSync(connection) == 1 }
        let (rows, failure) = answers(to: queries.prefix(sent), isolated: isolated, on: connection)
        let left = PQexitPipelineMode(connection) == 1
        if let failure {
            if isStalePlan(failure), let sql = failure.sql { forget(sql, on: connection) }
            throw failure
        }
        guard synced, left, rows.count == queries.count else {
            throw PostgresError(.connectionFailed, "the pipeline was not finished: \(message(of: connection))")
        }
        return rows
    }

    /// Prepared before the pipeline starts; nil for all when there are too many to stay in the cache together.
    private func preparedNames(of queries: [PostgresQuery], on connection: OpaquePointer) throws -> [String?] {
        guard Set(queries.map { "\($0.parameters.oids) \($0.sql)" }).count <= statements.capacity else {
            return [String?](repeating: nil, count: queries.count)
        }
        return try queries.map { try prepare($0, on: connection) }
    }

    private func send(_ query: PostgresQuery, name: String?, on connection: OpaquePointer) -> Bool {
        withParameters(of: query) { count, values, lengths, formats in
            if let name { return PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1) == 1 }
            return PQsendQueryParams(connection, query.sql, count, query.parameters.oids, values, lengths, formats, 1) == 1
        }
    }

    /// Reads to the end whatever happens: an answer left behind would be taken for the next statement's.
    private func answers(
        to queries: ArraySlice<PostgresQuery>, isolated: Bool, on connection: OpaquePointer
    ) -> ([PostgresRows], PostgresError?) {
        var rows: [PostgresRows] = []
        var failure: PostgresError?
        for query in queries {
            while let result = PQgetResult(connection) {
                // What comes after a failed statement is skipped by the server.
                if failure != nil || PQresultStatus(result) == PGRES_PIPELINE_ABORTED {
                    PQclear(result)
                    continue
                }
                do {
                    rows.append(PostgresRows(result: ResultBox(try checked(result, on: connection, sql: query.sql))))
                } catch {
                    failure = error as? PostgresError
                }
            }
            if PQstatus(connection) != CONNECTION_OK { return (rows, failure) }
            // The end of its transaction.
            if isolated { PQclear(PQgetResult(connection)) }
        }
        while let result = PQgetResult(connection) { PQclear(result) }
        return (rows, failure)
    }
}
