"""Fleet files and calendars, read without any of the planner's code."""
import csv, io
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

UTC, DAYS = timezone.utc, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
DEFAULTS = {
    "slot_minutes": 15, "otp_minutes": 15, "cutover_minutes": 30, "copy_minutes": 30, "copy_lead_hours": 24, "otp_max_lag_hours": 72,
    "otp": "split", "max_concurrent_cutovers": 10, "max_concurrent_cutovers_per_client": 1, "max_cutovers_per_client_per_day": 5,
    "new_clients_per_7_days": 10, "max_concurrent_copies": 2, "canary_share": 0.05, "soak_hours": 24,
    "wave_sizes": [5, 10, 25, 50, 100], "freezes": [], "replan_freeze_hours": 72,
}
ALONE = ["otp_hours", "cutover_windows", "blackout_dates", "earliest", "freezes", "operator_shifts", "operator_languages", "off_dates",
         "two_step_lead_days", "copy_lead_hours", "otp_max_lag_hours", "now"]
COMPANY = {"depends_on", "waves", "capacity", "horizon"}
LATE = {"max_concurrent_cutovers", "max_concurrent_cutovers_per_client", "max_cutovers_per_client_per_day", "new_clients_per_7_days",
        "max_concurrent_copies", "not_same_day_as", "operators", "client_codes", "replan_freeze_hours"}


def instant(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def shown(time):
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(None)
def local(time, zone):
    return datetime.fromtimestamp(time, UTC).astimezone(ZoneInfo(zone))


def local_date(time, zone):
    return local(time, zone).date()


@lru_cache(None)
def wall(day, minute, zone):
    """The instant of a wall time: in a gap the next valid instant, in a fold the first."""
    tz = ZoneInfo(zone)
    naive = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    time = int(naive.replace(tzinfo=tz, fold=0).timestamp())
    if local(time, zone).replace(tzinfo=None) == naive:
        return time
    low, high = time - 86400, time  # the clock jumps in between
    while high - low > 1:
        middle = (low + high) // 2
        if local(middle, zone).replace(tzinfo=None) >= naive:
            high = middle
        else:
            low = middle
    return high


def minutes(text):
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def read_windows(text):
    windows = []
    for part in filter(None, (p.strip() for p in text.split(";"))):
        names, times = part.rsplit(" ", 1)
        days = set()
        for item in names.replace(" ", "").split(","):
            if item == "Daily":
                days |= set(range(7))
                continue
            ends = [DAYS.index(d) for d in item.split("-")]
            day = ends[0]
            days.add(day)
            while day != ends[-1]:
                day = (day + 1) % 7
                days.add(day)
        start, end = (minutes(t) for t in times.split("-"))
        windows.append((days, start, end if end > start else end + 1440))
    return windows


@lru_cache(None)
def intervals(text, zone, begin, finish, off=()):
    found = []
    day, last = local_date(begin, zone) - timedelta(days=2), local_date(finish, zone) + timedelta(days=1)
    while day <= last:
        if not any(a <= day <= b for a, b in off):
            for days, start, end in read_windows(text):
                if day.weekday() in days:
                    pair = (wall(day, start, zone), wall(day + timedelta(days=end // 1440), end % 1440, zone))
                    if pair[0] < pair[1]:
                        found.append(pair)
        day += timedelta(days=1)
    return sorted(found)


def date_ranges(text):
    ranges = []
    for part in filter(None, (p.strip() for p in (text or "").split(";"))):
        ends = part.split("..")
        ranges.append((date.fromisoformat(ends[0].strip()), date.fromisoformat(ends[-1].strip())))
    return tuple(ranges)


def read_csv(path):
    """(line, fields) of each record; the line is the one it starts on."""
    text = open(path, "rb").read().decode("utf-8-sig")
    header = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    columns, line, rows = [c.strip() for c in next(reader)], reader.line_num, []
    for record in reader:
        if any(f.strip() for f in record):
            rows.append((line + 1, dict(zip(columns, (f.strip() for f in record)))))
        line = reader.line_num
    return rows


class Row:
    def __init__(self, fields):
        get = lambda name, default="": fields.get(name) or default
        self.ref, self.client, self.route, self.zone = get("row_ref"), get("client_id"), get("route"), get("time_zone")
        self.provider = get("source_provider")
        self.pair = (get("source_waba_id"), get("dest_waba_id")) if get("source_waba_id") else None
        self.windows = get("cutover_windows")
        self.hours = get("otp_hours", self.windows)
        self.blackout = date_ranges(get("blackout_dates"))
        self.earliest = date.fromisoformat(get("earliest")) if get("earliest") else None
        self.deadline = date.fromisoformat(get("deadline")) if get("deadline") else None
        self.weight = 6 - int(get("priority", "3"))
        self.daily, self.peak = int(get("daily_messages", "0")), get("peak_hours")
        language = get("otp_language")
        self.language = language.replace("-", "_").split("_")[0].lower() if language else None
        self.lead = int(get("two_step_lead_days", "0"))
        self.needs, self.apart = get("depends_on").split(), get("not_same_day_as").split()
        pin = get("wave")
        self.pin = None if not pin else 0 if pin == "canary" else int(pin)
        self.canary_ok = get("canary_ok", "yes") != "no"
        self.kind = (self.route, self.provider)
        self.main = "otp" if self.route == "coexistence" else "cutover"
        self.has_code = self.route in ("partner", "coexistence")
