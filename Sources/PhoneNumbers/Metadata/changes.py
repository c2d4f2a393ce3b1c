"""Says what changed between two number plans, region by region: which fields, and how many numbers became valid or stopped being so.

Usage: python3 changes.py OLD.tsv NEW.tsv
Needs nothing but Python. The counts are exact: both plans are compared as automata.
"""
import functools
import sys

import automaton
import plan

LONGEST = 17


def valid_by_length(old, new):
    """For two plans of a region: (length, numbers lost, numbers gained, one lost, one gained), for lengths where there is a difference."""

    def dead(state):
        return not any(state)

    @functools.lru_cache(None)
    def walk(a, b, depth):
        """A dictionary length → [lost, gained, digits lost, digits gained], the digits without their beginning."""
        out = {}
        if dead(a) and dead(b) or depth > LONGEST: return out
        before, after = bool(old and old.type(a, depth)), bool(new and new.type(b, depth))
        if before != after: out[depth] = [int(before), int(after), "" if before else None, "" if after else None]
        for d in range(10):
            below = walk(tuple(automaton.step(s, d) for s in a), tuple(automaton.step(s, d) for s in b), depth + 1)
            for length, (lost, gained, one_lost, one_gained) in below.items():
                entry = out.setdefault(length, [0, 0, None, None])
                entry[0] += lost
                entry[1] += gained
                if entry[2] is None and one_lost is not None: entry[2] = str(d) + one_lost
                if entry[3] is None and one_gained is not None: entry[3] = str(d) + one_gained
        return out

    empty = (automaton.NOTHING,) * 11
    found = walk(old.start() if old else empty, new.start() if new else empty, 0)
    return [(length, *values) for length, values in sorted(found.items())]


def shown(number):
    return "-" if number == "" else number.replace("\t", " at lengths ")


def report(old_path, new_path):
    """Lines that say what changed; empty where nothing did."""
    old_version, old = plan.read(old_path)
    new_version, new = plan.read(new_path)
    lines = []
    if old_version != new_version: lines.append(f"version {old_version} to {new_version}")
    for name in sorted(set(old) | set(new)):
        a, b = old.get(name), new.get(name)
        if a and b and a.fields == b.fields: continue
        if not a: lines.append(f"{name}: new region")
        elif not b: lines.append(f"{name}: region gone")
        else:
            for field in plan.FIELDS:
                if a.text(field) != b.text(field):
                    lines.append(f"{name}: {field} was {shown(a.text(field))} and is {shown(b.text(field))}")
        for length, lost, gained, one_lost, one_gained in valid_by_length(a, b):
            code = (a or b).country_code
            if lost: lines.append(f"{name}: {lost} numbers of {length} digits are no longer valid, such as +{code}{one_lost}")
            if gained: lines.append(f"{name}: {gained} numbers of {length} digits are valid now, such as +{code}{one_gained}")
    return lines


if __name__ == "__main__":
    if len(sys.argv) != 3: sys.exit(__doc__)
    try:
        lines = report(sys.argv[1], sys.argv[2])
    except (OSError, ValueError) as error:
        sys.exit(f"{error}")
    print("\n".join(lines) if lines else "nothing changed")
