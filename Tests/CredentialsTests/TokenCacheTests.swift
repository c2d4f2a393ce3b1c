import CloudAPI
import Foundation
import Testing

@testable import Credentials

@Suite struct TokenCacheTests {
    let start = ContinuousClock.now
    let revision = UUID()

    private func filled(capacity: Int = 10) -> TokenCache {
        var cache = TokenCache(capacity: capacity, freshness: .seconds(2))
        cache.compared(revision, asked: start)
        cache.insert(Secret("one"), waba: "1", revision: revision)
        return cache
    }

    private func name(_ answer: TokenCache.Answer) -> String {
        switch answer {
        case .token(let secret): secret.reveal()
        case .compare: "compare"
        case .load: "load"
        }
    }

    @Test func anEmptyCacheComparesBeforeItLoads() {
        var cache = TokenCache(capacity: 10, freshness: .seconds(2))
        #expect(name(cache.lookUp("1", now: start)) == "compare")
        cache.compared(revision, asked: start)
        #expect(name(cache.lookUp("1", now: start)) == "load")
    }

    @Test func whenItIsTimeOneCallerComparesAndTheOthersGoOn() {
        var cache = filled()
        #expect(name(cache.lookUp("1", now: start + .seconds(1))) == "one")
        #expect(name(cache.lookUp("1", now: start + .seconds(3))) == "compare")
        #expect(name(cache.lookUp("1", now: start + .seconds(3))) == "one")
        // The one who compares hangs: nobody uses a token older than two periods.
        #expect(name(cache.lookUp("1", now: start + .seconds(5))) == "compare")
        #expect(name(cache.lookUp("1", now: start + .seconds(5))) == "compare")
    }

    @Test func anotherRevisionEmptiesIt() {
        var cache = filled()
        cache.compared(revision, asked: start + .seconds(3))
        #expect(name(cache.lookUp("1", now: start + .seconds(4))) == "one")
        cache.compared(UUID(), asked: start + .seconds(5))
        #expect(name(cache.lookUp("1", now: start + .seconds(5))) == "load")
    }

    @Test func aTokenReadUnderAnEarlierRevisionIsNotKept() {
        var cache = filled()
        cache.compared(UUID(), asked: start + .seconds(1))
        cache.insert(Secret("old"), waba: "2", revision: revision)
        cache.insert(Secret("old"), waba: "2", revision: nil)
        #expect(name(cache.lookUp("2", now: start + .seconds(1))) == "load")
        cache.clear()
        cache.insert(Secret("old"), waba: "2", revision: nil)
        #expect(cache.count == 0)
    }

    @Test func anAnswerThatOvertookALaterOneIsIgnored() {
        var cache = filled()
        let newer = UUID()
        cache.compared(newer, asked: start + .seconds(4))
        cache.compared(revision, asked: start + .seconds(3))
        #expect(cache.currentRevision == newer)
    }

    @Test func itNeverHoldsMoreThanItsCapacity() {
        var cache = filled(capacity: 3)
        for waba in 0..<100 {
            cache.insert(Secret("x"), waba: String(waba), revision: revision)
            #expect(cache.count <= 3)
        }
    }
}
