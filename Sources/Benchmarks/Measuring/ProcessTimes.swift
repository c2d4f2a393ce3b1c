import Foundation

/// CPU time of processes, user and system together.
enum ProcessTimes {
    /// Microseconds this process has used.
    static var own: Int64 { usage(RUSAGE_SELF) }

    /// Microseconds that ended child processes have used.
    static var children: Int64 { usage(RUSAGE_CHILDREN) }

    private static func usage(_ who: __rusage_who) -> Int64 {
        var usage = rusage()
        getrusage(who.rawValue, &usage)
        return Int64(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000 + Int64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }

    /// The fields of `/proc/<pid>/stat` after the name, the state being the first; nil when there is no such process.
    static func fields(_ process: Int32) -> [Substring]? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8), let end = text.lastIndex(of: ")") else {
            return nil
        }
        return text[text.index(after: end)...].split(separator: " ")
    }

    static func parent(_ process: Int32) -> Int32? { fields(process).flatMap { $0.count > 1 ? Int32($0[1]) : nil } }

    /// Microseconds a live process has used.
    static func used(_ process: Int32) -> Int64? { fields(process).flatMap { micros($0, 11, 12) } }

    /// The most memory a live process has held, in KiB.
    static func peakKiB(_ process: Int32) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { return nil }
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else { return nil }
        return Int(line.filter(\.isNumber))
    }

    static func micros(_ fields: [Substring], _ places: Int...) -> Int64? {
        guard let last = places.max(), fields.count > last else { return nil }
        let ticks = places.reduce(Int64(0)) { $0 + (Int64(fields[$1]) ?? 0) }
        return ticks * 1_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
    }
}
