"""Where a row could go if it were alone, with any of its constraints dropped."""
import bisect, math
from functools import lru_cache

from fleet_files import intervals, local_date


class Alone:
    def alone(self, row, drop=frozenset(), by=None):
        """by: the local date on which the cut-over has to be over."""
        main, ready = sorted(self.starts(row, row.main, drop)), self.begin
        if row.pair:
            kept = self.copy_kept(self.old.get(f"copy:{row.pair[0]}>{row.pair[1]}"))
            base = self.begin if "now" in drop else max(self.begin, self.begin - (self.begin - self.now) // self.slot * self.slot)
            end = kept["e"] if kept else base + self.copy
            if end > self.finish and not kept:
                return False
            ready = end + (0 if "copy_lead_hours" in drop else self.s["copy_lead_hours"] * 3600)
        length = self.otp if row.main == "otp" else self.cut
        main = [m for m in main if m >= ready and (by is None or local_date(m + length - 1, row.zone) <= by)]
        if row.route != "partner" or self.joined:
            return bool(main)
        codes = sorted(self.starts(row, "otp", drop))
        lag = math.inf if "otp_max_lag_hours" in drop else self.s["otp_max_lag_hours"] * 3600
        for m in main:
            at = bisect.bisect_right(codes, m - self.otp) - 1
            if at >= 0 and codes[at] + self.otp + lag >= m:
                return True
        return False

    def starts(self, row, kind, drop):
        block = self.joined and row.route == "partner"
        length = self.otp + self.cut if block else self.otp if kind == "otp" else self.cut
        name, text = ("otp_hours", row.hours) if kind == "otp" and not block else ("cutover_windows", row.windows)
        spans = [(self.begin, self.finish)] if name in drop else intervals(text, row.zone, self.begin, self.finish)
        earliest = self.begin if "now" in drop else self.now
        if (kind == "otp" or block) and "two_step_lead_days" not in drop and row.lead:
            earliest = max(earliest, self.now + row.lead * 86400)
        free = None
        if self.operators is not None and (kind == "otp" or block):
            free = self.on_shift(length, None if "operator_languages" in drop else row.language, "operator_shifts" in drop, "off_dates" in drop)
        found = set()
        for a, b in spans:
            s = self.begin - (self.begin - max(a, self.begin, earliest)) // self.slot * self.slot
            while s + length <= min(b, self.finish):
                if free is None or s in free:
                    ok = "freezes" in drop or not any(s < y and x < s + length for x, y in self.freezes)
                    for t in (s, s + self.otp) if block else (s,):
                        day = local_date(t, row.zone)
                        ok = ok and ("blackout_dates" in drop or not any(x <= day <= y for x, y in row.blackout))
                        ok = ok and ("earliest" in drop or not row.earliest or day >= row.earliest)
                    if ok:
                        found.add(s + self.otp if block else s)
                s += self.slot
        return found

    @lru_cache(None)
    def on_shift(self, length, language, always, no_off):
        starts = set()
        for person in self.operators.values():
            if self.speaks(person, language):
                for a, b in [(self.begin, self.finish)] if always else self.shifts(person, not no_off):
                    s = self.begin - (self.begin - max(a, self.begin)) // self.slot * self.slot
                    while s + length <= min(b, self.finish):
                        starts.add(s)
                        s += self.slot
        return starts

    def canary_able(self, ref, seen=()):
        if ref not in self.able:
            row = self.rows.get(ref)
            self.able[ref] = bool(row) and ref not in seen and row.canary_ok and row.pin in (None, 0) and self.alone(row) and all(
                self.canary_able(n, (*seen, ref)) for n in row.needs)
        return self.able[ref]
