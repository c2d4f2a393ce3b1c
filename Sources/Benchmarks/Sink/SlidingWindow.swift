/// Counts in windows that may begin at any moment.
package enum SlidingWindow {
    /// The most events in any half-open window `[t, t + width)`. A window that begins at an event is enough: moving its start to the next
    /// event loses none.
    /// - Parameters:
    ///   - times: ascending, in the unit of `width`.
    ///   - width: 1 or more.
    package static func worst(_ times: some RandomAccessCollection<Int64>, width: Int64) -> Int { busiest(times, width: width)?.count ?? 0 }

    /// The first of the windows with the most events: how many, and the first of them. Nil: there is no event.
    package static func busiest(_ times: some RandomAccessCollection<Int64>, width: Int64) -> (count: Int, start: Int64)? {
        var busiest: (count: Int, start: Int64)?
        var count = 0
        var start = times.startIndex
        for time in times {
            count += 1
            while time - times[start] >= width {
                start = times.index(after: start)
                count -= 1
            }
            if count > busiest?.count ?? 0 { busiest = (count, times[start]) }
        }
        return busiest
    }
}
