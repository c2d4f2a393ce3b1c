"""The planning problem of CONTRACTS section 4 as a model for OR-Tools CP-SAT, without a previous plan: an oracle for small fleets.

Shares nothing with the planner: the calendars are those of fleet_files.py and alone_rows.py. Times are minutes since horizon_from.
"""
import json, math
from collections import defaultdict
from pathlib import Path

from ortools.sat.python import cp_model

from alone_rows import Alone
from check_plan import Checker
from fleet_files import DEFAULTS, Row, date_ranges, instant, intervals, local, local_date, minutes, read_csv

LEVELS = ["unplaced", "lateness", "disruption", "completion"]


class Problem(Alone):
    """The files of a folder, read as the checker reads them."""
    inside, shifts, speaks = Checker.inside, Checker.shifts, Checker.speaks

    def __init__(self, folder, rejected=()):
        self.s = {**DEFAULTS, **json.loads((folder / "settings.json").read_text())}
        self.begin, self.finish = instant(self.s["horizon_from"]), instant(self.s["horizon_to"])
        self.now, self.slot = instant((folder / "now").read_text()), self.s["slot_minutes"] * 60
        self.freezes = [(instant(f["from"]), instant(f["to"])) for f in self.s["freezes"]]
        self.otp, self.cut, self.copy = (self.s[k] * 60 for k in ("otp_minutes", "cutover_minutes", "copy_minutes"))
        self.joined, self.old, self.able = self.s["otp"] == "joined", {}, {}
        self.rows = {f["row_ref"]: Row(f) for line, f in read_csv(folder / "fleet.csv") if line not in rejected}
        people = folder / "operators.csv"
        self.operators = {f["operator_id"]: f for _, f in read_csv(people)} if people.exists() else None

    def copy_kept(self, old):
        return None


def domain(times, begin):
    return cp_model.Domain.FromValues([(t - begin) // 60 for t in times])


class Model:
    def __init__(self, problem):
        self.p, self.m = problem, cp_model.CpModel()
        self.ends, self.late, self.peak, self.placed = {}, {}, {}, {}
        self.main, self.code, self.person, self.wave = {}, {}, {}, {}
        self.copies, self.dates = {}, {}
        self.horizon = (problem.finish - problem.begin) // 60
        self.build()

    def build(self):
        p, m = self.p, self.m
        cutovers, clients, codes, people = [], defaultdict(list), defaultdict(list), defaultdict(list)
        waves = self.wave_count()
        for ref, row in p.rows.items():
            here = m.NewBoolVar(f"placed {ref}")
            self.placed[ref] = here
            starts = p.starts(row, row.main, frozenset())
            if not starts:
                m.Add(here == 0)
                starts = {p.begin}
            length = (p.otp if row.main == "otp" else p.cut) // 60
            main = m.NewIntVarFromDomain(domain(starts, p.begin), f"main {ref}")
            self.main[ref], self.ends[ref] = main, main + length
            cutovers.append(m.NewOptionalFixedSizeIntervalVar(main, length, here, f"cut {ref}"))
            clients[row.client].append(cutovers[-1])
            block = p.joined and row.route == "partner"
            code, booked = None, p.otp // 60
            if row.main == "otp":
                code = main
            elif block:
                code, booked = m.NewIntVar(-self.horizon, self.horizon, f"code {ref}"), (p.otp + p.cut) // 60
                m.Add(code == main - p.otp // 60)
            elif row.has_code:
                times = p.starts(row, "otp", frozenset()) or {p.begin}
                if not p.starts(row, "otp", frozenset()):
                    m.Add(here == 0)
                code = m.NewIntVarFromDomain(domain(times, p.begin), f"code {ref}")
                m.Add(code + p.otp // 60 <= main).OnlyEnforceIf(here)
                m.Add(main <= code + p.otp // 60 + int(p.s["otp_max_lag_hours"] * 60)).OnlyEnforceIf(here)
            self.code[ref] = code
            if code is not None:
                codes[row.client].append(m.NewOptionalFixedSizeIntervalVar(code, p.otp // 60, here, f"code {ref}"))
                if p.operators is not None:
                    self.operator(row, code, booked, here, people)
            self.wave[ref] = [m.NewBoolVar(f"{ref} in {w}") for w in range(waves)]
            m.Add(sum(self.wave[ref]) == here)
        m.AddCumulative(cutovers, [1] * len(cutovers), p.s["max_concurrent_cutovers"])
        for client, spans in clients.items():
            m.AddCumulative(spans, [1] * len(spans), p.s["max_concurrent_cutovers_per_client"])
            m.AddNoOverlap(codes[client])
        for name, spans in people.items():
            m.AddCumulative(spans, [1] * len(spans), int(p.operators[name].get("max_parallel") or 1))
        self.add_copies()
        self.add_days()
        self.add_first()
        self.add_dependencies()
        self.add_waves(waves)
        self.add_levels()

    def operator(self, row, code, booked, here, people):
        p, m, choices = self.p, self.m, []
        for name, person in p.operators.items():
            if not p.speaks(person, row.language):
                continue
            times = set()
            for a, b in p.shifts(person):
                s = p.begin - (p.begin - max(a, p.begin)) // p.slot * p.slot
                while s + booked * 60 <= min(b, p.finish):
                    times.add(s)
                    s += p.slot
            if not times:
                continue
            takes = m.NewBoolVar(f"{name} takes {row.ref}")
            m.AddLinearExpressionInDomain(code, domain(times, p.begin)).OnlyEnforceIf(takes)
            people[name].append(m.NewOptionalFixedSizeIntervalVar(code, booked, takes, f"{name} {row.ref}"))
            choices.append(takes)
        self.person[row.ref] = choices
        m.Add(sum(choices) == here)

    def add_copies(self):
        p, m = self.p, self.m
        spans = []
        for pair in sorted({row.pair for row in p.rows.values() if row.pair}):
            refs = [ref for ref, row in p.rows.items() if row.pair == pair]
            used = m.NewBoolVar(f"copy {pair}")
            m.AddMaxEquality(used, [self.placed[ref] for ref in refs])
            times, s = [], p.begin - (p.begin - max(p.now, p.begin)) // p.slot * p.slot
            while s + p.copy <= p.finish:
                times.append(s)
                s += p.slot
            if not times:
                m.Add(used == 0)
                continue
            start = m.NewIntVarFromDomain(domain(times, p.begin), f"copy at {pair}")
            spans.append(m.NewOptionalFixedSizeIntervalVar(start, p.copy // 60, used, f"copying {pair}"))
            for ref in refs:
                m.Add(self.main[ref] >= start + (p.copy // 60) + int(p.s["copy_lead_hours"] * 60)).OnlyEnforceIf(self.placed[ref])
        m.AddCumulative(spans, [1] * len(spans), p.s["max_concurrent_copies"])

    def date(self, ref, zone):
        """{date: literal} of a row's cut-over in a zone; exactly one is true when it is placed."""
        if (ref, zone) not in self.dates:
            p, m, times = self.p, self.m, defaultdict(list)
            for s in p.starts(p.rows[ref], p.rows[ref].main, frozenset()):
                times[local_date(s, zone)].append(s)
            days = {}
            for day, starts in sorted(times.items()):
                days[day] = m.NewBoolVar(f"{ref} on {day}")
                m.AddLinearExpressionInDomain(self.main[ref], domain(starts, p.begin)).OnlyEnforceIf(days[day])
            m.Add(sum(days.values()) == self.placed[ref])
            self.dates[ref, zone] = days
        return self.dates[ref, zone]

    def add_days(self):
        p, m, limit = self.p, self.m, self.p.s["max_cutovers_per_client_per_day"]
        of = defaultdict(list)
        for ref, row in p.rows.items():
            of[row.client].append(ref)
        for refs in of.values():
            if len(refs) > limit:
                days = defaultdict(list)
                for ref in refs:
                    for day, on in self.date(ref, p.rows[ref].zone).items():
                        days[day].append(on)
                for on in days.values():
                    m.Add(sum(on) <= limit)
        for ref, row in p.rows.items():
            for other in row.apart:
                if other in p.rows and other != ref:
                    mine, theirs = self.date(ref, row.zone), self.date(other, row.zone)
                    for day in mine.keys() & theirs.keys():
                        m.AddAtMostOne(mine[day], theirs[day])

    def add_first(self):
        """Rule 6: a client's first cut-over takes one of so many places for 168 h."""
        p, m, spans = self.p, self.m, []
        of = defaultdict(list)
        for ref, row in p.rows.items():
            of[row.client].append(ref)
        if len(of) <= p.s["new_clients_per_7_days"]:
            return
        for client, refs in of.items():
            opened = m.NewBoolVar(f"opened {client}")
            m.AddMaxEquality(opened, [self.placed[ref] for ref in refs])
            first = m.NewIntVar(0, self.horizon, f"first {client}")
            leads = []
            for ref in refs:
                m.Add(first <= self.main[ref]).OnlyEnforceIf(self.placed[ref])
                is_first = m.NewBoolVar(f"{ref} opens")
                m.AddImplication(is_first, self.placed[ref])
                m.Add(first == self.main[ref]).OnlyEnforceIf(is_first)
                leads.append(is_first)
            m.Add(sum(leads) == opened)
            spans.append(m.NewOptionalFixedSizeIntervalVar(first, 168 * 60, opened, f"new {client}"))
        m.AddCumulative(spans, [1] * len(spans), p.s["new_clients_per_7_days"])

    def add_dependencies(self):
        p, m = self.p, self.m
        for ref, row in p.rows.items():
            for need in row.needs:
                if need not in p.rows:
                    m.Add(self.placed[ref] == 0)
                    continue
                m.AddImplication(self.placed[ref], self.placed[need])
                first = self.main[ref] if self.code[ref] is None else self.code[ref]
                m.Add(first >= self.ends[need]).OnlyEnforceIf(self.placed[ref])

    def wave_count(self):
        """One more wave than is ever of use: more waves only cost soaking time, but for pins."""
        sizes, left, wave = self.p.s["wave_sizes"], len(self.p.rows), 0
        while left > 0:
            wave += 1
            left -= sizes[min(wave, len(sizes)) - 1]
        return max([wave + 1] + [row.pin + 1 for row in self.p.rows.values() if row.pin is not None and row.pin <= len(self.p.rows)]) + 1

    def add_waves(self, waves):
        p, m = self.p, self.m
        sizes, soak = p.s["wave_sizes"], int(p.s["soak_hours"] * 60)
        pins = sum(row.pin == 0 for row in p.rows.values())
        cap = max(len({row.kind for row in p.rows.values()}), math.floor(p.s["canary_share"] * len(p.rows)), pins)
        first = [m.NewIntVar(0, self.horizon, f"first of {w}") for w in range(waves)]
        last = [m.NewIntVar(0, self.horizon * 2, f"last of {w}") for w in range(waves)]
        used = [m.NewBoolVar(f"wave {w}") for w in range(waves)]
        for w in range(waves):
            members = [self.wave[ref][w] for ref in p.rows]
            m.Add(sum(members) <= (cap if w == 0 else sizes[min(w, len(sizes)) - 1]))
            m.AddMaxEquality(used[w], members)
            for ref in p.rows:
                m.Add(first[w] <= self.main[ref]).OnlyEnforceIf(self.wave[ref][w])
                m.Add(last[w] >= self.ends[ref]).OnlyEnforceIf(self.wave[ref][w])
            if w > 1:
                m.AddImplication(used[w], used[w - 1])
            if w > 0:
                m.Add(first[w] >= last[w - 1] + soak).OnlyEnforceIf(used[w], used[w - 1])
        for ref, row in p.rows.items():
            if row.pin is not None:
                for w in range(waves):
                    if w != row.pin:
                        m.Add(self.wave[ref][w] == 0)
                if row.pin >= waves:
                    m.Add(self.placed[ref] == 0)
            if not p.canary_able(ref):
                m.Add(self.wave[ref][0] == 0)
        pinned = {row.kind for row in p.rows.values() if row.pin == 0}
        for kind in {row.kind for row in p.rows.values()} - pinned:
            able = [ref for ref, row in p.rows.items() if row.kind == kind and p.canary_able(ref)]
            if able:
                for ref, row in p.rows.items():
                    if row.kind == kind:
                        m.AddBoolOr([self.placed[ref].Not()] + [self.wave[other][0] for other in able])

    def add_levels(self):
        p, m = self.p, self.m
        unplaced, late, disturbed, completion = [], [], [], []
        for ref, row in p.rows.items():
            here, main = self.placed[ref], self.main[ref]
            unplaced.append(row.weight * (1 - here))
            length = p.otp if row.main == "otp" else p.cut
            starts = p.starts(row, row.main, frozenset())
            done = m.NewIntVar(0, self.horizon * 2, f"completion {ref}")
            m.Add(done == self.ends[ref]).OnlyEnforceIf(here)
            m.Add(done == 0).OnlyEnforceIf(here.Not())
            completion.append(row.weight * done)
            late += [row.weight * x for x in self.steps(ref, starts, lambda s: self.days(row, s + length - 1))] if row.deadline else []
            if row.main == "cutover" and row.peak and row.daily:
                ranges = [tuple(minutes(x) for x in part.strip().split("-")) for part in row.peak.split(";") if part.strip()]
                disturbed += [row.daily * x for x in self.steps(ref, starts, lambda s: self.busy(ranges, row.zone, s))]
        self.levels = {"unplaced": sum(unplaced), "lateness": sum(late) if late else 0, "disruption": sum(disturbed) if disturbed else 0,
                       "completion": sum(completion)}

    def steps(self, ref, starts, value):
        """value(start) of a row that is placed, as value × literal for each value."""
        by = defaultdict(list)
        for s in starts:
            by[value(s)].append(s)
        terms, literals = [], []
        for amount, times in sorted(by.items()):
            on = self.m.NewBoolVar(f"{ref} {amount}")
            self.m.AddLinearExpressionInDomain(self.main[ref], domain(times, self.p.begin)).OnlyEnforceIf(on)
            literals.append(on)
            if amount:
                terms.append(amount * on)
        if literals:
            self.m.Add(sum(literals) == self.placed[ref])
        return terms

    def days(self, row, last):
        return max(0, (local_date(last, row.zone) - row.deadline).days)

    def busy(self, ranges, zone, start):
        count = 0
        for at in range(start, start + self.p.cut, 60):
            here = local(at, zone)
            minute = here.hour * 60 + here.minute
            count += any(a <= minute < b if a < b else minute >= a or minute < b for a, b in ranges)
        return count

    def hint(self, tasks, begin):
        """Starts from a plan: the search begins where the planner ended, and can only do better."""
        for ref in self.p.rows:
            kind = self.p.rows[ref].main
            task = tasks.get(f"{kind}:{ref}")
            self.m.AddHint(self.placed[ref], int(task is not None))
            if task:
                self.m.AddHint(self.main[ref], (instant(task["start"]) - begin) // 60)
                for w, literal in enumerate(self.wave[ref]):
                    self.m.AddHint(literal, int(w == task["wave"]))
                code = tasks.get(f"otp:{ref}")
                if code and kind == "cutover" and not self.p.joined:
                    self.m.AddHint(self.code[ref], (instant(code["start"]) - begin) // 60)


def solve(folder, seconds, plan=None, workers=2):
    """{level: (value, bound)}, level by level, each with the ones above it held at the value found. Minutes; disruption as in the objective."""
    rejected = {r["line"] for r in plan["rejected_rows"]} if plan else ()
    problem = Problem(folder, rejected)
    model = Model(problem)
    if plan:
        model.hint({t["id"]: t for t in plan["tasks"]}, problem.begin)
    found = {}
    for level in LEVELS:
        expression = model.levels[level]
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds, solver.parameters.num_workers, solver.parameters.random_seed = seconds, workers, 1
        if isinstance(expression, int):
            found[level] = (expression, expression)
            continue
        model.m.Minimize(expression)
        status = solver.Solve(model.m)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return found
        value, bound = round(solver.ObjectiveValue()), math.ceil(solver.BestObjectiveBound() - 1e-6)
        scale = 1440 if level == "disruption" else 1
        found[level] = (value // scale, bound // scale)
        # The whole sum is rounded down: what is left below a unit is free.
        model.m.Add(expression <= (value // scale) * scale + scale - 1)
        model.m.ClearHints()
        for index in range(len(model.m.Proto().variables)):
            model.m.AddHint(model.m.GetIntVarFromProtoIndex(index), solver.Value(model.m.GetIntVarFromProtoIndex(index)))
    return found
