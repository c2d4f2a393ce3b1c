/// Counts in windows that may begin at any moment.
package enum SlidingWindow {
    /// The most events in any half-open window `[t, t + width)`. A window that begins at an event is enough: moving its start to the next
    /// event loses none.
    /// - Parameters:
    ///   - times: ascending, in the unit of `width`.
    ///   - width: 1 or more.
    package static func worst(_ times: some RandomAccessCollection<Int64>, width: Int64) -> Int {
        var worst = 0
        var count = 0
        var start = times.startIndex
        for time in times {
            count += 1
            while time - times[start] >= width {
                start = times.index(after: start)
                count -= 1
            }
            worst = max(worst, count)
        }
        return worst
    }
}
