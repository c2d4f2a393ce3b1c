import AsyncHTTPClient
import CloudAPI
import Credentials
import Foundation
import Jobs
import NIOCore
import NIOHTTP1
import NIOPosix
import Postgres
import Synchronization

/// One update to one system of a client's: at least once, as Meta's own webhooks are, and for as long.
struct RelayKind: JobKind {
    let relays: Relays
    let http: HTTPClient
    private let known = Known()

    static let kind = "relay"
    var name: String { Self.kind }
    var delivery: Delivery { .atLeastOnce }
    /// Longest wait for the system's answer. Meta's receivers are to answer within seconds.
    static let timeout = TimeAmount.seconds(10)
    /// After its hand-in, as with Meta.
    static let longest: TimeInterval = 7 * 86_400

    init(relays: Relays, http: HTTPClient) {
        self.relays = relays
        self.http = http
    }

    /// What the process knows of systems, as admission has just read it.
    private final class Known: Sendable {
        struct System {
            var url: String
            var sealed: Data
            var version: Int
        }
        let systems = Mutex<[Int64: System]>([:])
        let underWay = Atomic<Int>(0)
        /// By relay, since the last update that was taken.
        let failures = Mutex<[Int64: Int]>([:])
    }

    /// POSTs that a process has under way to all systems together: those of systems that do not answer must not take the places of sends.
    static let most = 64
    private static let crowded = "others are being told"

    /// Its payload: the relay's id, a line feed, the body.
    static func job(_ relay: Int64, lane: Int64, body: Data) -> NewJob {
        NewJob(lane: lane, kind: kind, payload: Data("\(relay)\n".utf8) + body, priority: 5, maxAttempts: 1000)
    }

    private static func read(_ payload: Data) -> (relay: Int64, body: Data)? {
        guard let end = payload.firstIndex(of: 0x0A), let id = Int64(String(decoding: payload[..<end], as: UTF8.self)) else { return nil }
        return (id, payload[payload.index(after: end)...])
    }

    func prepare(_ attempts: [Attempt]) -> [PostgresQuery] {
        let ids = Set(attempts.compactMap { Self.read($0.payload)?.relay }).sorted()
        return ["SELECT id, url, secret, secrets FROM webhooks.relay WHERE id = ANY (\(ids))"]
    }

    func admit(_ attempts: [Attempt], prepared: [PostgresRows], on db: PostgresConnection) async throws -> [Admission] {
        let rows = try prepared[0].decode((Int64, String, Data, Int).self)
        let systems = Dictionary(
            rows.map { ($0.0, Known.System(url: $0.1, sealed: $0.2, version: $0.3)) }, uniquingKeysWith: { first, _ in first })
        // Admissions may end in another order than they have read.
        known.systems.withLock { $0.merge(systems) { $0.version > $1.version ? $0 : $1 } }
        return attempts.map { attempt in
            Self.read(attempt.payload).flatMap { systems[$0.relay] } == nil ? .drop(reason: "the relay was removed") : .go
        }
    }

    func perform(_ attempt: Attempt) async -> (AttemptResult, detail: (any AttemptDetail)?) {
        guard let (id, body) = Self.read(attempt.payload), let system = known.systems.withLock({ $0[id] }) else {
            return (.dead(reason: "the job names no relay"), nil)
        }
        defer { known.underWay.subtract(1, ordering: .relaxed) }
        guard known.underWay.add(1, ordering: .relaxed).newValue <= Self.most else {
            return (.retry(after: .seconds(1), reason: Self.crowded, costsAttempt: false, lanePenalty: .milliseconds(500)), nil)
        }
        let reason: String
        do {
            let secret = try relays.vault.open(system.sealed, for: Relays.place(id))
            var request = HTTPClientRequest(url: system.url)
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            request.headers.add(name: "User-Agent", value: "Relevo")
            request.headers.add(name: Signature.headerName, value: Signature.sign(body, secret: secret))
            request.body = .bytes(ByteBuffer(bytes: body))
            let response = try await http.execute(request, timeout: Self.timeout)
            // What it says beyond its status is of no use, and may be any amount.
            if (200..<300).contains(response.status.code) {
                known.failures.withLock { $0[id] = nil }
                return (.done(providerID: nil), nil)
            }
            reason = "HTTP \(response.status.code)"
        } catch let error as CredentialError {
            reason = error.message
        } catch {
            reason = Self.text(error)
        }
        let age = Date().timeIntervalSince(JobQueue.handedIn(attempt.jobID))
        if age > Self.longest { return (.dead(reason: "not delivered for seven days; at last: \(reason)"), nil) }
        // A system that takes nothing rests, whatever it answers, so that it is not asked by thousands at once. One that takes others and not this
        // update, or these few, does not: they would hold up all the rest.
        let failures = known.failures.withLock { failures in
            failures[id, default: 0] += 1
            return failures[id, default: 0]
        }
        return (
            .retry(after: Self.wait(attempt.number), reason: reason, costsAttempt: true, lanePenalty: Self.rest(failures)), nil
        )
    }

    /// A second at first, then twice as long each time, up to a quarter of an hour: 680 or so in seven days.
    static func wait(_ attempt: Int) -> Duration { .seconds(min(900, 1 << min(max(attempt - 1, 0), 10))) }

    /// What has failed a few times goes behind what has not: some hundred updates that a system refuses for good would else be in front
    /// of all others at every turn, and with the rest after failures in a row nothing new would come through. A short outage changes no
    /// order.
    func retryPriority(_ attempt: Attempt) -> Int16? { attempt.number < Self.patience ? nil : Self.behind }
    static let patience = 4
    static let behind: Int16 = 7

    /// After so many failures in a row, none of which more than four may be of updates alone: a second at first, up to a minute.
    static func rest(_ failures: Int) -> Duration? { failures < 5 ? nil : .seconds(min(60, 1 << min(failures - 5, 6))) }

    /// Of an error no more than what kind it is: addresses and certificates need not be repeated in every job.
    private static func text(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as IOError: "no connection (errno \(error.errnoCode))"
        case is NIOConnectionError: "no connection"
        default: "\(type(of: error))"
        }
    }

    func settle(_ settlements: [Settlement], on db: PostgresConnection) async throws {
        var tallies: [Int64: RelayTally] = [:]
        for settlement in settlements where !settlement.isLate {
            guard let id = Self.read(settlement.attempt.payload)?.relay else { continue }
            switch settlement.result {
            case .done: tallies[id, default: RelayTally(id)].delivered += 1
            case .retry(_, let reason, _, _) where reason == Self.crowded: break
            case .retry(_, let reason, _, _): tallies[id, default: RelayTally(id)].failure = reason
            case .dead(let reason), .unknown(let reason):
                tallies[id, default: RelayTally(id)].givenUp += 1
                tallies[id, default: RelayTally(id)].failure = reason
            }
        }
        try await RelayTally.add(tallies.values.sorted { $0.relay < $1.relay }, on: db)
    }
}
