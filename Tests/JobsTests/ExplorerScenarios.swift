/// What sessions do, in the words of SQL. Everything an engine is told goes into the ledger in the transaction in which it is told.
extension ExplorerScript {
    static func claimed(_ who: String, worker: Int = 1, most: Int = 10) -> String {
        "INSERT INTO test.claimed SELECT '\(who)', attempt_id, job_id, slot_us FROM jobs.claim(\(worker), 10, \(most), 10, 60)"
    }

    /// Writes the intents of what `who` has claimed.
    static func intended(_ who: String, worker: Int = 1) -> String {
        """
        INSERT INTO test.intended SELECT '\(who)', i, c.job_id
          FROM jobs.intend(\(worker), ARRAY(SELECT attempt_id FROM test.claimed WHERE who = '\(who)' ORDER BY 1), 'M', 60) i
          JOIN test.claimed c ON c.attempt_id = i
        """
    }

    /// Ends what `owner` has claimed, or what it was told it may perform.
    static func finished(_ owner: String, _ ledger: String = "claimed", result: String = "S") -> String {
        """
        WITH mine AS (
            SELECT array_agg(attempt_id ORDER BY attempt_id) AS ids, count(*)::int AS n FROM test.\(ledger) WHERE who = '\(owner)')
        INSERT INTO test.finished SELECT '\(owner)', f.attempt_id FROM mine, jobs.finish(ids, array_fill('\(result)'::text, ARRAY[n]),
            array_fill(NULL::text, ARRAY[n]), array_fill(NULL::text, ARRAY[n]), array_fill(1::float8, ARRAY[n]),
            array_fill(true, ARRAY[n]), array_fill(NULL::bigint, ARRAY[n]), array_fill(NULL::bytea, ARRAY[n])) f WHERE n > 0
        """
    }

    static func claim(_ who: String, worker: Int = 1, most: Int = 10) -> ExplorerScript {
        ExplorerScript(who, claimed(who, worker: worker, most: most))
    }

    /// As the engine does: claim, intent, result, each in its transaction.
    static func perform(_ who: String, worker: Int) -> ExplorerScript {
        ExplorerScript(
            who,
            transactions: [[claimed(who, worker: worker)], [intended(who, worker: worker)], [finished(who, "intended")]])
    }

    static func mine(_ who: String) -> String { "ARRAY(SELECT attempt_id FROM test.claimed WHERE who = '\(who)' ORDER BY 1)" }

    static let enqueue = ExplorerScript("enqueue", "SELECT test.add_jobs(1)")
    static let turn = ExplorerScript("turn", "SELECT jobs.turn(100)")
    static let tidy = ExplorerScript("tidy", "SELECT jobs.tidy()")
    static let cancel = ExplorerScript("cancel", "INSERT INTO test.cancelled SELECT jobs.cancel(ARRAY(SELECT id FROM jobs.job), 'test')")
    static let rescue = ExplorerScript(
        "rescue",
        """
        INSERT INTO test.rescued SELECT 'rescue', attempt_id, verdict
          FROM jobs.rescue(ARRAY(SELECT jobs.rescuable(1, ARRAY['test'], 10)), 1, 1, 1)
        """)
    static let stop = ExplorerScript("stop", "SELECT jobs.pause_everything('test', 'test')")
    static let pauseLane = ExplorerScript("pause", "SELECT jobs.pause_lane('lane', 'test', 'test')")
    static let pauseKind = ExplorerScript("pause", "SELECT jobs.pause_kind('test', 'test', 'test')")
    static let resumeKind = ExplorerScript("resume", transactions: [["SELECT jobs.resume_kind('test')"], ["SELECT jobs.take_up(10)"]])
    static let debit = ExplorerScript("debit", "INSERT INTO jobs.debit (lane_id, tokens) SELECT test.lane(), 3")
    static let redrive = ExplorerScript("redrive", "SELECT jobs.redrive(ARRAY(SELECT job_id FROM jobs.dead), 'test')")
    static func giveBack(_ owner: String) -> ExplorerScript {
        ExplorerScript("give back", "SELECT jobs.give_back(1, \(mine(owner)), 'test')")
    }
    /// An admission that puts everything off, in the transaction of the intent.
    static func refuse(_ owner: String, until: String) -> ExplorerScript {
        ExplorerScript(
            "refuse", "SELECT jobs.intend(1, \(mine(owner)), 'M', 60)",
            """
            SELECT jobs.refuse(array_agg(attempt_id), array_agg(\(until)), array_agg('test'::text))
              FROM jobs.attempt WHERE attempt_id = ANY(\(mine(owner))) AND phase = 1
            """)
    }
}

extension Explorer.Scenario {
    private static let uncapped = "SELECT test.add_lane('lane', 0, 1, 1000)"
    private static let cappedAtTwo = "SELECT test.add_lane('lane', 0, 1, 2)"
    /// The clock stands still: two tokens, and never a third.
    private static let twoTokens = "SELECT test.add_lane('lane', 3600000000, 2, 1000)"
    private static let twentyTokens = "SELECT test.add_lane('lane', 3600000000, 20, 1000)"
    private static func jobs(_ count: Int) -> [String] { ["SELECT test.add_jobs(\(count))", "SELECT jobs.turn(100)"] }
    /// Worker 1 is dead from the beginning: it has no row. Worker 2 lives.
    private static let liveWorker = "INSERT INTO jobs.worker (id, name) OVERRIDING SYSTEM VALUE VALUES (2, 'lives')"

    static let twoClaimsUnderACap = Self(
        name: "claim, claim: a cap", setUp: [cappedAtTwo] + jobs(5), sessions: [.claim("A"), .claim("B")])

    static let wakeDuringAClaim = Self(
        name: "claim, enqueue, turn", setUp: [uncapped] + jobs(1), sessions: [.claim("A"), .enqueue, .turn])

    static let all: [Self] = [
        twoClaimsUnderACap,
        Self(name: "claim, claim: a rate", setUp: [twoTokens] + jobs(5), sessions: [.claim("A"), .claim("B")]),
        Self(
            name: "claim in pieces, claim, claim", setUp: [cappedAtTwo] + jobs(5),
            sessions: [.claim("A", most: 1), .claim("B"), .claim("C")]),
        wakeDuringAClaim,
        Self(
            name: "claim, enqueue, enqueue and turn", setUp: [uncapped] + jobs(1),
            sessions: [
                .claim("A"), .enqueue, ExplorerScript("producer", transactions: [["SELECT test.add_jobs(1)"], ["SELECT jobs.turn(100)"]]),
            ]),
        Self(
            name: "claim, finish, turn: at the cap", setUp: [cappedAtTwo] + jobs(4) + [ExplorerScript.claimed("F")],
            sessions: [.claim("A"), ExplorerScript("finish", ExplorerScript.finished("F")), .turn]),
        Self(
            name: "claim, retry, turn: at the cap", setUp: [cappedAtTwo] + jobs(4) + [ExplorerScript.claimed("F")],
            sessions: [.claim("A"), ExplorerScript("finish", ExplorerScript.finished("F", result: "R")), .turn]),
        Self(
            name: "rescue, a zombie", setUp: [uncapped] + jobs(2) + [ExplorerScript.claimed("Z")],
            sessions: [
                .rescue,
                ExplorerScript("zombie", transactions: [[ExplorerScript.intended("Z")], [ExplorerScript.finished("Z", "intended")]]),
            ]),
        Self(
            name: "rescue and turn, a zombie, a successor", setUp: [uncapped, liveWorker] + jobs(1) + [ExplorerScript.claimed("Z")],
            sessions: [
                ExplorerScript("rescue", transactions: ExplorerScript.rescue.transactions + ExplorerScript.turn.transactions),
                ExplorerScript("zombie", transactions: [[ExplorerScript.intended("Z")], [ExplorerScript.finished("Z", "intended")]]),
                ExplorerScript(
                    "successor", transactions: [[ExplorerScript.claimed("S", worker: 2)], [ExplorerScript.intended("S", worker: 2)]]),
            ]),
        Self(
            name: "rescue, rescue", setUp: [uncapped] + jobs(2) + [ExplorerScript.claimed("Z")],
            sessions: [.rescue, .rescue]),
        Self(name: "cancel, perform", setUp: [uncapped, liveWorker] + jobs(2), sessions: [.cancel, .perform("A", worker: 2)]),
        Self(
            name: "cancel, intend, rescue", setUp: [uncapped] + jobs(2) + [ExplorerScript.claimed("A")],
            sessions: [.cancel, ExplorerScript("intend", ExplorerScript.intended("A")), .rescue]),
        Self(
            name: "cancel, retry, turn", setUp: [uncapped] + jobs(2) + [ExplorerScript.claimed("A")],
            sessions: [.cancel, ExplorerScript("retry", ExplorerScript.finished("A", result: "R")), .turn]),
        Self(
            name: "cancel, promote, claim",
            setUp: [uncapped, "SELECT test.add_jobs(2, 'infinity')", "UPDATE jobs.later SET run_at = '2020-01-01'"],
            sessions: [.cancel, .turn, .claim("A")]),
        Self(
            name: "promote, promote, claim",
            setUp: [uncapped, "SELECT test.add_jobs(2, 'infinity')", "UPDATE jobs.later SET run_at = '2020-01-01'"],
            sessions: [.turn, .turn, .claim("A")]),
        Self(name: "stop everything, perform", setUp: [uncapped, liveWorker] + jobs(2), sessions: [.stop, .perform("A", worker: 2)]),
        Self(name: "pause a lane, perform", setUp: [uncapped, liveWorker] + jobs(2), sessions: [.pauseLane, .perform("A", worker: 2)]),
        Self(name: "pause a kind, perform", setUp: [uncapped, liveWorker] + jobs(2), sessions: [.pauseKind, .perform("A", worker: 2)]),
        Self(
            name: "resume a kind, claim, turn", setUp: [uncapped] + jobs(2) + ["SELECT jobs.pause_kind('test', 'test', 'test')"],
            sessions: [.resumeKind, .claim("A"), .turn]),
        Self(
            name: "give back, claim, turn", setUp: [cappedAtTwo] + jobs(3) + [ExplorerScript.claimed("G")],
            sessions: [.giveBack("G"), .claim("A"), .turn]),
        Self(
            name: "give back, rescue, intend", setUp: [uncapped] + jobs(2) + [ExplorerScript.claimed("G")],
            sessions: [.giveBack("G"), .rescue, ExplorerScript("intend", ExplorerScript.intended("G"))]),
        Self(
            name: "give back of tokens, claim, claim",
            setUp: [twoTokens] + jobs(3) + [ExplorerScript.claimed("G"), "SELECT jobs.turn(100)"],
            sessions: [
                ExplorerScript("give back", transactions: ExplorerScript.giveBack("G").transactions + ExplorerScript.turn.transactions),
                .claim("A"), .claim("B"),
            ]),
        Self(
            name: "postpone, cancel, rescue", setUp: [uncapped] + jobs(2) + [ExplorerScript.claimed("G")],
            sessions: [.refuse("G", until: "'infinity'::timestamptz"), .cancel, .rescue]),
        Self(
            name: "drop, cancel, rescue", setUp: [uncapped] + jobs(2) + [ExplorerScript.claimed("G")],
            sessions: [.refuse("G", until: "NULL::timestamptz"), .cancel, .rescue]),
        Self(name: "debit, claim, claim", setUp: [twentyTokens] + jobs(5), sessions: [.debit, .claim("A", most: 2), .claim("B", most: 2)]),
        Self(
            name: "finish, finish", setUp: [uncapped] + jobs(3) + [ExplorerScript.claimed("F")],
            sessions: [ExplorerScript("once", ExplorerScript.finished("F")), ExplorerScript("again", ExplorerScript.finished("F"))]),
        Self(
            name: "redrive, redrive, turn",
            setUp: [uncapped] + jobs(2) + [ExplorerScript.claimed("F"), ExplorerScript.finished("F", result: "X")],
            sessions: [.redrive, .redrive, .turn]),
        Self(name: "tidy, claim, enqueue", setUp: [uncapped] + jobs(1), sessions: [.tidy, .claim("A"), .enqueue]),
        Self(name: "turn, turn, enqueue", setUp: [uncapped, "SELECT test.add_jobs(1)"], sessions: [.turn, .turn, .enqueue]),
    ]
}
