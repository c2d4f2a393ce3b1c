"""Everything an enemy on the wire may try, against a running Relevo; ordinary requests are made and timed all the while.

hostile.py PORT PID SENDER ID_OF_WABA, with API_KEY and APP_SECRET in the environment. Prints one JSON object; ends within 60 seconds on an
idle machine. Standard library only. Exit 1, with the reason, when this machine does not allow what is to be tried.
"""

import hashlib
import hmac
import json
import os
import resource
import select
import socket
import sys
import threading
import time

PORT, PID, SENDER, WABA = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
KEY, SECRET = os.environ["API_KEY"].encode(), os.environ["APP_SECRET"].encode()
IDLE, SLOW, WAITING, HOARD = 10_000, 500, 2_100, 200
LIMIT = 4 << 20
HOST = b"Host: 127.0.0.1\r\n"
BEARER = b"Authorization: Bearer " + KEY + b"\r\n"
WEBHOOK = b"POST /webhooks/whatsapp HTTP/1.1\r\n" + HOST
MESSAGES = b"POST /v25.0/" + SENDER.encode() + b"/messages HTTP/1.1\r\n" + HOST + BEARER + b"Relevo-Wait: 0\r\n"
START = time.monotonic()


def fail(why):
    print(json.dumps({"refused": why}))
    sys.exit(1)


def allow(count):
    """Raises this process's limit of descriptors, and looks at Relevo's."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        fail(f"this test needs {count} open files, and this machine allows {hard} (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    with open(f"/proc/{PID}/limits") as limits:
        theirs = next(line.split()[3] for line in limits if line.startswith("Max open files"))
    if theirs != "unlimited" and int(theirs) < count:
        fail(f"Relevo needs {count} open files, and has {theirs}")


def memory():
    with open(f"/proc/{PID}/status") as status:
        return next(int(line.split()[1]) >> 10 for line in status if line.startswith("VmRSS"))


def sign(body, secret=SECRET, algorithm="sha256"):
    return f"{algorithm}={hmac.new(secret, body, algorithm).hexdigest()}".encode()


def length(body):
    return b"Content-Length: " + str(len(body)).encode() + b"\r\n"


def connect():
    return socket.create_connection(("127.0.0.1", PORT), timeout=12)


def read(sock):
    """One answer: its status, or how the connection ended, and its body."""
    data = b""
    try:
        while True:
            head, found, body = data.partition(b"\r\n\r\n")
            if found:
                size = next((int(l[15:]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:")), 0)
                if len(body) >= size:
                    return head.split(b" ", 2)[1].decode(), body
            part = sock.recv(65536)
            if not part:
                return "closed", b""
            data += part
    except ConnectionError:
        return "reset", b""
    except TimeoutError:
        return "silent", b""


def ask(data, half=False):
    """Writes everything, then reads: as most client libraries do."""
    with connect() as sock:
        try:
            sock.sendall(data)
            if half:
                sock.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        except TimeoutError:
            return "unread", b""
        return read(sock)


def webhook(body, signature=None, header=b"X-Hub-Signature-256: "):
    return ask(WEBHOOK + length(body) + header + (sign(body) if signature is None else signature) + b"\r\n\r\n" + body)[0]


def message(body):
    """The status, and of a refusal Meta's code."""
    status, answer = ask(MESSAGES + length(body) + b"\r\n" + body)
    if status == "200":
        return status
    try:
        code = json.loads(answer)["error"]["code"]
        return f"{status}/{code}" if type(code) is int else f"{status} without an integer code"
    except (ValueError, KeyError, TypeError):
        return f"{status} without an envelope"


class Ordinary(threading.Thread):
    """Health, a webhook and a message, over and over: none of them may notice."""

    def __init__(self):
        super().__init__(daemon=True)
        self.phase, self.ending = "alone", threading.Event()
        self.seen, self.peak, self.trouble = {}, {}, []

    def once(self, number):
        text = {"messaging_product": "whatsapp", "to": "+16505550133", "type": "text", "text": {"body": f"ordinary {number}"}}
        body = json.dumps(text).encode()
        update = json.dumps({"object": "whatsapp_business_account", "entry": [], "ordinary": number}).encode()
        yield "health", b"GET /health/ready HTTP/1.1\r\n" + HOST + b"\r\n"
        yield "webhook", WEBHOOK + length(update) + b"X-Hub-Signature-256: " + sign(update) + b"\r\n\r\n" + update
        yield "message", MESSAGES + length(body) + b"\r\n" + body

    def run(self):
        number = 0
        while not self.ending.is_set():
            number += 1
            for name, data in self.once(number):
                phase, start = self.phase, time.monotonic()
                try:
                    status = ask(data)[0]
                except OSError as error:
                    status = type(error).__name__
                took = time.monotonic() - start
                count, slowest = self.seen.get(phase, (0, 0.0))
                self.seen[phase] = (count + 1, max(slowest, took))
                if status != "200":
                    self.trouble.append(f"{phase}: {name} {status}")
                self.peak[phase] = max(self.peak.get(phase, 0), memory())
            self.ending.wait(0.05)

    def rounds(self, phase, count, until=20.0):
        """Names what goes on now, and waits until `count` requests were made meanwhile."""
        self.phase, end = phase, time.monotonic() + until
        while self.seen.get(phase, (0, 0))[0] < count and time.monotonic() < end:
            time.sleep(0.02)


def idle(ordinary, seen):
    """10,000 connections, each of which has said nothing, but for one in a hundred: its answer tells that those before it are in."""
    ordinary.phase = "opening"
    held = []
    for number in range(1, IDLE + 1):
        held.append(connect())
        if number % 100 == 0:
            held[-1].sendall(b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n")
            if read(held[-1])[0] != "200":
                seen["unanswered"] = number
    seen["opened"] = len(held)
    ordinary.rounds("idle", 30)
    poll = select.poll()
    for sock in held:
        poll.register(sock, select.POLLIN)
    seen["kept"] = len(held) - len(poll.poll(0))
    ordinary.phase = "closing"
    for number, sock in enumerate(held, 1):
        sock.close()
        # Ten thousand ends at once would be answered in their turn before anything else is.
        if number % 100 == 0:
            ask(b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n")


def slow(ordinary, seen):
    """500 callers of one byte at a time, who all finish: signed webhooks, messages that are no messages, and heads of requests."""
    held = []
    for number in range(SLOW):
        if number % 3 == 0:
            body = json.dumps({"entry": [], "slow": number}).encode()
            whole, kind = WEBHOOK + length(body) + b"X-Hub-Signature-256: " + sign(body) + b"\r\n\r\n" + body, "webhook"
        elif number % 3 == 1:
            whole, kind = MESSAGES + length(b"{}" + b" " * 9) + b"\r\n{}" + b" " * 9, "message"
        else:
            whole, kind = b"GET /health/live HTTP/1.1\r\n" + HOST + b"X: slow\r\n\r\n", "head"
        sock = connect()
        sock.sendall(whole[:-4])
        held.append((sock, whole, kind))
    ordinary.phase = "slow"
    for left in range(4, 0, -1):
        for sock, whole, _ in held:
            sock.sendall(whole[-left : len(whole) - left + 1])
        if left > 1:
            time.sleep(1)
    ordinary.rounds("slow", 15)
    for sock, _, kind in held:
        name = f"{kind} {read(sock)[0]}"
        seen[name] = seen.get(name, 0) + 1
        sock.close()


def waiting(ordinary, seen):
    """More bodies that never come than requests are answered at once, from nobody in particular."""
    held = [connect() for _ in range(WAITING)]
    for sock in held:
        sock.sendall(WEBHOOK + b"Content-Length: 100\r\n\r\n{")
    ordinary.rounds("waiting", 30)
    seen["waiting"] = len(held)
    for sock in held:
        sock.close()


def hoard(ordinary, seen):
    """Bodies that lack their last byte, from nobody in particular: 800 MiB if Relevo kept them all."""
    ordinary.phase, held = "hoard", []
    part = WEBHOOK + b"Content-Length: " + str(LIMIT).encode() + b"\r\n\r\n" + b" " * (LIMIT - 1)
    for _ in range(HOARD):
        sock = connect()
        sock.setblocking(False)
        held.append([sock, memoryview(part)])
    end = time.monotonic() + 4
    while any(rest for _, rest in held) and time.monotonic() < end:
        for item in held:
            try:
                while item[1]:
                    item[1] = item[1][item[0].send(item[1][: 256 << 10]) :]
            except BlockingIOError:
                continue
            except ConnectionError:
                item[1] = memoryview(b"")
        time.sleep(0.01)
    ordinary.rounds("hoard", ordinary.seen.get("hoard", (0, 0))[0] + 9)
    seen["hoarded"] = len(held)
    for sock, _ in held:
        sock.close()


def endless():
    """Chunks until somebody answers; how many MiB were taken until then."""
    with connect() as sock:
        sock.sendall(WEBHOOK + b"Transfer-Encoding: chunked\r\n\r\n")
        sent, chunk = 0, b"10000\r\n" + b" " * 65536 + b"\r\n"
        while sent < 64 << 20 and not select.select([sock], [], [], 0)[0]:
            sock.sendall(chunk)
            sent += 65536
        status = read(sock)[0]
        return status if sent < 32 << 20 else f"{status} after {sent >> 20} MiB"


def pipelined():
    with connect() as sock:
        sock.sendall((b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n") * 3)
        data, end = b"", time.monotonic() + 10
        while data.count(b"HTTP/1.1 200 ") < 3 and time.monotonic() < end:
            data += sock.recv(65536)
        return str(data.count(b"HTTP/1.1 200 "))


def wire():
    """Requests that are none, and such that lie about themselves."""
    get = lambda path, more=b"", version=b"1.1": ask(b"GET " + path + b" HTTP/" + version + b"\r\n" + HOST + more + b"\r\n")[0]
    post = lambda more, body=b"", half=False: ask(WEBHOOK + more + b"\r\n" + body, half)[0]
    large = b" " * (5 << 20)
    short = ask(WEBHOOK + b"Content-Length: 2\r\n\r\n{}GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n")
    yield "plain", get(b"/health/live")
    yield "http 1.0", get(b"/health/live", version=b"1.0")
    yield "http 9.9", get(b"/health/live", version=b"9.9")
    yield "absolute form", get(b"http://evil.example/health/live")
    yield "dots", get(b"/assets/../../../etc/passwd")
    yield "encoded dots", get(b"/assets/%2e%2e/%2e%2e/etc/passwd")
    yield "encoded nul", get(b"/v25.0/%00", BEARER)
    yield "encoded bytes", get(b"/v25.0/%ff%fe%zz", BEARER)
    yield "encoded nul in a query", get(b"/api/v1/messages?sender=%00", BEARER)
    yield "nul", get(b"/\0")
    yield "bytes", get(b"/v25.0/\xff\xfe", BEARER)
    yield "long path", get(b"/" + b"a" * 200_000)
    yield "long key", get(b"/v25.0/1", b"Authorization: Bearer " + b"a" * 30_000 + b"\r\n")
    yield "500 headers", get(b"/health/live", b"".join(b"X-%d: y\r\n" % n for n in range(500)))
    yield "5000 headers", get(b"/health/live", b"".join(b"X-%d: y\r\n" % n for n in range(5000)))
    yield "header of 1 MB", get(b"/health/live", b"X: " + b"y" * 1_000_000 + b"\r\n")
    yield "header with nul", get(b"/health/live", b"X: a\0b\r\n")
    yield "unknown method", ask(b"BREW /health/live HTTP/1.1\r\n" + HOST + b"\r\n")[0]
    yield "method of another edge", ask(MESSAGES.replace(b"POST", b"PURGE") + b"\r\n")[0]
    yield "tls", ask(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 300)[0]
    yield "all bytes", ask(bytes(range(256)) * 10)[0]
    yield "pipelined", pipelined()
    yield "length negative", post(b"Content-Length: -1\r\n", b"x")
    yield "length 1e12", post(b"Content-Length: 1000000000000\r\n", b"x")
    yield "length 2^63", post(b"Content-Length: 9223372036854775808\r\n", b"x")
    yield "length twice", post(b"Content-Length: 1\r\nContent-Length: 2\r\n", b"xx")
    yield "length and chunks", post(b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n")
    yield "length too short", short[0]
    yield "length too long", post(b"Content-Length: 100\r\n", b"xx", half=True)
    yield "message that stops", ask(MESSAGES + b"Content-Length: 100\r\n\r\n{", half=True)[0]
    yield "unknown coding", post(b"Transfer-Encoding: gzip\r\n", b"xx")
    yield "bad chunk", post(b"Transfer-Encoding: chunked\r\n", b"zz\r\nxx")
    yield "huge chunk", post(b"Transfer-Encoding: chunked\r\n", b"FFFFFFFFFFFFFFFFF\r\nxx")
    yield "endless chunks", endless()
    yield "5 MiB", webhook(large)
    yield "5 MiB unsigned", webhook(large, b"sha256=" + b"0" * 64)
    yield "5 MiB and close", post(length(large) + b"Connection: close\r\n", large)
    yield "message of 2 MiB", message(b" " * (2 << 20))


def signatures():
    header = b"X-Hub-Signature-256: "
    body = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
    good = sign(body)
    yield "good", webhook(body)
    yield "repeated", webhook(body)
    yield "upper case", webhook(body, good.upper())
    yield "missing", ask(WEBHOOK + length(body) + b"\r\n" + body)[0]
    yield "empty", webhook(body, b"")
    yield "wrong", webhook(body, b"sha256=" + b"0" * 64)
    yield "of another body", webhook(body + b" ", good)
    yield "of another secret", webhook(body, sign(body, b"another"))
    yield "sha1", webhook(body, sign(body, algorithm="sha1"))
    yield "sha1 in its own header", webhook(body, sign(body, algorithm="sha1"), b"X-Hub-Signature: ")
    yield "sha512", webhook(body, sign(body, algorithm="sha512"))
    yield "bare", webhook(body, good[7:])
    yield "cut", webhook(body, good[:-1])
    yield "long", webhook(body, good + b"0" * 20_000)
    yield "several, good first", webhook(body, good + b"\r\n" + header + b"sha256=" + b"0" * 64)
    yield "several, good last", webhook(body, b"sha256=" + b"0" * 64 + b"\r\n" + header + good)
    yield "with bytes", webhook(body, b"sha256=" + b"\xff" * 64)


def deep(count):
    return b"[" * count + b"]" * count


def change(field, value):
    entry = {"id": WABA, "time": 1_764_000_000, "changes": [{"field": field, "value": value}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def of_number(**lists):
    return change("messages", {"metadata": {"display_phone_number": "1", "phone_number_id": SENDER}, **lists})


STATUS = {"id": "wamid.hostile", "status": "failed", "timestamp": "1764000000", "recipient_id": "16505550199"}
STATUS["errors"] = [{"code": 131026, "title": "t"}]
TEXT = {"id": "wamid.in", "from": "16505550199", "timestamp": "1764000000", "type": "text", "text": {"body": "hello"}}
TEMPLATE = {"event": "PAUSED", "message_template_id": 1, "message_template_name": "n", "message_template_language": "en_US"}
PREFERENCE = {"wa_id": "16505550199", "category": "marketing_messages", "value": "stop", "timestamp": 1_764_000_000}

# Put in place of every value of a webhook in turn. What comes of it depends on the place: nothing may be lost, and nothing may stop.
VALUES = {
    "nul": b'"a\\u0000b"', "bytes": b'"a\xff\xfe\xc3b"', "half a character": b'"\\ud800x"', "number": b"12345", "negative": b"-1",
    "huge": b"1e999999", "long number": b"9" * 400, "word": b'"SOMETHING_NEW"', "digits": b'"1764000000123"', "infinite": b'"inf"',
    "true": b"true", "null": b"null", "list": b'["x",1,null,{}]', "object": b"{}", "long": b'"' + bytes(range(97, 123)) * 300 + b'"',
    # One for the eye, 12,000 bytes to store, and nothing that compresses.
    "one character": ('"a' + "".join(chr(0x300 + n % 111) for n in hashlib.shake_256(b"marks").digest(6000)) + '"').encode(),
}


def places(value, path=()):
    if isinstance(value, (dict, list)):
        if path:
            yield path
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, path + (key,))
    else:
        yield path


def replaced(document, path, value):
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = "@@"
    return json.dumps(copy).encode().replace(b'"@@"', value)


def contents(seen):
    """Bodies with a right signature and every kind of wrong content, on one connection."""
    documents = {
        "status": of_number(contacts=[{"wa_id": "16505550199"}], statuses=[STATUS]), "text": of_number(messages=[TEXT]),
        "template": change("message_template_status_update", TEMPLATE), "account": change("account_update", {"event": "X"}),
        "preference": change("user_preferences", {"metadata": {"phone_number_id": SENDER}, "user_preferences": [PREFERENCE]}),
        "unknown": change("field_of_2031", {"a": {"b": [1, "x"]}}),
    }
    with connect() as sock:
        for document in documents.values():
            for path in places(document):
                for value in VALUES.values():
                    body = replaced(document, path, value)
                    sock.sendall(WEBHOOK + length(body) + b"X-Hub-Signature-256: " + sign(body) + b"\r\n\r\n" + body)
                    status = read(sock)[0]
                    seen[status] = seen.get(status, 0) + 1


def bodies():
    """Webhooks of which a person must be told."""
    ring = json.dumps(of_number(statuses=[STATUS])).encode()
    yield "empty", b""
    yield "no JSON", b"hello"
    yield "bytes", bytes(range(256))
    yield "a list", b"[]"
    yield "no entry", b'{"object":"whatsapp_business_account"}'
    yield "entry as an object", b'{"entry":{}}'
    yield "deep lists", deep(100_000)
    yield "deep objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    yield "deep inside", ring[:-1] + b',"x":' + deep(100_000) + b"}"
    yield "never closed", b"[" * LIMIT
    yield "4 MiB of blanks", b" " * LIMIT
    yield "status without id", json.dumps(of_number(statuses=[{"status": "sent"}, {"id": "x"}, [], None, 5])).encode()
    yield "too many", json.dumps({"entry": [{"id": WABA, "changes": [{"field": "f", "value": {}}] * 20_001}]}).encode()


def messages():
    """A message with something wrong in it, and what it is answered."""
    base = {"messaging_product": "whatsapp", "to": "+16505550133", "type": "text", "text": {"body": "hostile"}}
    raw = json.dumps(base).encode()
    put = lambda path, value: message(replaced(base, path, value))
    yield "empty", message(b"")
    yield "list", message(b"[]")
    yield "bytes", message(bytes(range(256)))
    yield "deep", message(raw[:-1] + b',"x":' + deep(100_000) + b"}")
    yield "deep list", message(deep(100_000))
    yield "long key", message(raw[:-1] + b',"' + b"k" * 500_000 + b'":1}')
    yield "key twice", message(raw[:-1] + b',"type":"text"}')
    yield "key twice, last wrong", message(raw[:-1] + b',"type":"dance"}')
    yield "unknown key", message(raw[:-1] + b',"year":1e999999}')
    yield "unknown type", put(("type",), b'"dance"')
    yield "type as number", put(("type",), b"5")
    yield "type with nul", put(("type",), b'"text\\u0000"')
    yield "to as number", put(("to",), b"16505550133")
    yield "to as 1e999999", put(("to",), b"1e999999")
    yield "to with nul", put(("to",), b'"+1650555\\u00000133"')
    yield "to as list", put(("to",), b'["+16505550133"]')
    yield "to of 1 MB", put(("to",), b'"' + b"1" * 1_000_000 + b'"')
    yield "text as list", put(("text",), b"[]")
    yield "body as number", put(("text", "body"), b"5")
    yield "body with nul", put(("text", "body"), b'"a\\u0000b"')
    yield "body with bytes", put(("text", "body"), b'"a\xff\xfeb"')
    yield "product with nul", put(("messaging_product",), b'"whatsapp\\u0000"')
    yield "tracker with nul", message(raw[:-1] + b',"biz_opaque_callback_data":"\\u0000"}')
    yield "hash as number", message(raw[:-1] + b',"recipient_identity_key_hash":5}')
    yield "latitude 1e999999", message(
        b'{"messaging_product":"whatsapp","to":"+16505550133","type":"location","location":{"latitude":1e999999,"longitude":"1"}}')
    yield "nobody's number", ask(MESSAGES.replace(SENDER.encode(), b"%00") + length(raw) + b"\r\n" + raw)[0]


def good():
    """One POST with bad updates all around a good one, which must be taken."""
    body = of_number(
        contacts=[None, 5, {"wa_id": "16505550177", "identity_key_hash": "aG9zdGlsZQ=="}], statuses=[None, {}, {"id": 1, "status": 2}],
        messages=[None, [], {"id": 5}, {"id": "wamid.good", "from": "16505550177", "timestamp": 1_764_000_000, "type": "text"}])
    return webhook(json.dumps(body).encode())


def main():
    allow(IDLE + 500)
    result = {"rssBefore": memory(), "answers": {}}
    ordinary = Ordinary()
    ordinary.start()
    ordinary.rounds("alone", 9)
    took = {}
    for name, part in [("idle", idle), ("slow", slow), ("waiting", waiting), ("hoard", hoard)]:
        start, result[name] = time.monotonic(), {}
        part(ordinary, result[name])
        took[name] = round(time.monotonic() - start, 1)
    ordinary.phase, start, result["contents"] = "answers", time.monotonic(), {}
    contents(result["contents"])
    took["contents"] = round(time.monotonic() - start, 1)
    for group in (wire, signatures, messages):
        start = time.monotonic()
        result["answers"][group.__name__] = dict(group())
        took[group.__name__] = round(time.monotonic() - start, 1)
    result["answers"]["bodies"] = {name: webhook(body) for name, body in bodies()}
    result["sizes"] = {name: len(body) for name, body in bodies()}
    result["good"] = good()
    ordinary.rounds("after", 9)
    ordinary.ending.set()
    ordinary.join(20)
    result["ordinary"] = {
        phase: {"requests": count, "slowest": round(slowest, 3), "rss": ordinary.peak[phase]}
        for phase, (count, slowest) in ordinary.seen.items()
    }
    result |= {"trouble": ordinary.trouble[:20], "rssAfter": memory(), "took": took, "seconds": round(time.monotonic() - START, 1)}
    print(json.dumps(result))


main()
