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
    """What two plans of a country code (or None) call valid: {(region, length): [lost, gained, one lost, one gained]}."""

    @functools.lru_cache(None)
    def walk(a, b, depth):
        """The same, with the digits from here on."""
        out = {}
        if a is None and b is None or depth > LONGEST: return out
        before, after = old.label(a, depth) if a else None, new.label(b, depth) if b else None
        if before and not after: out[(old.regions[before[0]].name, depth)] = [1, 0, "", None]
        if after and not before: out[(new.regions[after[0]].name, depth)] = [0, 1, None, ""]
        for d in range(10):
            below = walk(old.step(a, d) if a else None, new.step(b, d) if b else None, depth + 1)
            for key, (lost, gained, one_lost, one_gained) in below.items():
                entry = out.setdefault(key, [0, 0, None, None])
                entry[0] += lost
                entry[1] += gained
                if entry[2] is None and one_lost is not None: entry[2] = str(d) + one_lost
                if entry[3] is None and one_gained is not None: entry[3] = str(d) + one_gained
        return out

    return walk(old.start if old else None, new.start if new else None, 0)


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
    # By country code: to which region a number belongs is told by the plans of all that share it.
    old_codes, new_codes = plan.codes(old), plan.codes(new)
    changed = {r.country_code for name in set(old) | set(new) for r in (old.get(name), new.get(name))
               if r and (name not in old or name not in new or old[name].fields != new[name].fields)}
    for code in sorted(changed):
        found = valid_by_length(old_codes.get(code), new_codes.get(code))
        for (name, length), (lost, gained, one_lost, one_gained) in sorted(found.items()):
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
