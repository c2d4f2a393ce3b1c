"""Inputs for the number engine and what libphonenumber makes of each, from the `phonenumbers` package of the same metadata version.

Usage: python3 differential.py OUT.tsv [COUNT [SEED]]      (first: pip install phonenumbers)
Fewer than 100,000 are a sample to keep with the tests: Fixtures/sample.tsv is of 6,000 and seed 1.
One case a line, fields separated by tabs: family, region to read in, input, then E.164 (`-` where there is no number), valid, possible, type,
region. In the input tab, line feed, carriage return and backslash are written `\\t`, `\\n`, `\\r`, `\\\\`.

What is left out, and why, is printed first.
"""
import multiprocessing
import os
import pathlib
import random
import sys

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "Sources" / "PhoneNumbers" / "Metadata"))
import automaton  # noqa: E402

LEFT_OUT = [
    ("regions in small letters", "libphonenumber knows none of them, and the engine all"),
    ("the letters İ, ı, ſ and the Kelvin sign", "an i, an s and a k for Python where case does not count, and not for libphonenumber in C++ or Java"),
    ("decimal digits that Unicode has added since version 14", "Python and Swift are of different versions of Unicode"),
    ("a line feed behind an extension", "allowed by Python's $, and by no other implementation"),
]

TYPE_NAMES = {getattr(PhoneNumberType, n): n.lower().replace("personal_number", "personal") for n in
              ["FIXED_LINE", "MOBILE", "FIXED_LINE_OR_MOBILE", "TOLL_FREE", "PREMIUM_RATE", "SHARED_COST", "VOIP", "PERSONAL_NUMBER",
               "PAGER", "UAN", "VOICEMAIL", "UNKNOWN"]}
DESCRIPTIONS = ["general_desc", "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
                "voicemail"]
SCRIPTS = ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９", "๐๑๒๓๔๕๖๗๘๙", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "০১২৩৪৫৬৭৮৯"]
SEPARATORS = " -.()/[]~*\u00a0\u00ad\u200b\u2010\u2013\u2014\u2015\u2060\u2212\u3000\u30fc\uff08\uff09\uff0d\uff0e\uff0f\u2053\u223c\uff5e"
LABELS = [" ext. ", "ext", "x", "X", " x", "#", "~", ";ext=", " extension ", "extensión ", "extensio\u0301n", " EXTN:", "xtn", "int", " int. ",
          "anexo ", "ANEXO", "доб. ", "ДОБ", "\uff45\uff58\uff54\uff4e", "\uff58", "\uff49\uff4e\uff54", ",", ",,", ",,,", ";", "; ", " - ",
          "e", "ex", "extens", "w", " doorkiezer ", "p", "\uff03", "\t,ext:-,"]
JUNK = list("0123456789" * 4) + list("+＋()-. /\\xX#*;,:=~_'\"[]abcdefXYZ@%!?…éßñЖд你①²½\u0301\t\n\r\u200e\ufeff") + \
    ["tel:", ";ext=", ";phone-context=", ";isub=", "ext", "00", "011", "+1", "+44", "example.com"]


def metadata():
    PhoneMetadata.load_all()
    regions = {r: PhoneMetadata.metadata_for_region(r) for r in sorted(phonenumbers.SUPPORTED_REGIONS)}
    others = {c: PhoneMetadata.metadata_for_nongeo_region(c) for c in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)}
    return regions, others


REGIONS, OTHERS = metadata()
NAMES = list(REGIONS)


def sample(rng, pattern):
    """Digits that an expression matches."""
    def walk(node):
        if node[0] == "s": return str(rng.choice([d for d in range(10) if node[1] >> d & 1]))
        if node[0] == "c": return walk(node[1]) + walk(node[2])
        if node[0] == "a": return walk(rng.choice(node[1]))
        return ""
    return walk(automaton.parse(pattern))


def digits(rng, low, high):
    return "".join(rng.choice("0123456789") for _ in range(rng.randint(low, high)))


def national(rng, m):
    """Digits that are a number of a region, or nearly one, or only as long as one."""
    lengths = [n for n in m.general_desc.possible_length if n > 0] + list(m.general_desc.possible_length_local_only)
    kind = rng.random()
    if kind < 0.55:
        patterns = [p for p in (getattr(m, d) and getattr(m, d).national_number_pattern for d in DESCRIPTIONS) if p]
        number = sample(rng, rng.choice(patterns))
        if kind < 0.35: return number
        at = rng.randrange(len(number) or 1)
        change = rng.choice(["digit", "drop", "add"])
        middle = "" if change == "drop" else digits(rng, 1, 1) if change == "digit" else digits(rng, 1, 2) + number[at:at + 1]
        return number[:at] + middle + number[at + 1:]
    if kind < 0.65 and m.leading_digits: return sample(rng, m.leading_digits) + digits(rng, max(0, min(lengths) - 4), max(lengths))
    return digits(rng, max(1, min(lengths) - 2), max(lengths) + 2)


def dialled(rng, m, number):
    """A national number with what may stand before it."""
    code, kind = str(m.country_code), rng.random()
    prefix = sample(rng, m.national_prefix_for_parsing) if m.national_prefix_for_parsing and rng.random() < 0.4 else ""
    if kind < 0.35: return "+" + code + prefix + number
    if kind < 0.5 and m.international_prefix:
        return sample(rng, m.international_prefix) + code + prefix + number
    if kind < 0.62: return code + prefix + number
    if kind < 0.64: return "++" + code + number
    if kind < 0.66: return "+" + (sample(rng, m.international_prefix) if m.international_prefix else "00") + code + number
    if kind < 0.68: return "+" + digits(rng, 1, 3) + number
    return prefix + number


def spaced(rng, text):
    return "".join(c + (rng.choice(SEPARATORS) if rng.random() < 0.25 and c != "+" else "") for c in text)


def decorated(rng, text):
    kind = rng.random()
    if kind < 0.5: return "plain", text
    if kind < 0.62: return "spaced", spaced(rng, text)
    if kind < 0.70:
        script = rng.choice(SCRIPTS)
        whole = rng.random() < 0.7
        return "unicode", "".join(script[int(c)] if c in "0123456789" and (whole or rng.random() < 0.5) else "＋" if c == "+" else c for c in text)
    if kind < 0.82:
        label, end = rng.choice(LABELS), rng.choice(["", "", "", "#", " ", ".", "x5"])
        return "extension", spaced(rng, text) + label + digits(rng, 0, rng.choice([3, 6, 10, 16, 21])) + end
    if kind < 0.87:
        at = rng.randrange(len(text) + 1)
        letters = "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(1, 7)))
        return "letters", text[:at] + letters + text[at:]
    if kind < 0.92:
        context = rng.choice(["+1", "+44", "+" + digits(rng, 0, 4), "example.com", "a-b.c", "-x", "", "+1-9.(1)", "1.2", "x.", "a..b", "+"])
        head = rng.choice(["tel:", "", "tel:", "Tel: ", "x tel:"])
        tail = rng.choice(["", "", ";ext=12", ";isub=1", ";foo=bar"])
        return "address", head + text + ";phone-context=" + context + tail if rng.random() < 0.8 else head + text + tail
    return "around", rng.choice(["Tel: ", "(", "call ", "“", "= ", "", "a"]) + text + rng.choice(["", ")", " .", "_", "/x12", "\\ x3", " or so", ";", "#", "!"])


def junk(rng):
    return "".join(rng.choice(JUNK) for _ in range(rng.randint(0, rng.choice([8, 20, 40, 260]))))


def expected(region, text):
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return ["-", "", "", "", ""]
    return [phonenumbers.format_number(number, PhoneNumberFormat.E164), "1" if phonenumbers.is_valid_number(number) else "0",
            "1" if phonenumbers.is_possible_number(number) else "0", TYPE_NAMES[phonenumbers.number_type(number)],
            (phonenumbers.region_code_for_number(number) or "").replace("001", "")]


def line(family, region, text):
    written = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return "\t".join([family, region, written] + expected(region, text))


def examples(everywhere):
    """Every example number of every region and type, in every format, read in its region, and without one and elsewhere."""
    out = []
    numbers = [(r, n) for r in NAMES for t in TYPE_NAMES if (n := phonenumbers.example_number_for_type(r, t))]
    numbers += [(r, n) for r in NAMES if (n := phonenumbers.invalid_example_number(r))]
    numbers += [("", phonenumbers.example_number_for_non_geo_entity(c)) for c in OTHERS]
    formats = {"e164": PhoneNumberFormat.E164, "international": PhoneNumberFormat.INTERNATIONAL, "national": PhoneNumberFormat.NATIONAL,
               "rfc3966": PhoneNumberFormat.RFC3966}
    for region, number in numbers:
        for name, form in formats.items():
            text = phonenumbers.format_number(number, form)
            for where in {region, "", "US"} if everywhere else {region}: out.append(line(f"example {name}", where, text))
    return sorted(set(out))


def batch(job):
    seed, count = job
    rng, out = random.Random(seed), []
    for _ in range(count):
        if rng.random() < 0.06:
            out.append(line("junk", rng.choice(["", "US", rng.choice(NAMES)]), junk(rng)))
            continue
        other = rng.random() < 0.03
        name = "" if other else rng.choice(NAMES)
        m = OTHERS[rng.choice(list(OTHERS))] if other else REGIONS[name]
        text = dialled(rng, m, national(rng, m))
        family, text = decorated(rng, text)
        where = name if rng.random() < 0.8 else rng.choice(["", rng.choice(NAMES), "ZZ"])
        out.append(line(family, where, text))
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) not in (2, 3, 4): sys.exit(__doc__)
    print("Left out:\n" + "\n".join(f"- {what}: {why}" for what, why in LEFT_OUT))
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_200_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
    size = min(20_000, count)
    jobs = [(f"{seed}/{i}", min(size, count - i * size)) for i in range((count + size - 1) // size)]
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write(f"#metadata\t{phonenumbers.__version__}\t{seed}\n" + "\n".join(examples(count >= 100_000)) + "\n")
        with multiprocessing.Pool(os.cpu_count()) as pool:
            for text in pool.imap(batch, jobs): out.write(text)


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    main()
