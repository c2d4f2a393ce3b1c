"""Writes plans.tsv (to be read and compared) and Tables.swift (what the engine runs on) from the `phonenumbers` package that is installed.

Usage: python3 generate.py [--tables-only | --check]     (first: pip install phonenumbers)
With --tables-only the tables are made from plans.tsv as it is, without the package; --check says whether they are made from it.
The metadata is libphonenumber's, under the Apache License 2.0; see NOTICE.
"""
import base64
import pathlib
import shutil
import struct
import sys
import tempfile

import automaton
import changes
import plan

HERE = pathlib.Path(__file__).resolve().parent
PLANS = HERE / "plans.tsv"
TABLES = HERE / "Tables.swift"


def described(d):
    if d is None or not d.national_number_pattern: return ""
    return d.national_number_pattern + "\t" + ",".join(str(n) for n in d.possible_length if n > 0)


def fields(m, short):
    general = m.general_desc
    out = {
        "country_code": str(m.country_code), "main": "", "international_prefix": m.international_prefix or "",
        "national_prefix": m.national_prefix_for_parsing or "",
        "transform": (m.national_prefix_transform_rule or "").replace("\\", "$"), "leading_digits": m.leading_digits or "",
        "lengths": ",".join(str(n) for n in general.possible_length if n > 0),
        "local_lengths": ",".join(str(n) for n in general.possible_length_local_only), "general": described(general),
    }
    for name in plan.TRIED + ["fixed_line", "mobile"]:
        out[name] = described(getattr(m, "personal_number" if name == "personal" else name))
    out["short_code"] = described(short.short_code) if short else ""
    return out


def from_package():
    import phonenumbers
    from phonenumbers import PhoneMetadata
    phonenumbers.PhoneMetadata.load_all()
    out = {}
    for code, names in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        for i, name in enumerate(names):
            m = PhoneMetadata.metadata_for_nongeo_region(code) if name == "001" else PhoneMetadata.metadata_for_region(name)
            short = None if name == "001" else PhoneMetadata.short_metadata_for_region(name)
            entry = fields(m, short)
            entry["main"] = "1" if i == 0 else ""
            out[f"001/{code}" if name == "001" else name] = entry
    return phonenumbers.__version__, out


class Tables:
    """All regions as one pool of nodes and a few small tables."""

    def __init__(self, regions):
        self.regions = list(regions.values())
        self.pool = automaton.Pool()
        self.labels = {(0xFFFF, 0): 0}
        # What to do with a national prefix (digits matched, digits to put first, bounds of those to keep), and which of it applies where
        # digits follow and where none do.
        self.actions, self.matches = {(0, "", 0, 0): 0}, {(0, 0): 0}
        self.codes = {}
        for index, region in enumerate(self.regions):
            self.codes.setdefault(region.country_code, []).append(index)
        self.roots = [self.region_roots(r) for r in self.regions]
        self.code_roots = {c: (self.validity(ids), self.leading(ids)) for c, ids in sorted(self.codes.items())}
        if len(self.codes) > 254: raise automaton.Unsupported(f"{len(self.codes)} country codes; the tables hold 254")
        if len(self.pool.nodes) > 0xFFFF: raise automaton.Unsupported(f"{len(self.pool.nodes)} nodes; the tables hold 65,535")

    def region_roots(self, region):
        return (self.pool.prefix(region.text("international_prefix"), lambda *_: 1), self.national_prefix(region),
                self.pool.whole(region.pattern("general")[0]), self.pool.whole(region.pattern("short_code")[0]))

    def national_prefix(self, region):
        """Labels are indices of `matches`."""
        pattern, rule = region.text("national_prefix"), region.text("transform")
        # As libphonenumber: a rule applies where the last group took part.
        group = automaton.groups_in(pattern) if rule else 0
        literal, _, last = rule.partition("$")
        if rule and (last != str(group) or not (literal == "" or literal.isdigit()) or len(literal) > 4):
            raise automaton.Unsupported(f"{region.name}: the transform {rule} of {pattern}")

        def action(match):
            if match is None: return 0
            depth, begin, end = match
            # Without a group the digits of the match are simply dropped.
            what = (depth, "", depth, depth) if begin is None or end is None else (depth, literal, begin, end)
            return self.actions.setdefault(what, len(self.actions))

        def label(here, at_end):
            return self.matches.setdefault((action(here), action(at_end)), len(self.matches))

        return self.pool.prefix(pattern, label, group)

    def validity(self, ids):
        """Labels of valid numbers: their region and type."""
        code, memo = plan.Code([self.regions[i] for i in ids]), {}

        def go(state, depth):
            if state is None: return 0
            if (state, depth) not in memo:
                children = [go(code.step(state, d), depth + 1) for d in range(10)]
                found = code.label(state, depth)
                label = self.labels.setdefault((ids[found[0]], found[1]), len(self.labels)) if found else 0
                memo[(state, depth)] = self.pool.node(label, children)
            return memo[(state, depth)]

        return go(code.start, 0)

    def leading(self, ids):
        """Labels, from 1, of the first region whose leading digits match; 0 where there is but one region."""
        if len(ids) == 1: return 0

        def go(states, best):
            alive = [i for i in range(len(ids)) if states[i] and (best is None or i < best)]
            if not alive: return self.pool.node(0 if best is None else best + 1, [0] * 10) if best is not None else 0
            children = []
            for d in range(10):
                nxt = [automaton.step(s, d) if i in alive else automaton.NOTHING for i, s in enumerate(states)]
                found = next((i for i, s in enumerate(nxt) if automaton.accepts(s)), best)
                children.append(go(nxt, found))
            return self.pool.node(0 if best is None else best + 1, children)

        return go([automaton.start(self.regions[i].text("leading_digits")) for i in ids], None)

    def blob(self):
        """Little-endian: the six counts, then 16-bit and 32-bit fields as Metadata.swift reads them."""
        def mask(text):
            return sum(1 << n for n in plan.numbers(text))

        counts = [self.pool.nodes, self.regions, self.codes, self.labels, self.matches, self.actions]
        out = bytearray(struct.pack("<6H", *(len(c) for c in counts)))
        for label, children in self.pool.nodes: out += struct.pack("<11H", *children, label)
        for r, roots in zip(self.regions, self.roots):
            name = b"\0\0" if r.name.startswith("001/") else r.name.encode()
            out += struct.pack("<2sH4H2L", name, r.country_code, *roots, mask(r.text("lengths")), mask(r.text("local_lengths")))
        for code, ids in sorted(self.codes.items()): out += struct.pack("<5H", code, ids[0], len(ids), *self.code_roots[code])
        for region, kind in self.labels: out += struct.pack("<2H", region, kind)
        for match in self.matches: out += struct.pack("<2H", *match)
        # The digits to put first as a number that begins with a 1, which is no digit of theirs.
        for depth, literal, begin, end in self.actions: out += struct.pack("<4H", depth, int("1" + literal), begin, end)
        return bytes(out)


def tables_of_plans():
    """The text of Tables.swift, and what is in it."""
    version, regions = plan.read(PLANS)
    tables = Tables(regions)
    blob = base64.b64encode(tables.blob()).decode()
    text = (
        "// swift-format-ignore-file\n"
        "// Generated by generate.py from plans.tsv, libphonenumber's metadata (Apache License 2.0, see NOTICE). Do not edit.\n\n"
        f'let metadataVersion = "{version}"\n\n'
        f'let metadataTables: StaticString = "{blob}"\n')
    return text, f"{len(tables.regions)} regions, {len(tables.pool.nodes)} nodes, {len(tables.labels)} labels, {len(tables.actions)} actions"


def main():
    sys.setrecursionlimit(10000)
    if not {"--tables-only", "--check"} & set(sys.argv[1:]):
        with tempfile.TemporaryDirectory() as directory:
            old = pathlib.Path(directory) / "old.tsv"
            if PLANS.exists(): shutil.copy(PLANS, old)
            else: old.write_text("")
            plan.write(PLANS, *from_package())
            lines = changes.report(old, PLANS) if old.read_text() else ["everything is new"]
            print("\n".join(lines) if lines else "nothing changed")
    text, summary = tables_of_plans()
    if "--check" in sys.argv[1:]:
        if TABLES.read_text() != text: sys.exit("Tables.swift was not made from plans.tsv; run make phone-metadata")
    else:
        TABLES.write_text(text)
    print(summary)


if __name__ == "__main__":
    main()
