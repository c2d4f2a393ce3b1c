import Logging
import Postgres

/// The parts of one engine and its life from the first heartbeat to the last completion.
final class EngineCore: Sendable {
    let store: JobStore
    let kinds: [String: any JobKind]
    let settings: EngineSettings
    let logger: Logger
    let state = EngineState()
    let vitality: Vitality
    let completions: Completions
    /// Rings when there may be work.
    let bell = Bell()
    /// Rings when an attempt has ended.
    let ended = Bell()
    /// Rings when the upkeep loop has to end.
    let closing = Bell()
    let intents = Gate(3)
    let recent = RecentIntents()
    let windows = LaneWindows()

    init(store: JobStore, kinds: [any JobKind], settings: EngineSettings, logger: Logger) {
        self.store = store
        self.kinds = Dictionary(kinds.map { ($0.name, $0) }) { first, _ in first }
        self.settings = settings
        vitality = Vitality(staleAfter: settings.staleAfter)
        self.logger = logger
        completions = Completions(store: store, settings: settings, logger: logger) { [state] in state.inFlight - state.waiting }
    }

    func stop(_ how: EngineState.Stop) {
        state.stop(how)
        if how == .crash { completions.abandon() }
        bell.ring()
        ended.ring()
    }

    func live() async {
        let listener = JobSignal.add { [bell] in bell.ring() }
        completions.flushed = { [bell] in bell.ring() }
        let heart = Task { await self.beat() }
        let upkeep = Task { await self.keepUp() }
        let ears = Task { await self.listen() }
        let flushing = Task { await self.completions.run() }
        await claimUntilStopped()
        JobSignal.remove(listener)
        await drain()
        completions.close(within: state.stop == .crash ? .zero : state.stop == .now ? .seconds(2) : .seconds(10))
        await flushing.value
        for task in [heart, upkeep, ears] { task.cancel() }
        closing.ring()
        for task in [heart, upkeep, ears] { await task.value }
        if state.stop != .crash, let worker = state.worker {
            // What it still holds is rescued at once.
            do { try await store.leave(worker) } catch { logger.debug("the worker's row stays", metadata: ["error": "\(error)"]) }
        }
    }

    /// Waits for what is being performed, then asks it to stop.
    private func drain() async {
        let limit = ContinuousClock.now + settings.drainLimit
        while state.inFlight > 0, state.stop == .drain, ContinuousClock.now < limit { _ = await ended.wait(atMost: .milliseconds(100)) }
        guard state.inFlight > 0 else { return }
        state.cancel(past: nil)
        guard state.stop != .crash else { return }
        let last = ContinuousClock.now + .seconds(2)
        while state.inFlight > 0, ContinuousClock.now < last { _ = await ended.wait(atMost: .milliseconds(100)) }
        if state.inFlight > 0 { logger.warning("attempts did not stop; they will be rescued", metadata: ["count": "\(state.inFlight)"]) }
    }

    private func listen() async {
        guard settings.listens else { return }
        await PostgresClient.listen(store.client.configuration, channels: [JobHints.channel], logger: logger) { [bell] _ in bell.ring() }
    }
}
