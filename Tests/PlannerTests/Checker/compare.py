#!/usr/bin/env python3
"""Compares plans with exact optima: runs the planner on small fleets, audits each plan, solves each fleet with CP-SAT, and prints a table.

    compare.py --planner PROGRAM --instances FOLDER [--seconds N] [--limit N]

PROGRAM is run as `PROGRAM plan fleet.csv --settings … --now … --out …`. Exits 1 when a promise of the planner is broken.
"""
import argparse, json, subprocess, sys
from pathlib import Path

from exact import LEVELS, solve


def run(planner, folder, more=()):
    plan = folder / "plan.json"
    command = [planner, "plan", str(folder / "fleet.csv"), "--settings", str(folder / "settings.json"), "--out", str(plan),
               "--now", (folder / "now").read_text(), *more]
    if (folder / "operators.csv").exists():
        command += ["--operators", str(folder / "operators.csv")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(f"{folder}: the planner ended with {done.returncode}: {done.stderr[:500]}")
    return json.loads(plan.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planner", required=True)
    parser.add_argument("--instances", required=True, type=Path)
    parser.add_argument("--seconds", type=float, default=20, help="for each level")
    parser.add_argument("--limit", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    equal, worse, completion, broken, total = dict.fromkeys(LEVELS, 0), [], [], [], 0
    print(f"{'fleet':8}{'rows':>5}  " + "".join(f"{level + ' ours/exact/bounds':>40}" for level in LEVELS))
    for folder in sorted(args.instances.iterdir())[: args.limit]:
        plan = run(args.planner, folder)
        ours, own = plan["plan"]["objective"], plan["plan"]["bound"]
        exact = solve(folder, args.seconds, plan, args.workers)
        line, level_is_equal, total = "", True, total + 1
        weights = [6 - int(r.get("priority") or 3) for r in __import__("csv").DictReader(open(folder / "fleet.csv"))]
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
    for text in broken:
        print(f"BROKEN {text}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
