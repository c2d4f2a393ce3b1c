"""What the client scripts share: calls with what they gave, and the controls of the sandbox that plays Meta."""
import contextlib
import json
import os
import sys
import urllib.request

# They have written to the number before a script starts, so that the gateway knows their identity hash.
KNOWN = "+16505550109"
# A PNG of one grey pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da6368000000820081da45083b0000000049454e44ae426082")


class Sandbox:
    """The controls of the sandbox, as far as the scripts need them."""

    def __init__(self, url, sender):
        self.url, self.sender = url, sender

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}", data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    @contextlib.contextmanager
    def trouble(self, kind="error", times=1, **more):
        """Strikes the next messages of the sender; 0 times is all of them, until it is taken away."""
        planted = self.ask("POST", "faults", {
            "match": {"kind": "message", "phone_number_id": self.sender}, "kind": kind, "times": times, **more})
        try:
            yield
        finally:
            self.ask("DELETE", f"faults/{planted['id']}")

    def person(self, number):
        """Their `user_id` and `identity_key_hash`."""
        return self.ask("GET", f"identity/{number.strip('+')}")

    def change_identity(self, number):
        self.ask("POST", f"identity/{number.strip('+')}/change", {})


class Calls:
    """Makes calls one by one and remembers, by name, in one text each, what came back."""

    def __init__(self, describe):
        self.describe = describe
        self.given = {}

    def __call__(self, name, call):
        """Gives what came back. `call` may take a recipient: one of its own, because one person gets a message in six seconds for long."""
        assert name not in self.given, f"{name} was called before"
        person = f"+1650555{110 + len(self.given):04}"
        try:
            result = call(person) if call.__code__.co_argcount else call()
        except Exception as error:
            self.given[name] = self.describe(error)
            return None
        self.given[name] = self.describe(result)
        return result

    def tell(self):
        json.dump(self.given, sys.stdout, indent=1)


def arguments():
    """The gateway's address, the phone number id, the sandbox, and the key, which is in the environment because arguments can be seen."""
    base, sender, sandbox = sys.argv[1:]
    return base, sender, Sandbox(sandbox, sender), os.environ["API_KEY"]
