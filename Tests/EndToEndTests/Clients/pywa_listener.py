"""pywa's webhook behind a small HTTP server: prints a JSON line for each update it has read.

Signatures are checked by pywa. An update that pywa cannot read is told as "unread", with its field. A first line tells the port. Ends
with 0 when so many updates have come, with 1 when the time is over before.

Usage: APP_SECRET=… VERIFY_TOKEN=… pywa_listener.py PORT UPDATES SECONDS
"""
import enum
import http.server
import json
import os
import sys
import threading
import urllib.parse

from pywa import WhatsApp, handlers, utils

PORT, EXPECTED, SECONDS = map(int, sys.argv[1:])
# Of all kinds of updates together.
FIELDS = "type text status tracker old_wa_id new_wa_id template_id template_name new_status value data".split()

# What comes twice is shown twice, where pywa would drop it silently.
wa = WhatsApp(
    app_secret=os.environ["APP_SECRET"], verify_token=os.environ.get("VERIFY_TOKEN"), filter_updates=False, skip_duplicate_updates=False)
printing = threading.Lock()
finished = threading.Event()
count = 0


def plain(value):
    return value.value if isinstance(value, enum.Enum) else value


def tell(line):
    global count
    with printing:
        if not finished.is_set():
            print(json.dumps({name: value for name, value in line.items() if value is not None}), flush=True)
            count += 1
        if count == EXPECTED:
            finished.set()


def on_update(_, update):
    # A raw update is handed over last: by then it is known whether it has been read.
    update.shared_data["read"] = True
    line = {"class": type(update).__name__, "id": update.id, "waba": update.raw.id}
    for name in FIELDS:
        line[name] = plain(getattr(update, name, None))
    if hasattr(update, "metadata"):
        line["phone_number_id"] = update.metadata.phone_number_id
    if user := getattr(update, "from_user", None):
        line.update(wa_id=user.wa_id, user_id=user.bsuid, name=user.name)
    if error := getattr(update, "error", None):
        line.update(error=type(error).__name__, code=error.code)
    if media := getattr(update, "media", None):
        line["media"] = media.id
    if reply := getattr(update, "reply_to_message", None):
        line["context"] = reply.id
    tell(line)


def on_raw(_, update):
    if not update.shared_data.get("read"):
        tell({"class": "unread", "field": update.field, "waba": update.id})


for kind in WhatsApp._handlers_to_updates:
    wa.add_handlers(kind(on_update))
wa.add_handlers(handlers.RawUpdateHandler(on_raw))


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        self.reply(*wa.webhook_challenge_handler(*((query.get(name) or [None])[0] for name in (utils.HUB_VT, utils.HUB_CH))))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(*(wa.webhook_update_validator(body, self.headers.get(utils.HUB_SIG)) or wa.webhook_update_handler(body)))

    def reply(self, text, status):
        body = (text or "").encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Standard error is for pywa."""


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
print(json.dumps({"listening": server.server_port}), flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
came = finished.wait(SECONDS)
server.shutdown()
sys.exit(0 if came else 1)
