#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many files and connections the process may have open.
enum Descriptors {
    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif

    private static var limit: rlimit? {
        var limit = rlimit()
        return getrlimit(resource, &limit) == 0 ? limit : nil
    }

    /// As many as the system lets it have: connections to Meta, to PostgreSQL and from callers together pass the 1,024 that are usual.
    static func raise() {
        guard var limit, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
    }

    /// How many connections callers may hold, so that there are always descriptors for Meta, PostgreSQL and files: without any,
    /// Dispatch stops the program.
    static var forCallers: Int? {
        guard let limit else { return nil }
        let most = Int(clamping: limit.rlim_cur)
        return max(most / 2, most - 2_048)
    }
}
