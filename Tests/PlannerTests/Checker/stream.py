#!/usr/bin/env python3
"""Checks a fleet file of 100 MB and tells the memory it took.

    stream.py --relevo PROGRAM [--megabytes 100]

Exits 1 when the file is not read as it was written, or took more than 256 MiB. Of each row only its name, its number and its line are kept,
since no other row may have those.
"""
import argparse, json, os, subprocess, sys, tempfile, time

MOST_KIB = 256 << 10
HEAD = "row_ref,client_id,phone,route,source_waba_id,dest_waba_id,time_zone,cutover_windows,otp_hours,deadline,priority,notes\n"
ZONES = ["Europe/Madrid", "America/Sao_Paulo", "Asia/Kolkata", "America/New_York"]


def line(n):
    return (f"R-{n},c{n // 4},+346{10_000_000 + n},partner,{100_000 + n // 4},{500_000 + n // 4},{ZONES[n % 4]},"
            f"Mon-Thu 22:00-05:00;Sat 06:00-12:00,Mon-Fri 09:00-18:00,2026-12-{1 + n % 28:02d},{1 + n % 5},row number {n} of a long file\n")


def check(program, size):
    """Rows, seconds, and the most KiB that the program held."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(HEAD)
        rows = written = 0
        while written < size:
            written += file.write(line(rows))
            rows += 1
        file.flush()
        begin = time.monotonic()
        child = subprocess.Popen([program, "fleet", "check", "--json", file.name], stdout=subprocess.PIPE)
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begin
    report = json.loads(output)
    if status or report["problems"] or report["rows"] != rows or report["good"] != rows:
        sys.exit(f"{rows} good rows were read as {report['rows']}, {report['good']} of them good, {len(report['problems'])} problems")
    return rows, seconds, usage.ru_maxrss


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--relevo", required=True)
parser.add_argument("--megabytes", type=int, default=100)
args = parser.parse_args()
failed = False
for size in (args.megabytes // 2, args.megabytes):
    rows, seconds, kib = check(args.relevo, size * 1_000_000)
    print(f"{size} MB, {rows} rows: {seconds:.1f} s, {kib / 1024:.0f} MiB")
    failed = failed or kib > MOST_KIB
sys.exit(1 if failed else 0)
