"""Number plans as text: one field of one region a line, so that a refresh reads well as a diff."""
import collections
import pathlib

import automaton

# In the order in which they are tried; fixed line and mobile come last and may both match.
TRIED = ["premium_rate", "toll_free", "shared_cost", "voip", "personal", "pager", "uan", "voicemail"]
TYPES = ["unknown"] + TRIED + ["fixed_line", "mobile", "fixed_line_or_mobile"]
FIELDS = ["country_code", "main", "international_prefix", "national_prefix", "transform", "leading_digits", "lengths", "local_lengths",
          "general"] + TRIED + ["fixed_line", "mobile", "short_code"]


def numbers(text):
    return [int(n) for n in text.split(",") if n]


class Region:
    """The plan of one region, or of one country code without a region, as `001/800`."""

    def __init__(self, name, fields):
        self.name = name
        unknown = set(fields) - set(FIELDS)
        if unknown: raise ValueError(f"{name}: no such field: {', '.join(sorted(unknown))}")
        self.fields = fields
        self.country_code = int(fields["country_code"])
        self.is_main = fields.get("main") == "1"

    def text(self, field):
        return self.fields.get(field, "")

    def pattern(self, field):
        """A pattern and the lengths at which it counts."""
        pattern, _, lengths = self.text(field).partition("\t")
        return pattern, frozenset(numbers(lengths))

    def start(self):
        """The state of all type patterns before the first digit."""
        return tuple(automaton.start(self.pattern(f)[0]) for f in ["general"] + TRIED + ["fixed_line", "mobile"])

    def type(self, state, length):
        """Index in TYPES of a number of `length` digits that has led to a state; 0 where the number is not valid."""
        def holds(i, field):
            lengths = self.pattern(field)[1]
            return automaton.accepts(state[i]) and (not lengths or length in lengths)

        if not holds(0, "general"): return 0
        for i, field in enumerate(TRIED, 1):
            if holds(i, field): return i
        fixed, mobile = holds(9, "fixed_line"), holds(10, "mobile")
        return 11 if fixed and mobile else 9 if fixed else 10 if mobile else 0


class Code:
    """All regions of a country code, the main one first: to which of them a number belongs."""

    MATCHED = "matched"

    def __init__(self, regions):
        self.regions = regions
        # As libphonenumber: leading digits tell the region, but an only region needs none.
        self.leading = [automaton.start(r.text("leading_digits")) if len(regions) > 1 else automaton.NOTHING for r in regions]
        self.start = tuple(zip(self.leading, (r.start() for r in regions)))

    def step(self, state, d):
        """The state a digit later; None where no digits lead to a valid number any more."""
        out = []
        for place, (lead, types) in enumerate(state):
            if self.leading[place] and lead != self.MATCHED:
                lead = automaton.step(lead, d)
                if automaton.accepts(lead): lead = self.MATCHED
                if not lead: types = (automaton.NOTHING,) * len(types)
            out.append((lead, tuple(automaton.step(s, d) for s in types)))
        return tuple(out) if any(any(types) for _, types in out) else None

    def label(self, state, length):
        """Place of the region and index of the type of a valid number; None where it is not valid."""
        for place, (lead, types) in enumerate(state):
            if self.leading[place] and lead != self.MATCHED: continue
            kind = self.regions[place].type(types, length)
            if kind: return place, kind
            # Whose leading digits match is its region, even where the number is not valid.
            if self.leading[place]: return None
        return None


def codes(regions):
    """Country code → Code, of all regions."""
    out = collections.OrderedDict()
    for region in regions.values(): out.setdefault(region.country_code, []).append(region)
    return collections.OrderedDict((code, Code(sorted(of, key=lambda r: not r.is_main))) for code, of in out.items())


def read(path):
    """The version and the regions of a file, in its order."""
    version, regions = "", collections.OrderedDict()
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        if line.startswith("#version\t"):
            version = line.split("\t")[1]
            continue
        parts = line.split("\t", 2)
        if len(parts) != 3: raise ValueError(f"{path}, line {number}: expected region, field and value, separated by tabs")
        regions.setdefault(parts[0], {})[parts[1]] = parts[2]
    return version, collections.OrderedDict((n, Region(n, f)) for n, f in regions.items())


def write(path, version, regions):
    lines = [f"#version\t{version}"]
    for name, fields in regions.items():
        lines += [f"{name}\t{f}\t{fields[f]}" for f in FIELDS if fields.get(f)]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")
