import AsyncHTTPClient
import NIOHTTP1
import Synchronization

/// Addresses that were posted to before, taken apart: a process posts to the same few again and again, and taking one apart took 3 of the
/// 80 µs of CPU of a request.
final class AddressBook: Sendable {
    /// Those that come first; further ones are taken apart each time. About 1 kB each.
    private static let capacity = 20_000
    private let known = Mutex<[String: HTTPClient.Request]>([:])

    var count: Int { known.withLock(\.count) }

    /// A request to this address, without headers and body. Throws `HTTPClientError` for what is no address.
    func post(to address: String) throws -> HTTPClient.Request {
        if let request = known.withLock({ $0[address] }) { return request }
        let request = try HTTPClient.Request(url: address, method: .POST)
        known.withLock { if $0.count < Self.capacity { $0[address] = request } }
        return request
    }
}
