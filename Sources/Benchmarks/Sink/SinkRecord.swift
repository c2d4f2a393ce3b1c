/// One request that the sink took.
package struct SinkRecord: Sendable, Equatable {
    /// Microseconds of `CLOCK_MONOTONIC`, which all processes of a machine share: when the whole request had been read, or
    /// had come in where the kernel is asked.
    package var time: Int64
    /// The `phone_number_id` of the path; 0 when it is none.
    package var number: UInt64
    /// `SinkHash` of `biz_opaque_callback_data`; 0 without one.
    package var callback: UInt64
}

/// 64 bits for a text, never 0: FNV-1a. Of a million texts two are the same with a probability of one in thirty million.
package enum SinkHash {
    package static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash == 0 ? 1 : hash
    }

    package static func of(_ text: String) -> UInt64 { of(text.utf8) }
}
