import App
import CloudAPI
import Foundation
import Templates
import Testing

@Suite("Outcomes of Graph calls as trouble")
struct TroubleTests {
    private func refused(_ code: Int, subcode: Int? = nil, usage: GraphUsage = GraphUsage()) -> GraphOutcome<String> {
        .refused(
            GraphError(status: 400, code: code, subcode: subcode, message: "no", details: "details"),
            GraphResponse(status: 400, body: Data(), usage: usage))
    }

    @Test("A success is its value")
    func success() throws {
        #expect(try Trouble.value(.success("yes", GraphResponse(status: 200, body: Data())), .write, scope: .manage) == "yes")
    }

    @Test("What provably was not sent may be sent again; what may have been must be read first")
    func certainty() {
        #expect(Trouble.trouble(GraphOutcome<String>.notSent("no route"), .write, scope: .register).remedy == .retry)
        #expect(Trouble.trouble(GraphOutcome<String>.ambiguous("cut off", nil), .write, scope: .register).remedy == .reconcile)
        // A read has no effect that could have happened.
        #expect(Trouble.trouble(GraphOutcome<String>.ambiguous("cut off", nil), .read, scope: .manage).remedy == .retry)
    }

    @Test(
        "Refusals go by the error table",
        arguments: [
            (190, ErrorScope.manage, GraphTrouble.Remedy.person), (133005, .register, .person), (133016, .register, .wait),
            (136025, .register, .person), (2_388_012, .register, .person), (987_654, .manage, .person),
        ])
    func refusals(code: Int, scope: ErrorScope, remedy: GraphTrouble.Remedy) {
        let trouble = Trouble.trouble(refused(code), .write, scope: scope)
        #expect(trouble.remedy == remedy && trouble.code == code)
        #expect(trouble.message.contains("no: details"))
    }

    @Test("Waits are the longer of the rule's and of Meta's own")
    func waits() throws {
        let rule = Trouble.trouble(refused(133016), .write, scope: .register)
        #expect(rule.waitSeconds == 259_200)
        let usage = GraphUsage(app: 100, business: 100, regainAccess: .seconds(600))
        #expect(Trouble.trouble(refused(133009, usage: usage), .write, scope: .register).waitSeconds == 600)
    }

    @Test("A code under 100 keeps its subcode, for those who look for it")
    func subcodes() {
        let trouble = Trouble.trouble(refused(100, subcode: 2_388_012), .write, scope: .register)
        #expect(trouble.isCode(2_388_012) && trouble.remedy == .person)
    }
}
