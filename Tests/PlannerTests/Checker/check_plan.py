#!/usr/bin/env python3
"""Checks a PLAN.json against the fleet, the operators and the settings it was made of.

Shares nothing with the planner: it has its own reading of the files, its own calendars (zoneinfo) and its own objective.
Phone numbers are not judged: the rejected rows are taken from the plan.

    check_plan.py --fleet FLEET.csv --settings PLANNING.json --plan PLAN.json [--operators OPERATORS.csv] [--previous PLAN.json]
    check_plan.py --folder FOLDER

Prints every violation as `rule: what`, exits 1 when there is one. A folder holds folders as instances.py makes them, each with its plan.json, and
previous.json where it was planned anew; a violation then begins with its folder's name.
"""
import argparse, json, math, sys
from collections import defaultdict
from pathlib import Path

from alone_rows import Alone
from fleet_files import ALONE, COMPANY, DEFAULTS, LATE, Row, date_ranges, instant, intervals, local, local_date, minutes, read_csv, shown
from late_rows import Company


class Checker(Alone, Company):
    def __init__(self, args):
        self.bad = []
        document = json.load(open(args.plan))
        self.document, head = document, document["plan"]
        self.s = {**DEFAULTS, **{k: v for k, v in json.load(open(args.settings)).items() if v is not None}}
        self.begin, self.finish = instant(self.s["horizon_from"]), instant(self.s["horizon_to"])
        self.now, self.slot = instant(head["now"]), self.s["slot_minutes"] * 60
        self.freezes = [(instant(f["from"]), instant(f["to"])) for f in self.s["freezes"]]
        self.otp, self.cut, self.copy = (self.s[k] * 60 for k in ("otp_minutes", "cutover_minutes", "copy_minutes"))
        self.joined = self.s["otp"] == "joined"
        rejected = {r["line"] for r in document["rejected_rows"]}
        self.rows = {f["row_ref"]: Row(f) for line, f in read_csv(args.fleet) if line not in rejected}
        self.operators = None
        if args.operators:
            self.operators = {f["operator_id"]: f for _, f in read_csv(args.operators)}
        self.tasks = {t["id"]: self.task(t) for t in document["tasks"]}
        if len(self.tasks) != len(document["tasks"]):
            self.fail("format", "a task id is there twice")
        previous = json.load(open(args.previous)) if args.previous else None
        self.old = {t["id"]: self.task(t) for t in previous["tasks"]} if previous else {}
        self.replanning = previous is not None

    @staticmethod
    def task(t):
        return {**t, "s": instant(t["start"]), "e": instant(t["end"])}

    def fail(self, rule, text):
        self.bad.append(f"{rule}: {text}")

    # --- what stays (rule 10)

    def sort_out_previous(self):
        self.fixed, self.held, limit = set(), set(), self.now + self.s["replan_freeze_hours"] * 3600
        self.kept_tasks = set()
        for ref, row in self.rows.items():
            old = [t for t in (self.old.get(f"otp:{ref}"), self.old.get(f"cutover:{ref}")) if t]
            states = {t.get("state", "planned") for t in old}
            if not old or states & {"missed", "failed"}:
                continue
            same = lambda t: all(self.tasks.get(t["id"], {}).get(k) == t[k] for k in ("start", "operator", "wave"))
            if states & {"running", "done"}:
                self.fixed.add(ref)
                for t in old:
                    if not same(t) or self.tasks[t["id"]].get("state") != t.get("state"):
                        self.fail("rule 10", f"{t['id']} is fixed but differs")
                continue
            frozen = [t for t in old if t["s"] < limit]
            if frozen and all(same(t) for t in frozen):
                self.held.add(ref)
                self.kept_tasks |= {t["id"] for t in frozen}
            elif frozen:
                self.released(ref, row, frozen, old)
        for id, t in self.old.items():
            if t["kind"] == "template_copy" and id in self.tasks:
                if self.copy_kept(t):
                    if self.tasks[id]["start"] != t["start"]:
                        self.fail("rule 10", f"{id} had to stay at {t['start']}")
                    self.kept_tasks.add(id)
        self.stay = self.fixed | self.held

    def copy_kept(self, old):
        """The copy of the previous plan, when it stays."""
        limit = self.now + self.s["replan_freeze_hours"] * 3600
        stays = old and (old.get("state") in ("running", "done") or old["s"] < limit and old.get("state", "planned") == "planned")
        return old if stays else None

    def released(self, ref, row, frozen, old):
        """A released row needs a reason."""
        if any(need not in self.rows or not any(f"{k}:{need}" in self.old for k in ("otp", "cutover")) for need in row.needs):
            return
        if len(frozen) < len(old) or row.needs or row.pair:  # the other task, a row before it, or its copy may have forced it
            return
        bad = len(self.bad)
        for t in frozen:
            self.check_place(row, {**t, "e": t["s"] + (self.otp if t["kind"] == "otp" else self.cut)}, True)
        broken = len(self.bad) > bad
        del self.bad[bad:]
        if not broken:
            self.fail("rule 10", f"{ref} was inside the freeze and has moved without a reason")

    # --- one task

    def inside(self, text, zone, start, end):
        return any(a <= start and end <= b for a, b in intervals(text, zone, self.begin, self.finish))

    def shifts(self, person, off=True):
        merged = []
        ranges = date_ranges(person.get("off_dates")) if off else ()
        for a, b in intervals(person["shifts"], person["time_zone"], self.begin, self.finish, ranges):
            if merged and a <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
            else:
                merged.append((a, b))
        return merged

    def speaks(self, person, language):
        languages = (person.get("languages") or "").lower().split()
        return not language or not languages or language in languages

    def check_place(self, row, t, kept):
        """Rules 1 and 2 of one task."""
        id, s, e = t["id"], t["s"], t["e"]
        block = self.joined and row.route == "partner"
        hours = row.windows if t["kind"] == "cutover" or block else row.hours
        if not block and not self.inside(hours, row.zone, s, e):
            self.fail("rule 1", f"{id} {shown(s)} is in no window of {hours} {row.zone}")
        day = local_date(s, row.zone)
        if any(a <= day <= b for a, b in row.blackout):
            self.fail("rule 1", f"{id} is on the blackout date {day}")
        if row.earliest and day < row.earliest:
            self.fail("rule 1", f"{id} on {day} is before earliest {row.earliest}")
        if s < self.begin or e > self.finish:
            self.fail("rule 1", f"{id} leaves the horizon")
        if any(s < b and a < e for a, b in self.freezes):
            self.fail("rule 1", f"{id} touches a freeze")
        if s < self.now and not kept:
            self.fail("rule 1", f"{id} starts before now")
        if t["kind"] != "otp":
            return
        if self.operators is None:
            if t["operator"] is not None:
                self.fail("rule 2", f"{id} names an operator though there is no file")
            return
        person = self.operators.get(t["operator"])
        if person is None:
            return self.fail("rule 2", f"{id} has no operator who exists")
        end = e + self.cut if block else e
        if not any(a <= s and end <= b for a, b in self.shifts(person)):
            self.fail("rule 2", f"{id}: {t['operator']} is not on shift")
        if not self.speaks(person, row.language):
            self.fail("rule 2", f"{id}: {t['operator']} does not speak {row.language}")

    def cap(self, rule, what, spans, limit):
        spans = sorted(spans)
        active = []
        for s, e, who in spans:
            active = [x for x in active if x[1] > s] + [(s, e, who)]
            if len(active) > limit and not all(w in self.stay for _, _, w in active):
                self.fail(rule, f"{what}: {len(active)} at {shown(s)}, at most {limit}: {', '.join(sorted(str(w) for _, _, w in active)[:6])}")

    # --- the rules

    def run(self):
        self.sort_out_previous()
        placed, main, code = {}, {}, {}
        unplaced = {u["row_ref"] for u in self.document["unplaced"]}
        for t in self.tasks.values():
            if t["kind"] == "template_copy":
                continue
            if t["row_ref"] not in self.rows:
                self.fail("format", f"{t['id']} is for a row that was not accepted")
                continue
            row = self.rows[t["row_ref"]]
            (main if t["kind"] == row.main else code)[row.ref] = t
        for ref, row in self.rows.items():
            wanted = {row.main} | ({"otp"} if row.has_code else set())
            have = {k for k in ("otp", "cutover") if f"{k}:{ref}" in self.tasks}
            if ref in unplaced:
                if have:
                    self.fail("format", f"{ref} is unplaced but has tasks")
            elif ref not in self.fixed and have != wanted:
                self.fail("tasks", f"{ref} ({row.route}) has tasks {sorted(have)}, needs {sorted(wanted)}")
        self.main, self.code = main, code
        for ref, t in main.items():
            self.check_row(self.rows[ref], t, code.get(ref))
        self.check_copies()
        self.check_caps()
        self.check_waves()
        self.check_unplaced()
        self.check_late()
        self.check_objective()
        return self.bad

    def check_row(self, row, main, code):
        ref = row.ref
        if ref in self.fixed:
            return
        for t in filter(None, (main, code)):
            kept = t["id"] in self.kept_tasks
            length = self.otp if t["kind"] == "otp" else self.cut
            if t["e"] - t["s"] != length:
                self.fail("tasks", f"{t['id']} does not last {length // 60} minutes")
            if (t["s"] - self.begin) % self.slot:
                self.fail("slots", f"{t['id']} does not start on a slot")
            if t.get("state", "planned") != "planned":
                self.fail("tasks", f"{t['id']} has the state {t['state']}")
            self.check_place(row, t, kept)
            old = self.old.get(t["id"])
            if t["kind"] == "otp" and t["s"] < self.now + row.lead * 86400 and not (old and old["s"] == t["s"]) and not kept:
                self.fail("rule 7", f"{t['id']} starts within the two-step lead of {row.lead} days")
        if code:
            if not code["e"] <= main["s"] <= code["e"] + self.s["otp_max_lag_hours"] * 3600:
                self.fail("rule 3", f"{ref}: code ends {code['end']}, cut-over {main['start']}")
            if code["wave"] != main["wave"]:
                self.fail("rule 9", f"{ref}: its tasks are in two waves")
            if self.joined and row.route == "partner":
                if main["s"] != code["e"]:
                    self.fail("rule 2", f"{ref}: joined, but the cut-over does not start where the code ends")
                if main["operator"] != code["operator"]:
                    self.fail("rule 2", f"{ref}: joined, but not one operator for all of it")
                if not self.inside(row.windows, row.zone, code["s"], main["e"]):
                    self.fail("rule 2", f"{ref}: the block is in no window")
        first = min(t["s"] for t in filter(None, (main, code)))
        for need in row.needs:
            if need not in self.main:
                self.fail("rule 8", f"{ref} is placed, {need} is not")
            elif first < self.main[need]["e"]:
                self.fail("rule 8", f"{ref} starts before {need} is over")
        for other in row.apart:
            if other in self.main and other != ref and not {ref, other} <= self.stay:
                if local_date(main["s"], row.zone) == local_date(self.main[other]["s"], row.zone):
                    self.fail("rule 8", f"{ref} is on the same day as {other}")

    def check_copies(self):
        copies = {(t["source_waba_id"], t["dest_waba_id"]): t for t in self.tasks.values() if t["kind"] == "template_copy"}
        for ref, t in self.main.items():
            pair = self.rows[ref].pair
            if ref in self.fixed or not pair:
                continue
            if pair not in copies:
                self.fail("rule 4", f"{ref} has no template copy")
            elif t["s"] < copies[pair]["e"] + self.s["copy_lead_hours"] * 3600:
                self.fail("rule 4", f"{ref} is cut over before its copy has rested")
        used = {self.rows[r].pair for r in self.main}
        for pair, t in copies.items():
            if pair not in used:
                self.fail("tasks", f"{t['id']} is for no placed row")
            if t["id"] in self.kept_tasks:
                continue
            if t["s"] < max(self.now, self.begin) or t["e"] > self.finish or t["e"] - t["s"] != self.copy or (t["s"] - self.begin) % self.slot:
                self.fail("rule 1", f"{t['id']} is outside the horizon, too early, off its slot or of a wrong length")
        self.stay |= self.kept_tasks
        self.cap("rule 4", "copies", [(t["s"], t["e"], t["id"]) for t in copies.values()], self.s["max_concurrent_copies"])

    def check_caps(self):
        spans = [(t["s"], t["e"], r) for r, t in self.main.items()]
        self.cap("rule 5", "cut-overs", spans, self.s["max_concurrent_cutovers"])
        clients, codes, people, days, first = (defaultdict(list) for _ in range(5))
        for s, e, ref in spans:
            row = self.rows[ref]
            clients[row.client].append((s, e, ref))
            days[row.client, local_date(s, row.zone)].append(ref)
            first[row.client].append((s, ref))
        for t in self.tasks.values():
            if t["kind"] == "otp" and t["row_ref"] in self.rows:
                row = self.rows[t["row_ref"]]
                codes[row.client].append((t["s"], t["e"], row.ref))
                block = self.joined and row.route == "partner" and row.ref in self.main
                people[t["operator"]].append((t["s"], self.main[row.ref]["e"] if block else t["e"], row.ref))
        for client in clients:
            self.cap("rule 5", f"cut-overs of {client}", clients[client], self.s["max_concurrent_cutovers_per_client"])
            self.cap("rule 5", f"codes of {client}", codes[client], 1)
        for (client, day), refs in days.items():
            if len(refs) > self.s["max_cutovers_per_client_per_day"] and not set(refs) <= self.stay:
                self.fail("rule 5", f"{len(refs)} cut-overs of {client} on {day}")
        if self.operators is not None:
            for name, booked in people.items():
                if name in self.operators:
                    self.cap("rule 2", f"codes with {name}", booked, int(self.operators[name].get("max_parallel") or 1))
        starts, limit = sorted(min(f) for f in first.values()), self.s["new_clients_per_7_days"]
        for i in range(len(starts) - limit):
            group = starts[i:i + limit + 1]
            if group[-1][0] - group[0][0] < 168 * 3600 and not all(r in self.stay for _, r in group):
                self.fail("rule 6", f"more than {limit} new clients in the 168 h from {shown(group[0][0])}")

    # --- waves, explanations, objective

    def check_waves(self):
        self.able, waves = {}, defaultdict(list)
        for ref, t in self.main.items():
            waves[t["wave"]].append((t["s"], t["e"], ref))
            row = self.rows[ref]
            if row.pin is not None and t["wave"] != row.pin and ref not in self.stay:
                self.fail("rule 9", f"{ref} is pinned to wave {row.pin} and is in {t['wave']}")
            if t["wave"] == 0 and not row.canary_ok and ref not in self.stay:
                self.fail("rule 9", f"{ref} may not be a canary")
        told = {w["wave"]: (sorted(w["rows"]), instant(w["first_start"]), instant(w["last_end"])) for w in self.document["waves"]}
        true = {w: (sorted(r for _, _, r in m), min(m)[0], max(e for _, e, _ in m)) for w, m in waves.items()}
        if told != true:
            self.fail("rule 9", "the list of waves does not say what the tasks say")
        numbers = sorted(waves)
        if numbers and not self.stay and (numbers[0] > 1 or numbers != list(range(numbers[0], numbers[-1] + 1))):
            self.fail("rule 9", f"waves are not numbered without gaps: {numbers}")
        soak = self.s["soak_hours"] * 3600
        for v in numbers:
            for w in (w for w in numbers if w > v):
                last, first = max((e, r) for _, e, r in waves[v]), min((s, r) for s, _, r in waves[w])
                for s, _, r in waves[w]:
                    for _, e, q in waves[v]:
                        if s < e + soak and not {r, q} <= self.stay and r not in self.fixed:
                            self.fail("rule 9", f"{r} of wave {w} starts {shown(s)}, before {q} of wave {v} has soaked")
                            break
                    else:
                        continue
                    break
        pins = sum(r.pin == 0 for r in self.rows.values())
        for wave, members in waves.items():
            sizes = self.s["wave_sizes"]
            if wave == 0:
                size = max(len({r.kind for r in self.rows.values()}), math.floor(self.s["canary_share"] * len(self.rows)), pins)
            else:
                size = sizes[min(wave, len(sizes)) - 1]
            if len(members) > size and not all(r in self.stay for _, _, r in members):
                self.fail("rule 9", f"wave {wave} holds {len(members)}, at most {size}")
        if self.stay - self.kept_tasks:
            return
        canaries = {self.rows[r].kind for _, _, r in waves[0] if self.canary_able(r)}
        pinned = {r.kind for r in self.rows.values() if r.pin == 0}
        for kind in {self.rows[r].kind for r in self.main} - pinned - canaries:
            if any(self.canary_able(r) for r, row in self.rows.items() if row.kind == kind):
                self.fail("rule 9", f"class {kind} has no canary")

    def check_unplaced(self):
        for item in self.document["unplaced"]:
            row = self.rows.get(item["row_ref"])
            if row is None:
                self.fail("format", f"{item['row_ref']} is unplaced but was not accepted")
                continue
            if not item["reasons"]:
                self.fail("reasons", f"{row.ref} has no reason")
            fits = self.alone(row)
            for reason in item["reasons"]:
                names = set(reason["constraints"])
                if not reason["message"] or names - set(ALONE) - COMPANY:
                    self.fail("reasons", f"{row.ref}: {reason}")
                if names & set(ALONE) and fits:
                    self.fail("reasons", f"{row.ref} would fit alone")
                for name in names & set(ALONE):
                    if not self.alone(row, frozenset([name])):
                        self.fail("reasons", f"{row.ref} does not fit without {name}")
            if not fits and len({n for r in item["reasons"] for n in r["constraints"]} & set(ALONE)) == 0:
                if any(self.alone(row, frozenset([n])) for n in ALONE):
                    self.fail("reasons", f"{row.ref}: a single constraint keeps it out and is not named")

    def check_late(self):
        true = {}
        for ref, t in self.main.items():
            row = self.rows.get(ref)
            if row and row.deadline and (days := (local_date(t["e"] - 1, row.zone) - row.deadline).days) > 0:
                true[ref] = days
        told = {r["row_ref"]: r["days"] for r in self.document["late"]}
        if told != true or len(told) != len(self.document["late"]):
            self.fail("late", f"told {told}, true {true}")
        for item in self.document["late"]:
            row = self.rows.get(item["row_ref"])
            if row is None or len(item["reasons"]) != 1 or not item["reasons"][0]["message"]:
                self.fail("late", f"{item}")
                continue
            reason, names = item["reasons"][0], set(item["reasons"][0]["constraints"])
            if names - set(ALONE) - COMPANY - LATE:
                self.fail("late", f"{row.ref}: {reason}")
            if reason["code"] == "not_found":
                self.fail("late", f"{row.ref} was left late beside a free time: {reason['message']}")
            if reason["code"] in ("fixed", "not_examined"):
                continue
            fits = self.alone(row, by=row.deadline)
            if fits != (reason["code"] != "deadline_too_early"):
                self.fail("late", f"{row.ref} {'could' if fits else 'could not'} be in time alone: {reason['code']}")
            if fits:
                if not self.replanning:
                    singles, free = self.in_company(row)
                    if free or singles != names:
                        self.fail("late", f"{row.ref}: any one of {sorted(singles)}{', and a time is free' if free else ''}; told {sorted(names)}")
                continue
            enough = {n for n in ALONE if self.alone(row, frozenset([n]), by=row.deadline)}
            if enough != names:
                self.fail("late", f"{row.ref} would be in time without one of {sorted(enough)}, told {sorted(names)}")

    def check_objective(self):
        o = dict.fromkeys(("unplaced", "lateness", "disruption", "changes", "completion"), 0)
        for ref, row in self.rows.items():
            t = self.main.get(ref)
            if t is None:
                o["unplaced"] += row.weight
                continue
            if row.deadline:
                o["lateness"] += row.weight * max(0, (local_date(t["e"] - 1, row.zone) - row.deadline).days)
            if t["kind"] == "cutover" and row.peak and row.daily:
                ranges = [tuple(minutes(x) for x in p.strip().split("-")) for p in row.peak.split(";") if p.strip()]
                for at in range(t["s"], t["e"], 60):
                    here = local(at, row.zone)
                    m = here.hour * 60 + here.minute
                    if any(a <= m < b if a < b else m >= a or m < b for a, b in ranges):
                        o["disruption"] += row.daily
            o["completion"] += row.weight * (t["e"] - self.begin) // 60
            old = [self.old.get(f"{k}:{ref}", {}).get("start") for k in ("otp", "cutover")]
            if any(old) and old != [self.tasks.get(f"{k}:{ref}", {}).get("start") for k in ("otp", "cutover")]:
                o["changes"] += 1
        o["disruption"] //= 1440
        told = self.document["plan"]["objective"]
        if told != o:
            self.fail("objective", f"told {told}, true {o}")
        for key, value in self.document["plan"]["bound"].items():
            if value > o[key]:
                self.fail("objective", f"bound {key} {value} is above {o[key]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("fleet", "settings", "plan", "operators", "previous", "folder"):
        parser.add_argument(f"--{name}")
    args = parser.parse_args()
    if args.folder:
        problems, count = [], 0
        for place in sorted(Path(args.folder).iterdir()):
            files = {"fleet": "fleet.csv", "settings": "settings.json", "plan": "plan.json", "operators": "operators.csv",
                     "previous": "previous.json"}
            for option, name in files.items():
                setattr(args, option, str(place / name) if (place / name).exists() else None)
            if args.plan is None:
                problems.append(f"{place.name}: there is no plan")
                continue
            problems += [f"{place.name}: {problem}" for problem in Checker(args).run()]
            count += 1
        print(f"{count} plans")
    else:
        if not (args.fleet and args.settings and args.plan):
            parser.error("--fleet, --settings and --plan are needed, or --folder")
        problems = Checker(args).run()
    print("\n".join(problems) if problems else "no violation")
    sys.exit(1 if problems else 0)
