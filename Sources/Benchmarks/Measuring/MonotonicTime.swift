import NIOCore

/// The clock of all measurements: `CLOCK_MONOTONIC`, the same for every process of a machine.
package enum MonotonicTime {
    /// Microseconds since an unknown moment.
    package static var micros: Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1000) }
}
