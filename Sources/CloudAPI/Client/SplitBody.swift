#if CRASH_POINTS
    import AsyncHTTPClient
    import CrashPoints
    import NIOCore

    /// A body whose first byte is handed over by itself, so that a process can be killed in the middle of its request.
    struct SplitBody: AsyncSequence, Sendable {
        let bytes: [UInt8]
        let mark: WriteMark

        static func body(_ bytes: [UInt8], mark: WriteMark) -> HTTPClientRequest.Body {
            .stream(SplitBody(bytes: bytes, mark: mark), length: .known(Int64(bytes.count)))
        }

        func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes, mark: mark) }

        struct Iterator: AsyncIteratorProtocol {
            let bytes: [UInt8]
            let mark: WriteMark
            var taken = 0

            mutating func next() async throws -> ByteBuffer? {
                guard taken < bytes.count else { return nil }
                mark.set()
                if taken == 1 {
                    // The client writes and flushes what it was given; the socket has it a moment later.
                    try await Task.sleep(for: .milliseconds(20))
                    CrashPoint.requestAfterFirstByte.passed()
                }
                let end = taken == 0 ? 1 : bytes.count
                defer { taken = end }
                return ByteBuffer(bytes: bytes[taken..<end])
            }
        }
    }
#endif
