import Synchronization

/// Remembers whether the HTTP client has asked for the first byte of a request's body.
///
/// The client asks for it only once it has a connection and has written the head. A `POST` whose body was never asked for cannot have been
/// carried out, whatever went wrong; after that nothing is certain.
final class WriteMark: Sendable {
    private let state = Atomic<Bool>(false)

    var isSet: Bool { state.load(ordering: .acquiring) }
    func set() { state.store(true, ordering: .releasing) }
}

/// A body that tells when it is first read.
struct MarkedBody: Collection, Sendable {
    let bytes: [UInt8]
    let mark: WriteMark

    var startIndex: Int { 0 }
    var endIndex: Int { bytes.count }
    var count: Int { bytes.count }
    func index(after position: Int) -> Int { position + 1 }
    func index(_ position: Int, offsetBy distance: Int) -> Int { position + distance }
    func index(_ position: Int, offsetBy distance: Int, limitedBy limit: Int) -> Int? {
        bytes.index(position, offsetBy: distance, limitedBy: limit)
    }
    func distance(from start: Int, to end: Int) -> Int { end - start }
    subscript(position: Int) -> UInt8 {
        mark.set()
        return bytes[position]
    }

    func makeIterator() -> [UInt8].Iterator {
        mark.set()
        return bytes.makeIterator()
    }

    func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R? {
        mark.set()
        return try bytes.withContiguousStorageIfAvailable(body)
    }
}
