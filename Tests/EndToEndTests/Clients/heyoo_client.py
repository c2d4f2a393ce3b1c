"""Sends through Relevo with heyoo, changing nothing but the address and the token.

heyoo is everything that pywa is not: it checks and types nothing, writes numbers without a plus, sends null for what is left out and
coordinates as texts, makes a connection for each call, speaks two old versions of the API, and hands on the answer as it came, refusals
too. Prints a JSON object: the name of each call with the id in the answer, or Meta's code. Pointed at the sandbox itself, with the
sandbox's token, it tells what Meta would have answered.

Usage: API_KEY=… heyoo_client.py ADDRESS PHONE_NUMBER_ID SANDBOX_URL
"""
import pathlib
import tempfile

from calls import KNOWN, PIXEL, Calls, arguments
from heyoo import WhatsApp

ADDRESS, SENDER, SANDBOX, KEY = arguments()
LINK = "https://shop.example/picture.png"


def client(token, sender=SENDER):
    wa = WhatsApp(token=token, phone_number_id=sender)
    for name in ("base_url", "v15_base_url", "url"):
        setattr(wa, name, getattr(wa, name).replace("https://graph.facebook.com", ADDRESS))
    return wa


def describe(given):
    if not isinstance(given, dict):
        return f"{type(given).__name__} {given}" if isinstance(given, bool) else type(given).__name__
    if "error" in given:
        error = given["error"]
        # Callers read these as they are: all of them have to be there, as Meta documents them.
        assert isinstance(error["code"], int) and error["message"] and error["type"] and error["fbtrace_id"], error
        return f"error {error['code']}" + (f"/{error['error_subcode']}" if "error_subcode" in error else "")
    if "messages" in given:
        assert given["messaging_product"] == "whatsapp" and given["contacts"][0]["input"], given
        return f"message {given['messages'][0]['id']}"
    return " ".join(sorted(given))


wa = client(KEY)
calls = Calls(describe)


def call(name, call):
    """Like the other client's, with numbers as heyoo documents them: without a plus."""
    return calls(name, (lambda to: call(to.strip("+"))) if call.__code__.co_argcount else call)


def message(to, **content):
    """What heyoo has no method for, by the one that sends everything."""
    return wa.send_custom_json({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, **content})


def text(to, body="Hello from heyoo", **more):
    return message(to, type="text", text={"body": body}, **more)


def template(to, name, *components, **more):
    return wa.send_template(name, to, list(components), **more)


# Plain messages.
first = call("text", lambda to: wa.send_message("Hello from heyoo", to))
call("text_input", lambda: first["contacts"][0] == {"input": "16505550110", "wa_id": "16505550110"})
call("text_without_preview", lambda to: wa.send_message("Plain", to, preview_url=False))
call("text_without_type", lambda to: wa.send_custom_json({"messaging_product": "whatsapp", "text": {"body": "By default"}}, to))
call("text_user_id", lambda: wa.send_custom_json({
    "messaging_product": "whatsapp", "recipient": SANDBOX.person(KNOWN)["user_id"], "type": "text", "text": {"body": "By user id"}}))
call("text_reply", lambda to: wa.reply_to_message(first["messages"][0]["id"], to, "In answer to that"))
call("reaction", lambda to: wa.send_reaction("\N{THUMBS UP SIGN}", first["messages"][0]["id"], to))
call("reaction_removed", lambda to: wa.send_reaction("", first["messages"][0]["id"], to))
call("location", lambda to: wa.send_location("37.48", "-122.14", "Office", "1 Hacker Way", to))
call("location_bare", lambda to: wa.send_location(37.48, -122.14, None, None, to))
call("contacts", lambda to: wa.send_contacts(
    [{"name": {"formatted_name": "Ana Roe", "first_name": "Ana"}, "phones": [{"phone": "+16505550188", "type": "WORK"}]}], to))
call("read", lambda: wa.mark_as_read("wamid.aW5ib3VuZA=="))
call("typing", lambda: wa.send_custom_json({
    "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.aW5ib3VuZA==", "typing_indicator": {"type": "text"}}))

# Files.
with tempfile.TemporaryDirectory() as folder:
    picture = pathlib.Path(folder, "pixel.png")
    picture.write_bytes(PIXEL)
    media = call("media_upload", lambda: wa.upload_media(str(picture)))
    address = call("media_url", lambda: wa.query_media_url(media["id"]))
    copy = str(pathlib.Path(folder, "copy"))
    call("media_download", lambda: pathlib.Path(wa.download_media(address, "image/png", copy)).read_bytes() == PIXEL)
call("image_by_id", lambda to: wa.send_image(media["id"], to, caption="Uploaded before", link=False))
call("image_by_link", lambda to: wa.send_image(LINK, to))
call("document_by_id", lambda to: wa.send_document(media["id"], to, link=False))
call("document_by_link", lambda to: wa.send_document("https://shop.example/bill.pdf", to, caption="Your bill", filename="bill.pdf"))
call("video", lambda to: wa.send_video("https://shop.example/tour.mp4", to))
call("audio", lambda to: wa.send_audio("https://shop.example/jingle.mp3", to))
call("sticker", lambda to: wa.send_sticker("https://shop.example/sticker.webp", to))
call("media_delete", lambda: wa.delete_media(media["id"]))
call("media_gone", lambda: wa.query_media_url(media["id"]))
call("media_gone_again", lambda: wa.delete_media(media["id"]))
call("image_gone", lambda to: wa.send_image(media["id"], to, link=False))

# Interactive messages.
call("list", lambda to: wa.send_button({
    "header": "A menu", "body": "Choose one", "footer": "Any time",
    "action": {"button": "Menu", "sections": [{"title": "Fruit", "rows": [{"id": "apple", "title": "Apple", "description": ""}]}]}}, to))
call("buttons", lambda to: wa.send_reply_button({
    "type": "button", "body": {"text": "Shall we?"},
    "action": {"buttons": [{"type": "reply", "reply": {"id": name, "title": name}} for name in ("Yes", "No")]}}, to))
call("cta_url", lambda to: wa.send_reply_button({
    "type": "cta_url", "body": {"text": "Look here"},
    "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://shop.example"}}}, to))
call("location_request", lambda to: wa.send_reply_button({
    "type": "location_request_message", "body": {"text": "Where are you?"}, "action": {"name": "send_location"}}, to))

# Templates.
order = {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "A-17"}]}
# Types in capitals and an index that is a number: Meta takes both.
offer = [
    {"type": "HEADER", "parameters": [{"type": "image", "image": {"link": LINK}}]},
    {"type": "BODY", "parameters": [{"type": "text", "text": "Ana"}]},
    {"type": "BUTTON", "sub_type": "quick_reply", "index": 0, "parameters": [{"type": "payload", "payload": "stop"}]},
    {"type": "BUTTON", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "spring"}]}]
call("template", lambda to: template(to, "order_update", order))
call("template_header_buttons", lambda to: template(to, "season_offer", *offer))
call("template_parameters", lambda to: template(to, "order_update"))
call("template_without_header", lambda to: template(to, "season_offer", *offer[1:]))
call("unknown_template", lambda to: template(to, "no_such_template"))
call("unknown_template_again", lambda to: template(to, "no_such_template"))
call("paused_template", lambda to: template(to, "winter_offer", lang="es"))

# What is wrong with the request.
call("bad_number", lambda: wa.send_message("never", "12"))
call("spreadsheet_number", lambda: wa.send_message("never", "1.65055E+10"))
call("group", lambda to: wa.send_message("never", to, recipient_type="group"))
call("text_empty", lambda to: wa.send_message("", to))
call("unknown_type", lambda to: message(to, type="hologram", hologram={"id": "1"}))
call("bad_sender", lambda to: client(KEY, "199999999999999").send_message("never", to))
call("bad_token", lambda to: client("rlv_wrong").send_message("never", to))
call("read_bad_token", lambda: client("rlv_wrong").mark_as_read("wamid.aW5ib3VuZA=="))

# Identities.
call("identity_hash", lambda: text(KNOWN, recipient_identity_key_hash=SANDBOX.person(KNOWN)["identity_key_hash"]))
call("identity_mismatch", lambda: text(KNOWN, recipient_identity_key_hash="DF2lS5v2W6x="))
SANDBOX.change_identity(KNOWN)
call("identity_changed", lambda: text(KNOWN))

# Troubles of Meta's. Those last after which Relevo tries again: what is tried again would be struck by the next trouble.
with SANDBOX.trouble(code=131026):
    call("undeliverable", lambda to: wa.send_message("never", to))
with SANDBOX.trouble(kind="accept_then_drop"):
    call("answer_lost", lambda to: wa.send_message("Once only", to))
with SANDBOX.trouble(code=130429):
    call("rate_limited", lambda to: wa.send_message("A little later", to))
with SANDBOX.trouble(code=131056):
    call("pair_limited", lambda to: wa.send_message("One a time", to))
with SANDBOX.trouble(code=130429, times=0):
    call("rate_limited_long", lambda to: wa.send_message("Much later", to))

calls.tell()
