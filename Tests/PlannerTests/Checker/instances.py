#!/usr/bin/env python3
"""Makes planning problems: fleets, operators and settings, the same for the same seed.

    instances.py --out FOLDER --count N [--seed S] [--rows LOW-HIGH] [--calm]

Each is a folder with fleet.csv, settings.json, now and, where people are modelled, operators.csv. Every folder has a profile of its own: tight
windows, many zones, weeks in which clocks change, operators who are off, low caps, dependencies, pins, freezes, blackout dates. Calm ones have the
usual caps and room enough: a provider's fleet with its clients of very different sizes.
"""
import argparse, csv, io, json, random
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

COLUMNS = ["row_ref", "client_id", "phone", "route", "source_provider", "source_waba_id", "dest_waba_id", "time_zone", "cutover_windows",
           "otp_hours", "blackout_dates", "earliest", "deadline", "priority", "daily_messages", "peak_hours", "otp_language",
           "two_step_lead_days", "depends_on", "not_same_day_as", "wave", "canary_ok"]
ZONES = ["Europe/Madrid", "America/Sao_Paulo", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "America/Havana", "UTC",
         "Africa/Lagos", "Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland", "Africa/Cairo"]
WINDOWS = ["Mon-Thu 22:00-05:00;Sat 06:00-12:00", "Daily 01:00-05:00", "Sun 08:00-20:00", "Tue,Thu 23:00-03:00", "Daily 00:00-24:00",
           "Mon-Fri 18:00-23:00", "Fri-Mon 20:00-02:00"]
TIGHT = ["Sat 02:00-03:00", "Sun 01:30-04:00", "Wed 23:30-00:30", "Mon,Thu 04:00-05:00"]
HOURS = ["", "", "Mon-Fri 09:00-18:00", "Mon-Sat 08:00-13:00", "Sun 01:30-04:00;Mon-Fri 09:00-12:00"]
STARTS = ["2026-12-01", "2026-03-02", "2026-03-20", "2026-10-15", "2026-11-25", "2027-01-10"]


def iso(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def make(seed, low, high):
    r = random.Random(seed)
    count = r.randint(low, high) if r.random() < 0.7 else r.randint(low, max(low, (low + high) // 4))
    start = datetime.fromisoformat(r.choice(STARTS)).replace(tzinfo=timezone.utc)
    days = r.choice([14, 21, 28, 45, 60]) + count // 10
    zones = r.sample(ZONES, r.choice([1, 2, 3, 12]))
    tight, pressed = r.random() < 0.3, r.random() < 0.4
    clients = max(1, count // r.choice([1, 2, 4, 8]))
    providers = r.choice([["north"], ["north", "south"], ["north", "south", ""]])
    routes = r.choice([["partner"], ["partner", "partner", "signup"], ["partner", "partner", "signup", "coexistence", "on_prem"]])
    zone_of = {c: r.choice(zones) for c in range(clients)}
    rows = []
    for n in range(count):
        client, route = min(r.randrange(clients), r.randrange(clients)), r.choice(routes)
        first = (start + timedelta(days=r.randint(0, max(1, days // 3)))).date()
        due = (start + timedelta(days=r.randint(days // 4, days))).date()
        ref = f"R-{n + 1}"
        rows.append({
            "row_ref": ref, "client_id": f"c{client}", "phone": f"+34612{100000 + n}", "route": route,
            "source_provider": r.choice(providers), "source_waba_id": str(100 + client) if route == "partner" else "",
            "dest_waba_id": str(500 + client), "time_zone": zone_of[client] if r.random() < 0.9 else r.choice(zones),
            "cutover_windows": r.choice(TIGHT if tight and r.random() < 0.6 else WINDOWS), "otp_hours": r.choice(HOURS),
            "blackout_dates": f"{first}..{first + timedelta(days=2)}" if r.random() < 0.15 else "",
            "earliest": str(first) if r.random() < 0.15 else "",
            "deadline": str(due) if r.random() < (0.6 if pressed else 0.15) else "",
            "priority": str(r.randint(1, 5)), "daily_messages": str(r.choice([0, 200, 1000, 4000, 20000])),
            "peak_hours": r.choice(["", "09:00-12:00;18:00-20:00", "22:00-02:00", "00:00-06:00"]),
            "otp_language": r.choice(["es_ES", "en_US", "pt_BR", "", ""]), "two_step_lead_days": str(r.choice([0, 0, 1, 3])),
            "depends_on": "", "not_same_day_as": "", "wave": "", "canary_ok": "no" if r.random() < 0.2 else "",
        })
    for n in range(1, count):
        if r.random() < 0.06:
            rows[n]["depends_on"] = f"R-{r.randint(1, n)}"
        if r.random() < 0.06:
            rows[n]["not_same_day_as"] = f"R-{r.choice([k for k in range(1, count + 1) if k != n + 1])}"
        if r.random() < 0.02 and not rows[n]["canary_ok"]:
            rows[n]["wave"] = r.choice(["canary", "1", "2"])
    settings = {
        "horizon_from": iso(start), "horizon_to": iso(start + timedelta(days=days)), "slot_minutes": r.choice([15, 15, 30]),
        "otp_minutes": r.choice([15, 15, 30]), "cutover_minutes": r.choice([30, 30, 45, 60]),
        "max_concurrent_cutovers": r.choice([10, 10, 3, 1]), "max_concurrent_cutovers_per_client": r.choice([1, 1, 2]),
        "max_cutovers_per_client_per_day": r.choice([5, 5, 2, 1]), "new_clients_per_7_days": r.choice([10, 10, 5, 2, 200]),
        "max_concurrent_copies": r.choice([2, 2, 1]), "soak_hours": r.choice([24, 24, 12, 48]), "otp_max_lag_hours": r.choice([72, 72, 24]),
    }
    if r.random() < 0.2:
        settings["otp"], settings["otp_minutes"] = "joined", 30
    if r.random() < 0.25:
        at = start + timedelta(days=r.randint(1, days // 2))
        settings["freezes"] = [{"from": iso(at), "to": iso(at + timedelta(hours=r.choice([6, 48])))}]
    if r.random() < 0.3:
        settings["wave_sizes"] = r.choice([[2, 4, 8, 16], [3, 3, 5, 50], [1, 2, 400]])
    odd = random.Random(f"slots {seed}")
    if odd.random() < 0.2:
        # Slots that divide neither a cut-over nor the time to soak.
        settings["slot_minutes"], settings["soak_hours"] = odd.choice([7, 20, 25]), settings["soak_hours"] + odd.choice([0, 0.5])
        if settings.get("otp") == "joined":
            settings["otp_minutes"] = settings["slot_minutes"]
    operators = None
    if r.random() < 0.75:
        off = (start + timedelta(days=r.randint(0, 10))).date()
        operators = [
            ["ana", "Europe/Madrid", "Mon-Fri 07:00-15:00;Mon-Fri 15:00-20:00", "es en", "2", str(off)],
            ["bob", "Asia/Kolkata", "Mon-Sat 07:00-15:00", "en", "1", ""],
            ["caro", "America/Sao_Paulo", "Daily 22:00-06:00;Daily 08:00-16:00", "", "2", f"{off}..{off + timedelta(days=3)}"],
            ["dan", "Pacific/Auckland", "Sat,Sun 06:00-22:00", "pt es", "1", ""],
        ][: r.randint(1, 4)]
    return rows, settings, operators, iso(start + timedelta(minutes=r.choice([0, 0, -1440, 7, 3000])))


def make_calm(seed, low, high):
    r = random.Random(seed)
    count = r.randint(low, high)
    start = datetime.fromisoformat(r.choice(STARTS)).replace(tzinfo=timezone.utc)
    clients, limit = max(2, count // 6), r.choice([10, 50, 200])
    days = 45 + count // 20 + 7 * clients // limit
    zone_of = {c: r.choice(ZONES) for c in range(clients)}
    rows = []
    for n in range(count):
        # Few clients have most of the numbers.
        client, route = int(clients * r.random() ** 2), r.choice(["partner", "partner", "partner", "signup", "coexistence", "on_prem"])
        due = (start + timedelta(days=r.randint(days // 3, days))).date()
        rows.append({
            "row_ref": f"R-{n + 1}", "client_id": f"c{client}", "phone": f"+34612{100000 + n}", "route": route,
            "source_provider": r.choice(["north", "south"]), "source_waba_id": str(100 + client) if route == "partner" else "",
            "dest_waba_id": str(500 + client), "time_zone": zone_of[client], "cutover_windows": r.choice(WINDOWS),
            "otp_hours": r.choice(HOURS), "deadline": str(due) if r.random() < 0.2 else "", "priority": str(r.randint(1, 5)),
            "earliest": str((start + timedelta(days=r.randint(0, 10))).date()) if r.random() < 0.1 else "",
            "daily_messages": str(r.choice([0, 200, 1000, 4000, 20000])),
            "peak_hours": r.choice(["", "09:00-12:00;18:00-20:00", "22:00-02:00", "00:00-06:00"]),
            "otp_language": r.choice(["es_ES", "en_US", ""]), "two_step_lead_days": str(r.choice([0, 0, 1, 3])),
            "depends_on": f"R-{r.randint(1, n)}" if n and r.random() < 0.02 else "",
        })
    settings = {"horizon_from": iso(start), "horizon_to": iso(start + timedelta(days=days)), "new_clients_per_7_days": limit}
    operators = [[f"op{k}", r.choice(ZONES), "Mon-Sat 07:00-15:00;Mon-Sat 15:00-21:00", r.choice(["es en", "", ""]), "2", ""]
                 for k in range(2 + count // 200)]
    return rows, settings, operators, iso(start)


def write(folder, seed, low, high, calm=False):
    rows, settings, operators, now = (make_calm if calm else make)(seed, low, high)
    folder.mkdir(parents=True, exist_ok=True)
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / "fleet.csv").write_text(table.getvalue())
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "now").write_text(now)
    if operators:
        head = "operator_id,time_zone,shifts,languages,max_parallel,off_dates\n"
        (folder / "operators.csv").write_text(head + "".join(",".join(f'"{x}"' for x in o) + "\n" for o in operators))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--count", required=True, type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", default="1-400")
    parser.add_argument("--calm", action="store_true")
    args = parser.parse_args()
    low, high = (int(x) for x in args.rows.split("-"))
    for number in range(args.count):
        write(args.out / f"{number:04}", args.seed * 1_000_003 + number, low, high, args.calm)
