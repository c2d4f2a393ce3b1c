import Foundation
import Postgres
import Testing

@testable import Gateway

/// Tests of numbers that share a portfolio.
protocol PortfolioSuite {}

extension PortfolioSuite {
    /// A rig whose number, and a second one of another account, share a portfolio.
    func with(
        perDay: Int?, shadow: Bool = false, reply: @escaping @Sendable (MetaStub.Request) async -> MetaStub.Reply = { _ in .accept },
        _ body: (Rig) async throws -> Void
    ) async throws {
        try await Rig.with(reply: reply) { rig in
            try await rig.gateway.senders.set(Rig.sender, SenderChange(portfolioID: "900"))
            try await rig.gateway.senders.add(
                NewSenderRecord(phoneNumberID: QuotaTests.second, e164: "+16505550111", wabaID: "700", clientID: "acme", portfolioID: "900")
            )
            if let perDay {
                try await rig.gateway.setQuota(QuotaTests.portfolio, perDay: .some(perDay), shadow: shadow, source: nil, by: "test")
            }
            try await body(rig)
        }
    }

    func used(_ rig: Rig, _ key: String = QuotaTests.portfolio) async throws -> Int {
        try #require(try await rig.client.query("SELECT used FROM gateway.open_quotas(\([key]))").decodeFirst(Int.self))
    }

    @discardableResult
    func send(_ rig: Rig, _ index: Int, from sender: String = Rig.sender, priority: Int16? = nil) async throws -> UUID {
        try await rig.submit(QuotaTests.template(to: QuotaTests.number(index))) {
            $0.sender = sender
            if let priority { $0.priority = priority }
        }.id
    }
}
