import CLibPQ

extension Session {
    /// Sends all statements, then reads all answers: one round trip, one implicit transaction. Throws the first failure.
    func pipeline(_ queries: [PostgresQuery], ticket: UInt64?) throws -> [PostgresRows] {
        let answers = try answers(to: queries, isolated: false, ticket: ticket)
        let rows = try answers.map { try $0.get() }
        guard rows.count == queries.count else { throw PostgresError(.connectionFailed, "the pipeline was not finished") }
        return rows
    }

    /// Sends all statements, then reads all answers: one round trip, each statement a transaction of its own. Throws only what fails all.
    func separately(_ queries: [PostgresQuery], ticket: UInt64?) throws -> [Result<PostgresRows, PostgresError>] {
        let answers = try answers(to: queries, isolated: true, ticket: ticket)
        if answers.count == queries.count { return answers }
        _ = try answers.last?.get()
        throw PostgresError(.connectionFailed, "the pipeline was not finished")
    }

    /// libpq reads while it waits for room to send, so that a full buffer on both sides is no deadlock.
    private func answers(
        to queries: [PostgresQuery], isolated: Bool, ticket: UInt64?
    ) throws -> [Result<PostgresRows, PostgresError>] {
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
        let answers = read(answersTo: queries.prefix(sent), isolated: isolated, on: connection)
        let left = PQexitPipelineMode(connection) == 1
        var hasFailed = false
        for case .failure(let failure) in answers {
            hasFailed = true
            if isStalePlan(failure), let sql = failure.sql { forget(sql, on: connection) }
        }
        guard hasFailed || synced && left && answers.count == queries.count else {
            throw PostgresError(.connectionFailed, "the pipeline was not finished: \(message(of: connection))")
        }
        return answers
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

    /// Reads to the end whatever happens: an answer left behind would be taken for the next statement's. Ends with the failure that the
    /// rest of its transaction was skipped for.
    private func read(
        answersTo queries: ArraySlice<PostgresQuery>, isolated: Bool, on connection: OpaquePointer
    ) -> [Result<PostgresRows, PostgresError>] {
        var answers: [Result<PostgresRows, PostgresError>] = []
        for query in queries {
            var answer: Result<PostgresRows, PostgresError>?
            while let result = PQgetResult(connection) {
                guard answer == nil, PQresultStatus(result) != PGRES_PIPELINE_ABORTED else {
                    PQclear(result)
                    continue
                }
                do {
                    answer = .success(PostgresRows(result: ResultBox(try checked(result, on: connection, sql: query.sql))))
                } catch {
                    answer = .failure(error as? PostgresError ?? PostgresError(.unexpected, "\(error)"))
                }
            }
            if let answer { answers.append(answer) }
            if PQstatus(connection) != CONNECTION_OK { return answers }
            // The end of its transaction.
            if isolated { PQclear(PQgetResult(connection)) }
        }
        while let result = PQgetResult(connection) { PQclear(result) }
        return answers
    }
}
