"""Sends through Relevo with pywa, changing nothing but the base URL and the token. Prints what came back as JSON.

Usage: API_KEY=… pywa_client.py BASE_URL PHONE_NUMBER_ID
"""
import json
import os
import sys

from pywa import WhatsApp
from pywa.errors import WhatsAppError
from pywa.types.templates import BodyText, TemplateLanguage

BASE, SENDER = sys.argv[1:]


def client(token):
    wa = WhatsApp(phone_id=SENDER, token=token)
    wa.api._session.base_url = BASE
    return wa


def failure(call):
    try:
        call()
    except WhatsAppError as error:
        return type(error).__name__
    return "none"


wa = client(os.environ["API_KEY"])
print(json.dumps({
    "text": wa.send_message(to="+16505550101", text="Hello from pywa").id,
    "template": wa.send_template(
        to="+16505550101", name="order_update", language=TemplateLanguage.ENGLISH_US, params=[BodyText.params("Ana", "A-17")]).id,
    "bad_number": failure(lambda: wa.send_message(to="12", text="never")),
    "bad_token": failure(lambda: client("rlv_wrong").send_message(to="+16505550101", text="never")),
}))
