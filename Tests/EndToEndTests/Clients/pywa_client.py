"""Sends through Relevo with pywa, changing nothing but the base URL and the token.

Prints a JSON object: the name of each call with the class of what came back and its id, or the class of the exception and Meta's code.
Pointed at the sandbox itself, with the sandbox's token, it tells what Meta would have answered.

Usage: API_KEY=… pywa_client.py BASE_URL PHONE_NUMBER_ID SANDBOX_URL
"""
import tempfile

import httpx
from calls import KNOWN, PIXEL, Calls, arguments
from pywa import WhatsApp
from pywa.errors import WhatsAppError
from pywa.types import Button, Contact, ImageCarouselCard, MediaURL, Section, SectionList, SectionRow, URLButton
from pywa.types import templates as t
from pywa.types.media import Media
from pywa.types.others import SuccessResult

BASE, SENDER, SANDBOX, KEY = arguments()
LINK = "https://shop.example/picture.png"


def client(token):
    wa = WhatsApp(phone_id=SENDER, token=token)
    wa.api._session.base_url = BASE
    return wa


def describe(given):
    name = type(given).__name__
    if isinstance(given, WhatsAppError):
        return f"{name} {given.code}" + (f"/{given.subcode}" if given.subcode else "")
    # Which of them depends on the moment at which a connection ends.
    if isinstance(given, httpx.TransportError):
        return "TransportError"
    if isinstance(given, Media | MediaURL):
        return name
    if isinstance(given, SuccessResult | bool):
        return f"{name} {bool(given)}"
    return f"{name} {given.id}" if hasattr(given, "id") else name


def template(to, name, *params, language=t.TemplateLanguage.ENGLISH_US, **more):
    return wa.send_template(to=to, name=name, language=language, params=list(params), **more)


wa = client(KEY)
call = Calls(describe)

# Plain messages, to numbers in the forms in which people write them.
text = call("text", lambda to: wa.send_message(to=to, text="Hello from pywa"))
call("text_digits", lambda to: wa.send_message(to=to.strip("+"), text="As wa_ids are written"))
call("text_integer", lambda to: wa.send_message(to=int(to), text="As a number"))
spaced = call("text_spaced", lambda to: wa.send_message(to=f"{to[:2]} ({to[2:5]}) {to[5:8]}-{to[8:]}", text="As people write it"))
call("text_spaced_to", lambda: spaced.to.isdigit() and spaced.input.startswith("+1 (650) 555-0"))
call("text_user_id", lambda: wa.send_message(to=SANDBOX.person(KNOWN)["user_id"], text="By user id"))
call("text_reply", lambda to: wa.send_message(to=to, text="In answer to that", reply_to_message_id=text.id, tracker="case:17"))
call("location", lambda to: wa.send_location(to=to, latitude=37.48, longitude=-122.14, name="Office", address="1 Hacker Way"))
call("location_request", lambda to: wa.request_location(to=to, text="Where are you?"))
call("contact", lambda to: wa.send_contact(to=to, contact=Contact(
    name=Contact.Name(formatted_name="Ana Roe", first_name="Ana"), phones=[Contact.Phone(phone="+16505550188", type="WORK")])))
call("contact_request", lambda to: wa.request_contact_info(to=to, text="May we have your number?"))
call("reaction", lambda to: wa.send_reaction(to=to, emoji="\N{THUMBS UP SIGN}", message_id=text.id))
call("reaction_removed", lambda to: wa.remove_reaction(to=to, message_id=text.id))
call("read", lambda: wa.mark_message_as_read(message_id="wamid.aW5ib3VuZA=="))
call("typing", lambda: wa.indicate_typing(message_id="wamid.aW5ib3VuZA=="))

# Files.
media = call("media_upload", lambda: wa.upload_media(PIXEL, mime_type="image/png", filename="pixel.png"))
call("image_by_id", lambda to: wa.send_image(to=to, image=media.id, caption="Uploaded before"))
call("image_by_link", lambda to: wa.send_image(to=to, image=LINK))
call("image_by_bytes", lambda to: wa.send_image(to=to, image=PIXEL, mime_type="image/png"))
call("document", lambda to: wa.send_document(to=to, document="https://shop.example/bill.pdf", filename="bill.pdf", caption="Your bill"))
call("video", lambda to: wa.send_video(to=to, video="https://shop.example/tour.mp4"))
call("audio", lambda to: wa.send_audio(to=to, audio="https://shop.example/jingle.mp3"))
call("sticker", lambda to: wa.send_sticker(to=to, sticker="https://shop.example/sticker.webp"))
address = call("media_url", lambda: wa.get_media_url(media.id))
call("media_bytes", lambda: wa.get_media_bytes(address.url) == PIXEL)
with tempfile.TemporaryDirectory() as folder:
    call("media_download", lambda: wa.download_media(url=address.url, path=folder).read_bytes() == PIXEL)
call("media_delete", lambda: wa.delete_media(media.id))
call("media_gone", lambda: wa.get_media_url(media.id))
call("image_gone", lambda to: wa.send_image(to=to, image=media.id))

# Interactive messages.
buttons = [Button("Yes", "yes"), Button("No", "no")]
call("buttons", lambda to: wa.send_message(to=to, text="Shall we?", header="A question", footer="Any time", buttons=buttons))
call("buttons_image", lambda to: wa.send_image(to=to, image=LINK, caption="This one?", buttons=buttons))
call("list", lambda to: wa.send_message(to=to, text="Choose one", buttons=SectionList(
    "Menu", [Section("Fruit", [SectionRow("Apple", "apple", "Green"), SectionRow("Pear", "pear")])])))
call("cta_url", lambda to: wa.send_message(to=to, text="Look here", buttons=URLButton("Open", "https://shop.example")))
call("carousel", lambda to: wa.send_carousel(to=to, body="Two of them", cards=[
    ImageCarouselCard(body=name, image=LINK, buttons=[Button("Take it", name)]) for name in ("one", "two")]))
call("catalog", lambda to: wa.send_catalog(to=to, body="All of it", thumbnail_product_sku="SKU-1"))

# Templates.
order = t.BodyText.params("Ana", "A-17")
offer = [
    t.HeaderImage.params(image=LINK), t.BodyText.params("Ana"), t.QuickReplyButton.params(callback_data="stop", index=0),
    t.URLButton.params(url_variable="spring", index=1)]
call("template", lambda to: template(to, "order_update", order))
call("template_header_buttons", lambda to: template(to, "season_offer", *offer))
call("template_marketing_edge", lambda to: template(to, "season_offer", *offer, use_mm_lite_api=True))
call("template_parameters", lambda to: template(to, "order_update", t.BodyText.params("Ana")))
call("template_without_header", lambda to: template(to, "season_offer", *offer[1:]))
call("unknown_template", lambda to: template(to, "no_such_template"))
call("unknown_template_again", lambda to: template(to, "no_such_template"))
call("paused_template", lambda to: template(to, "winter_offer", language=t.TemplateLanguage.SPANISH))
call("paused_template_again", lambda to: template(to, "winter_offer", language=t.TemplateLanguage.SPANISH))

# What is wrong with the request.
call("bad_number", lambda: wa.send_message(to="12", text="never"))
call("own_number", lambda: wa.send_message(to="+16505550100", text="never"))
call("text_too_long", lambda to: wa.send_message(to=to, text="x" * 4097))
call("tracker_too_long", lambda to: wa.send_message(to=to, text="never", tracker="x" * 513))
call("bad_sender", lambda to: wa.send_message(to=to, text="never", sender="199999999999999"))
call("bad_token", lambda to: client("rlv_wrong").send_message(to=to, text="never"))
call("not_proxied", lambda: wa.get_business_profile())

# Identities.
call("identity_hash", lambda: wa.send_message(to=KNOWN, text="It is you", identity_key_hash=SANDBOX.person(KNOWN)["identity_key_hash"]))
call("identity_mismatch", lambda: wa.send_message(to=KNOWN, text="never", identity_key_hash="DF2lS5v2W6x="))
SANDBOX.change_identity(KNOWN)
call("identity_changed", lambda: wa.send_message(to=KNOWN, text="Is it still you?"))

# Troubles of Meta's. Those last after which Relevo tries again: what is tried again would be struck by the next trouble.
with SANDBOX.trouble(code=131026):
    call("undeliverable", lambda to: wa.send_message(to=to, text="never"))
with SANDBOX.trouble(code=131000):
    call("meta_fails", lambda to: wa.send_message(to=to, text="Perhaps"))
with SANDBOX.trouble(kind="accept_then_drop"):
    call("answer_lost", lambda to: wa.send_message(to=to, text="Once only"))
with SANDBOX.trouble(code=130429):
    call("rate_limited", lambda to: wa.send_message(to=to, text="A little later"))
with SANDBOX.trouble(code=131056):
    call("pair_limited", lambda to: wa.send_message(to=to, text="One a time"))
with SANDBOX.trouble(code=130429, times=0):
    call("rate_limited_long", lambda to: wa.send_message(to=to, text="Much later"))

call.tell()
