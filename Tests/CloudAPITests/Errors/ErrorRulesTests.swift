import Foundation
import Testing

@testable import CloudAPI

/// Meta's documented codes against what Relevo does about them.
@Suite struct ErrorRulesTests {
    static let classes: [(ErrorClass, [ClosedRange<Int>])] = [
        (.fix, [0...0, 3...3, 10...10, 33...33, 100...100, 104...104, 190...190, 192...192, 200...299]),
        (.fix, [131005...131005, 131008...131009, 131014...131014, 131030...131030, 131037...131037, 131042...131042, 131045...131045]),
        (.fix, [131047...131047, 131052...131053, 131055...131055, 131062...131063]),
        (.fix, [132000...132001, 132005...132005, 132008...132008, 132012...132012, 132018...132018, 132068...132068]),
        (.fix, [133000...133000, 133006...133006, 133010...133010, 134100...134100, 136024...136025, 200_002...200_002]),
        (.fix, [2_388_012...2_388_012, 2_388_019...2_388_019, 2_388_024...2_388_024, 2_388_039...2_388_040, 2_388_047...2_388_047]),
        (.fix, [2_388_072...2_388_073, 2_388_091...2_388_091, 2_388_093...2_388_093, 2_388_293...2_388_293, 2_388_299...2_388_299]),
        (.wait, [4...4, 613...613, 80007...80008, 131049...131049, 131057...131057, 131064...131064, 132015...132015]),
        (.wait, [132069...132069, 133008...133009, 133015...133016, 134101...134101, 2_388_023...2_388_023, 2_494_100...2_494_100]),
        (.safeRetry, [130429...130429, 131056...131056]),
        (.reconcile, [1...2, 131000...131000, 131016...131016, 133004...133004]),
        (.never, [130403...130403, 130472...130472, 130497...130497, 131021...131021, 131026...131026, 131050...131051, 132007...132007]),
        (.never, [132016...132016, 135000...135000]),
        (.human, [368...368, 131031...131031, 131048...131048, 133001...133003, 133005...133005, 133007...133007, 134011...134011]),
        (.human, [134102...134102, 137000...137000, 2_388_103...2_388_103, 2_593_107...2_593_108]),
    ]

    @Test(arguments: classes) func everyDocumentedCodeHasItsClass(expected: ErrorClass, ranges: [ClosedRange<Int>]) {
        for code in ranges.joined() {
            for scope in ErrorScope.allCases {
                let verdict = ErrorRules.standard.verdict(code: code, scope: scope)
                #expect(verdict.errorClass == expected, "\(code) on \(scope)")
                #expect(verdict.isKnown && !verdict.advice.isEmpty, "\(code)")
                #expect(verdict.errorClass != .wait || verdict.wait != nil, "\(code) waits for no time")
            }
        }
    }

    @Test(arguments: [
        (0, ErrorAction.stopWABA), (190, .stopWABA), (10, .stopWABA), (250, .stopWABA), (131005, .stopWABA), (131042, .stopWABA),
        (368, .stopWABA),
        (33, .stopSender), (131031, .stopSender), (131037, .stopSender), (131045, .stopSender), (133010, .stopSender),
        (131048, .stopSender),
        (130429, .slowLane), (613, .slowLane), (4, .slowLane), (80007, .slowLane), (131056, .slowPair), (132001, .holdTemplate),
        (132015, .holdTemplate), (132016, .holdTemplate), (137000, .holdRecipient), (131050, .suppressMarketing), (131026, .none),
        (1, .none),
    ])
    func aSendHasItsAction(code: Int, action: ErrorAction) {
        #expect(ErrorRules.standard.verdict(code: code, scope: .send).action == action)
    }

    @Test(arguments: [(4, ErrorAction.pauseManagement), (80007, .pauseManagement), (80008, .pauseManagement), (133004, .readState)])
    func managementCallsHaveTheirOwnAction(code: Int, action: ErrorAction) {
        #expect(ErrorRules.standard.verdict(code: code, scope: .manage).action == action)
    }

    @Test(arguments: [
        (2_388_024, ErrorClass.fix, ErrorAction.treatAsDone), (2_388_012, .fix, .treatAsDone), (2_388_103, .human, .readState),
        (2_388_023, .wait, .none), (2_388_093, .fix, .readState), (2_494_100, .wait, .none),
    ])
    func aSubcodeUnder100Decides(subcode: Int, errorClass: ErrorClass, action: ErrorAction) {
        for code in [100, nil] {
            let verdict = ErrorRules.standard.verdict(on: GraphError(code: code, subcode: subcode, message: ""), scope: .template)
            #expect(verdict.errorClass == errorClass && verdict.action == action)
        }
        #expect(ErrorRules.standard.verdict(code: subcode, scope: .template).action == action)
    }

    @Test func aSubcodeUnderAnyOtherCodeDoesNotDecide() {
        let throttled = GraphError(code: 130429, subcode: 2_388_103, message: "")
        #expect(ErrorRules.standard.verdict(on: throttled, scope: .send).errorClass == .safeRetry)
        let unknownSubcode = GraphError(code: 100, subcode: 2_388_027, message: "")
        #expect(ErrorRules.standard.verdict(on: unknownSubcode, scope: .template).errorClass == .fix)
    }

    @Test(arguments: [nil, 5, 99, 300, 131999, 138_000, 147_001, 2_593_109, -1, Int.max])
    func whatNoRuleKnowsIsForAPerson(code: Int?) {
        for scope in ErrorScope.allCases {
            let verdict = ErrorRules.standard.verdict(on: GraphError(code: code, message: "x"), scope: scope)
            #expect(verdict.errorClass == .human && verdict.action == .none && !verdict.isKnown && verdict.wait == nil)
            #expect(verdict.advice.contains(code.map(String.init) ?? "no error code"))
        }
    }

    @Test func theHTTPStatusNeverDecides() {
        for rule in ErrorRules.standard.rules {
            for scope in ErrorScope.allCases {
                let verdicts = [nil, 200, 400, 401, 403, 404, 429, 500, 503].map {
                    ErrorRules.standard.verdict(on: GraphError(status: $0, code: rule.code.lowerBound, message: ""), scope: scope)
                }
                #expect(verdicts.allSatisfy { $0 == verdicts[0] }, "\(rule.code)")
            }
        }
        // The one exception is an answer without any code.
        #expect(ErrorRules.standard.verdict(on: GraphError(status: 429, code: nil, message: ""), scope: .send).action == .slowLane)
        #expect(ErrorRules.standard.verdict(on: GraphError(status: 400, code: nil, message: ""), scope: .send).errorClass == .human)
    }

    @Test func ofTwoRulesTheMoreSpecificThenTheLaterWins() {
        let rules = ErrorRules.standard.adding([
            ErrorRule(131026, .wait, wait: 5, "later"), ErrorRule(131026, subcode: 7, .human, "subcode"),
            ErrorRule(131026, scope: .media, .fix, "scope"), ErrorRule(131026, subcode: 7, scope: .media, .never, "both"),
        ])
        #expect(rules.verdict(code: 131026, scope: .send).advice == "later")
        #expect(rules.verdict(code: 131026, scope: .send).wait == .seconds(5))
        #expect(rules.verdict(code: 131026, subcode: 7, scope: .send).advice == "subcode")
        #expect(rules.verdict(code: 131026, subcode: 8, scope: .media).advice == "scope")
        #expect(rules.verdict(code: 131026, subcode: 7, scope: .media).advice == "both")
        #expect(ErrorRules.classify(131026, scope: .send) == .never)
    }
}
