import NIOCore

#if canImport(Glibc)
    import Glibc

    /// How long a request has lain in the kernel before the sink came to read it.
    ///
    /// A receiver that stands still finds all that came meanwhile at once, and would count it as sent at once. The kernel knows better: it keeps,
    /// in its own ticks, when data last came on a connection.
    enum SinkArrival {
        /// The kernel's tick, in microseconds: 4,000 with most builds.
        static let tick: Int64 = {
            // Read as two integers: two modules define the members of `timespec`, and the compiler cannot tell which is meant.
            withUnsafeTemporaryAllocation(of: timespec.self, capacity: 1) { resolution in
                guard let time = resolution.baseAddress, clock_getres(CLOCK_MONOTONIC_COARSE, time) == 0 else { return 10_000 }
                let (seconds, nanoseconds) = UnsafeRawPointer(time).loadUnaligned(as: (Int, Int).self)
                return Int64(seconds) * 1_000_000 + Int64(nanoseconds) / 1000
            }
        }()

        /// Microseconds that what has just been read has lain there at least: up to two ticks less than in truth, never more. 0 when the kernel
        /// does not tell.
        static func age(_ options: any SocketOptionProvider) -> Int64 {
            var age: Int64 = 0
            // Answered at once, on the channel's own loop.
            options.getTCPInfo().assumeIsolated().whenSuccess { age = max(0, Int64($0.tcpi_last_data_recv) * 1000 - tick) }
            return age
        }
    }
#else
    enum SinkArrival {
        static let tick: Int64 = 0
        static func age(_ options: any SocketOptionProvider) -> Int64 { 0 }
    }
#endif
