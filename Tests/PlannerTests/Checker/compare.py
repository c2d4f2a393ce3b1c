#!/usr/bin/env python3
"""Compares plans with exact optima: runs the planner on small fleets, audits each plan, solves each fleet with CP-SAT, and prints a table.

    compare.py --planner PROGRAM --instances FOLDER [--seconds N] [--limit N]
    compare.py --planner PROGRAM --instances FOLDER --gaps [--most SHARE]

With --gaps nothing is solved: each plan is audited, and the gap of its first level that is not zero is told, (value − bound) / bound. It may be
SHARE on average, 0.05 unless told.

PROGRAM is run as `PROGRAM plan fleet.csv --settings … --now … --out …`. Exits 1 when a promise of the planner is broken.
"""
import argparse, csv, json, subprocess, sys, time
from pathlib import Path

from check_plan import Checker

LEVELS = ["unplaced", "lateness", "disruption", "completion"]


def run(planner, folder, more=()):
    plan = folder / "plan.json"
    command = [planner, "plan", str(folder / "fleet.csv"), "--settings", str(folder / "settings.json"), "--out", str(plan),
               "--now", (folder / "now").read_text(), *more]
    if (folder / "operators.csv").exists():
        command += ["--operators", str(folder / "operators.csv")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(f"{folder}: the planner ended with {done.returncode}: {done.stderr[:500]}")
    files = argparse.Namespace(
        plan=str(plan), fleet=str(folder / "fleet.csv"), settings=str(folder / "settings.json"), previous=None,
        operators=str(folder / "operators.csv") if (folder / "operators.csv").exists() else None)
    return json.loads(plan.read_text()), [f"{folder.name}: {violation}" for violation in Checker(files).run()]


def gaps(planner, folder, most):
    """Sizes of the proven gaps of larger fleets."""
    found, broken = [], []
    print(f"{'fleet':8}{'rows':>6}{'seconds':>9}  {'level':12}{'value':>12}{'bound':>12}{'gap':>9}")
    for place in sorted(folder.iterdir()):
        begin = time.monotonic()
        plan, violations = run(planner, place)
        seconds, broken = time.monotonic() - begin, broken + violations
        value, bound = plan["plan"]["objective"], plan["plan"]["bound"]
        level = next((level for level in LEVELS if value[level]), None)
        gap = 0 if level is None else (value[level] - bound.get(level, 0)) / max(1, bound.get(level, 0))
        found.append(gap)
        rows = len({t["row_ref"] for t in plan["tasks"] if "row_ref" in t}) + len(plan["unplaced"])
        print(f"{place.name:8}{rows:>6}{seconds:>9.1f}  {level or 'all zero':12}{value.get(level, 0):>12}{bound.get(level, 0):>12}{gap:>9.2%}", flush=True)
    mean = sum(found) / len(found)
    print(f"gap of the first level that is not zero: {mean:.2%} on average over {len(found)} fleets, {max(found):.2%} at most")
    if mean > most:
        broken.append(f"the gap is {mean:.2%} on average, {most:.0%} promised")
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planner", required=True)
    parser.add_argument("--instances", required=True, type=Path)
    parser.add_argument("--seconds", type=float, default=20, help="for each level")
    parser.add_argument("--limit", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--gaps", action="store_true")
    parser.add_argument("--most", type=float, default=0.05)
    args = parser.parse_args()
    if args.gaps:
        end(gaps(args.planner, args.instances, args.most))
    from exact import solve

    equal, worse, completion, broken, total = dict.fromkeys(LEVELS, 0), [], [], [], 0
    print(f"{'fleet':8}{'rows':>5}  " + "".join(f"{level + ' ours/exact/bounds':>40}" for level in LEVELS))
    for folder in sorted(args.instances.iterdir())[: args.limit]:
        plan, violations = run(args.planner, folder)
        broken += violations
        ours, own = plan["plan"]["objective"], plan["plan"]["bound"]
        exact = solve(folder, args.seconds, plan, args.workers)
        line, level_is_equal, total = "", True, total + 1
        weights = [6 - int(r.get("priority") or 3) for r in csv.DictReader(open(folder / "fleet.csv"))]
        for level in LEVELS:
            value, bound = exact.get(level, (None, None))
            comparable = level_is_equal and value is not None
            mark = " " if comparable and ours[level] == value else "*" if comparable else "-"
            line += f"{f'{ours[level]}/{value}{chr(61) if value == bound else chr(126)}{bound}/{own.get(level)}{mark}':>40}"
            if comparable and own.get(level, 0) > value:
                broken.append(f"{folder.name}: the bound of {level} {own[level]} is above the optimum {value}")
            if level == "completion":
                if comparable and value:
                    completion.append(ours[level] / value - 1)
                continue
            if comparable and ours[level] <= value:
                equal[level] += 1
            elif comparable:
                allowed = max(max(weights), value * 0.02) if level != "disruption" else value * 0.02
                worse.append((folder.name, level, ours[level], value))
                if ours[level] - value > allowed:
                    broken.append(f"{folder.name}: {level} {ours[level]} where {value} is possible")
            else:
                # A higher level differs: nothing to compare here.
                equal[level] += 1
            level_is_equal = level_is_equal and value is not None and ours[level] <= value
        print(f"{folder.name:8}{len(weights):>5}  {line}", flush=True)
    for level in LEVELS[:3]:
        share = equal[level] / max(1, total)
        print(f"{level}: as good as CP-SAT in {equal[level]} of {total} ({share:.1%})")
        if share < 0.95:
            broken.append(f"{level} is as good in {share:.1%} only, 95 % promised")
    if completion:
        mean = sum(completion) / len(completion)
        print(f"completion: {mean:+.2%} on average over {len(completion)} fleets with equal levels above, at most {max(completion):+.2%}")
        if mean > 0.02:
            broken.append(f"completion is {mean:.2%} above the best known, 2 % promised")
    end(broken)


def end(broken):
    for text in broken:
        print(f"BROKEN {text}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
