"""Acyclic automata over decimal digits, from the part of regular expressions that libphonenumber's metadata uses.

Digits, `\\d`, `[1-35]`, `(…)`, `(?:…)`, `|`, `?`, `{n}`, `{n,m}`, and `$` at the end of an alternative. Nothing in it repeats
without a bound, so every automaton is acyclic and building it from its leaves makes it minimal.
"""
import functools

ANY = (1 << 10) - 1
EPS = ("e",)
OPEN, CLOSE, END = ("o",), ("k",), ("$",)


class Unsupported(ValueError):
    """The expression uses something that the automata have no meaning for."""


def cat(a, b):
    """The sequence of two expressions."""
    return b if a == EPS else a if b == EPS else ("c", a, b)


@functools.lru_cache(None)
def parse(text, group=0):
    """The tree of an expression; the bounds of capturing group number `group` stay in it as marks (0: of none)."""
    pos = groups = 0

    def fail():
        raise Unsupported(f"at {pos} of {text}")

    def expect(c):
        nonlocal pos
        if text[pos:pos + 1] != c: fail()
        pos += 1

    def alternatives():
        nonlocal pos
        parts = [sequence()]
        while text[pos:pos + 1] == "|":
            pos += 1
            parts.append(sequence())
        return parts[0] if len(parts) == 1 else ("a", tuple(parts))

    def sequence():
        items = []
        while pos < len(text) and text[pos] not in "|)":
            items.append(repeated(atom()))
        out = EPS
        for item in reversed(items):
            out = cat(item, out)
        return out

    def digit():
        nonlocal pos
        if text[pos:pos + 1] not in tuple("0123456789"): fail()
        pos += 1
        return int(text[pos - 1])

    def atom():
        nonlocal pos, groups
        c = text[pos]
        pos += 1
        if c == "(":
            mine = 0
            if text[pos:pos + 1] == "?":
                pos += 1
                expect(":")
            else:
                groups += 1
                mine = groups
            inner = alternatives()
            expect(")")
            return ("c", OPEN, cat(inner, ("c", CLOSE, EPS))) if group and mine == group else inner
        if c == "$": return END
        if c == "\\":
            expect("d")
            return ("s", ANY)
        if c == "[":
            bits = 0
            while text[pos:pos + 1] != "]":
                if pos >= len(text): fail()
                if text[pos:pos + 1] == "\\":
                    pos += 1
                    expect("d")
                    bits |= ANY
                    continue
                low = high = digit()
                if text[pos:pos + 1] == "-":
                    pos += 1
                    high = digit()
                if high < low: fail()
                for d in range(low, high + 1):
                    bits |= 1 << d
            if not bits: fail()
            pos += 1
            return ("s", bits)
        pos -= 1
        return ("s", 1 << digit())

    def repeated(node):
        nonlocal pos
        if text[pos:pos + 1] == "?":
            pos += 1
            return ("a", (node, EPS))
        if text[pos:pos + 1] == "{":
            bounds = text[pos + 1:].partition("}")[0].split(",")
            if not all(b.isdecimal() for b in bounds) or len(bounds) > 2 or int(bounds[-1]) < int(bounds[0]): fail()
            low, high = int(bounds[0]), int(bounds[-1])
            pos = text.index("}", pos) + 1
            out = EPS
            for _ in range(high - low):
                out = ("a", (cat(node, out), EPS))
            for _ in range(low):
                out = cat(node, out)
            return out
        return node

    out = alternatives()
    if pos != len(text): fail()
    return out


def groups_in(text):
    """How many capturing groups an expression has."""
    return text.count("(") - text.count("(?:")


# What matches as a whole: sets of residual expressions.

@functools.lru_cache(None)
def nullable(r):
    if r[0] == "e": return True
    if r[0] == "s": return False
    if r[0] == "c": return nullable(r[1]) and nullable(r[2])
    if r[0] == "a": return any(nullable(x) for x in r[1])
    raise Unsupported("$ or a group's bounds where the whole has to match")


@functools.lru_cache(None)
def residuals(r, d):
    if r[0] == "e": return frozenset()
    if r[0] == "s": return frozenset([EPS]) if r[1] >> d & 1 else frozenset()
    if r[0] == "a": return frozenset().union(*(residuals(x, d) for x in r[1]))
    out = frozenset(cat(x, r[2]) for x in residuals(r[1], d))
    return out | residuals(r[2], d) if nullable(r[1]) else out


NOTHING = frozenset()


def start(pattern):
    """The state before the first digit; `NOTHING` for no pattern."""
    return frozenset([parse(pattern)]) if pattern else NOTHING


@functools.lru_cache(None)
def step(state, d):
    return frozenset().union(*(residuals(r, d) for r in state)) if state else NOTHING


@functools.lru_cache(None)
def accepts(state):
    return any(nullable(r) for r in state)


# What matches from the start, as a backtracking engine finds it: the first alternative wins, not the longest.

def threads(r, depth, begin=None, end=None):
    """Alternatives in their order: (digits, rest, begin, end) or ("match"|"match at end", begin, end)."""
    if r == EPS: return [("match", begin, end)]
    if r[0] == "s": return [(r[1], EPS, begin, end)]
    if r[0] == "a": return [t for x in r[1] for t in threads(x, depth, begin, end)]
    if r[0] != "c": return threads(("c", r, EPS), depth, begin, end)
    a, b = r[1], r[2]
    if a[0] == "s": return [(a[1], b, begin, end)]
    if a[0] == "a": return [t for x in a[1] for t in threads(cat(x, b), depth, begin, end)]
    if a[0] == "c": return threads(("c", a[1], cat(a[2], b)), depth, begin, end)
    if a == EPS: return threads(b, depth, begin, end)
    if a == OPEN: return threads(b, depth, depth, end)
    if a == CLOSE: return threads(b, depth, begin, depth)
    if b != EPS: raise Unsupported("$ before the end")
    return [("match at end", begin, end)]


def ordered(all_threads):
    """A state: the threads without repeats, up to the first that matches (those after it never win)."""
    out = []
    for t in all_threads:
        if t not in out: out.append(t)
        if t[0] == "match": break
    return tuple(out)


class Pool:
    """All nodes of all automata, each once. Node 0 is the end of every road."""

    def __init__(self):
        self.ids, self.nodes = {}, []
        self.node(0, (0,) * 10)

    def node(self, label, children):
        key = (label, tuple(children))
        if key not in self.ids:
            self.ids[key] = len(self.nodes)
            self.nodes.append(key)
        return self.ids[key]

    def whole(self, pattern, label=1):
        """An automaton that has `label` where the pattern matches all digits."""
        memo = {}

        def go(state):
            if not state: return 0
            if state not in memo:
                memo[state] = self.node(label if accepts(state) else 0, [go(step(state, d)) for d in range(10)])
            return memo[state]

        return go(start(pattern))

    def prefix(self, pattern, label, group=0):
        """An automaton over beginnings: the label of the last labelled node on the way is the match.

        `label(here, at_end)` gives a number from 1 for what matches with digits after it and without; each is (depth, begin, end), the
        last two the bounds of the group (None where it took no part), or None for no match.
        """
        memo = {}

        def go(state, depth):
            if not state: return 0
            if (state, depth) not in memo:
                found = [(t[0] == "match", (depth, t[1], t[2])) for t in state if t[0] in ("match", "match at end")]
                lab = label(next((m for here, m in found if here), None), found[0][1]) if found else 0
                children = []
                for d in range(10):
                    nxt = []
                    for t in state:
                        if isinstance(t[0], int) and t[0] >> d & 1: nxt += threads(t[1], depth + 1, t[2], t[3])
                    children.append(go(ordered(nxt), depth + 1))
                memo[(state, depth)] = self.node(lab, children)
            return memo[(state, depth)]

        return go(ordered(threads(parse(pattern, group), 0)), 0) if pattern else 0
