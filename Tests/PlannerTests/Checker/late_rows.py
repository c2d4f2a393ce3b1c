"""What the other rows, and the waves, take from a late row: for each of its times before the deadline, everything that is in the way."""
import math
from collections import defaultdict

from fleet_files import local_date

WEEK = 168 * 3600


class Company:
    def in_company(self, row):
        """The names of which any one alone would have to go for a time before the deadline; and whether a time is free. First plans only."""
        me = row.ref
        others = {r: t for r, t in self.main.items() if r != me}
        length = self.otp if row.main == "otp" else self.cut
        ready = after = self.begin
        alone = self.begin
        if row.pair:
            lead = self.s["copy_lead_hours"] * 3600
            ready = self.tasks[f"copy:{row.pair[0]}>{row.pair[1]}"]["e"] + lead
            alone = max(self.begin, self.begin - (self.begin - self.now) // self.slot * self.slot) + self.copy + lead
        after = max((others[n]["e"] for n in row.needs), default=-math.inf)
        block = self.joined and row.route == "partner"
        split = row.has_code and row.main == "cutover" and not block
        codes = []
        if split:
            for c in sorted(self.starts(row, "otp", frozenset())):
                codes.append((c, self.in_the_way_of_a_code(row, c, c + self.otp, c + self.otp) | ({"depends_on"} if c < after else set())))
        windows = self.windows_of_waves(row)
        singles, free = set(), False
        for m in self.starts(row, row.main, frozenset()):
            if m < alone or local_date(m + length - 1, row.zone) > row.deadline:
                continue
            way = self.in_the_way(row, m, m + length, others)
            if m < ready:
                way.add("max_concurrent_copies")
            if m < after:
                way.add("depends_on")
            if not any(low <= m and m + length <= high for low, high in windows):
                way.add("waves")
            if row.main == "otp":
                ways = [way | self.in_the_way_of_a_code(row, m, m + length, m + length)]
            elif block:
                begin = m - self.otp
                ways = [way | self.in_the_way_of_a_code(row, begin, m + length, m) | ({"depends_on"} if begin < after else set())]
            elif split:
                lag = self.s["otp_max_lag_hours"] * 3600
                ways = [way | more for c, more in codes if c + self.otp <= m <= c + self.otp + lag]
            else:
                ways = [way]
            for one in ways:
                free = free or not one
                if len(one) == 1:
                    singles |= one
        return singles, free

    def in_the_way(self, row, start, end, others):
        way, s = set(), self.s
        clash = [(t["s"], t["e"], r) for r, t in others.items() if t["s"] < end and t["e"] > start]
        most = lambda spans: max((sum(a <= at < b for a, b, _ in spans) for at in {start, *(max(start, a) for a, _, _ in spans)}), default=0)
        if most(clash) >= s["max_concurrent_cutovers"]:
            way.add("max_concurrent_cutovers")
        mine = [c for c in clash if self.rows[c[2]].client == row.client]
        if most(mine) >= s["max_concurrent_cutovers_per_client"]:
            way.add("max_concurrent_cutovers_per_client")
        family = [r for r in others if self.rows[r].client == row.client]
        day = local_date(start, row.zone)
        if sum(local_date(others[r]["s"], self.rows[r].zone) == day for r in family) >= s["max_cutovers_per_client_per_day"]:
            way.add("max_cutovers_per_client_per_day")
        first = defaultdict(lambda: math.inf)
        for r, t in others.items():
            client = self.rows[r].client
            first[client] = min(first[client], t["s"])
        if start < first[row.client]:
            starts = sorted([t for c, t in first.items() if c != row.client] + [start])
            limit = s["new_clients_per_7_days"]
            if any(starts[i + limit] - starts[i] < WEEK and starts[i] <= start <= starts[i + limit] for i in range(len(starts) - limit)):
                way.add("new_clients_per_7_days")
        for r, t in others.items():
            other = self.rows[r]
            if r in row.apart and day == local_date(t["s"], row.zone) or row.ref in other.apart and local_date(start, other.zone) == local_date(t["s"], other.zone):
                way.add("not_same_day_as")
            if row.ref in other.needs and min(x["s"] for x in (t, self.code.get(r)) if x) < end:
                way.add("depends_on")
        return way

    def in_the_way_of_a_code(self, row, start, end, read):
        """`read`: until when the client is busy with it; `end`: until when the operator is."""
        way = set()
        booked = defaultdict(list)
        for t in self.tasks.values():
            if t["kind"] != "otp" or t["row_ref"] == row.ref:
                continue
            other = self.rows[t["row_ref"]]
            if other.client == row.client and t["s"] < read and t["e"] > start:
                way.add("client_codes")
            until = self.main[other.ref]["e"] if self.joined and other.route == "partner" else t["e"]
            booked[t["operator"]].append((t["s"], until))
        if self.operators is None:
            return way
        for name, person in self.operators.items():
            spans = [b for b in booked[name] if b[0] < end and b[1] > start]
            most = max((sum(a <= at < b for a, b in spans) for at in {start, *(max(start, a) for a, _ in spans)}), default=0)
            if self.speaks(person, row.language) and most < int(person.get("max_parallel") or 1) \
                    and any(a <= start and end <= b for a, b in self.shifts(person)):
                return way
        return way | {"operators"}

    def windows_of_waves(self, row):
        """The times between which the row could be in a wave that may have it and has room."""
        spans, own, soak = {}, self.main[row.ref]["wave"], self.s["soak_hours"] * 3600
        for r, t in self.main.items():
            if r != row.ref:
                a, b, n = spans.get(t["wave"], (math.inf, -math.inf, 0))
                spans[t["wave"]] = (min(a, t["s"]), max(b, t["e"]), n + 1)
        pins = sum(r.pin == 0 for r in self.rows.values())
        cap = max(len({r.kind for r in self.rows.values()}), math.floor(self.s["canary_share"] * len(self.rows)), pins)
        alone = not any(r != row.ref and t["wave"] == 0 and self.rows[r].kind == row.kind and self.canary_able(r) for r, t in self.main.items())
        stays = own not in spans and any(w > own for w in spans) or own == 0 and alone
        windows = []
        for wave in [own] if stays else range(max(spans, default=0) + 2):
            sizes = self.s["wave_sizes"]
            size = cap if wave == 0 else sizes[min(wave, len(sizes)) - 1]
            may = wave == row.pin if row.pin is not None else wave > 0 or self.canary_able(row.ref)
            if not stays and (not may or spans.get(wave, (0, 0, 0))[2] >= size or wave not in spans and wave <= max(spans, default=0)):
                continue
            windows.append((
                max((b + soak for w, (_, b, _) in spans.items() if w < wave), default=-math.inf),
                min((a - soak for w, (a, _, _) in spans.items() if w > wave), default=math.inf)))
        return windows
