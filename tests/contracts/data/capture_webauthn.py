"""Writes webauthn_chromium.json anew: what a real browser's passkey says, to hold the contracts against.

    python tests/contracts/data/capture_webauthn.py

Needs Chromium (scripts/get_browser.sh). One passkey for localhost, on DevTools' virtual authenticator, signs an enrolment
and the confirmations of three lines: as the browser puts it most of the time, with the member that Chromium adds now and
then ("other_keys_can_be_added_here"), and with an extension's output in the authenticator data. What is signed names a
chain and contracts that test_webauthn_capture.py puts in place. s is low, as the phone's page sends it; nothing else is
changed.
"""

import hashlib
import http.server
import json
import shutil
import sys
import threading
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from playwright.sync_api import Page, sync_playwright

from anxin.core.sheet_tree import SheetLine
from anxin.core.signing import ESCROW_DOMAIN_NAME, P256_ORDER, PASSKEY, REGISTRY_DOMAIN_NAME, Domain, digest

OUT = Path(__file__).with_name("webauthn_chromium.json")
CHAIN_ID = 31_337
REGISTRY = "0x00000000000000000000000000000000000ca901"
ESCROW = "0x00000000000000000000000000000000000ca902"
PAYOUT = "0x00000000000000000000000000000000A11cEC0A"
WORKER_ID = hashlib.sha256(b"captured worker").digest()[:16] + bytes(16)
DEADLINE = 4_102_444_800  # the year 2100
LINES = [SheetLine(i, 0b11_1111_1111, 100_000 + i, WORKER_ID, hashlib.sha256(b"payslip %d" % i).digest()) for i in range(3)]
CHATTY = "other_keys_can_be_added_here"
TRIES = 200  # Chromium adds the member by chance
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
AUTHENTICATOR = {
    "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True,
    "hasUserVerification": True, "hasCredBlob": True, "automaticPresenceSimulation": True, "isUserVerified": True,
}  # fmt: skip

CREATE = """async () => {
  const credential = await navigator.credentials.create({publicKey: {
    rp: {id: "localhost", name: "Anxin"}, user: {id: new Uint8Array(16), name: "worker", displayName: "worker"},
    challenge: new Uint8Array(32), pubKeyCredParams: [{type: "public-key", alg: -7}],
    authenticatorSelection: {residentKey: "required", userVerification: "required"},
    extensions: {credBlob: new Uint8Array(16)},
  }});
  return {id: base64(credential.rawId), key: base64(credential.response.getPublicKey())};
}"""
ASSERT = """async ({id, challenge, extended}) => {
  const {response} = await navigator.credentials.get({publicKey: {
    rpId: "localhost", challenge: bytes(challenge), userVerification: "required",
    allowCredentials: [{type: "public-key", id: bytes(id)}],
    extensions: extended ? {getCredBlob: true} : {},
  }});
  return {authenticatorData: base64(response.authenticatorData), clientDataJSON: base64(response.clientDataJSON),
          signature: base64(response.signature)};
}"""
PAGE = b"""<!doctype html><script>
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
</script>"""


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Browser:
    """A page at localhost and the one passkey made there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.version = page.context.browser.version if page.context.browser else ""
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable", {"enableUI": False})
        session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        made = page.evaluate(CREATE)
        self.credential = made["id"]
        key = load_der_public_key(b64decode(made["key"]))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError("the passkey is not on P-256")
        self.x, self.y = (f"0x{number:064x}" for number in (key.public_numbers().x, key.public_numbers().y))

    def sign(self, words: bytes, *, extended: bool = False, chatty: bool = False) -> dict[str, str]:
        """Return an assertion over `words`, asked for until Chromium said as much, or as little, as is wanted."""
        for _ in range(TRIES):
            said = self._assert(words, extended)
            if (CHATTY in said["clientDataJSON"]) == chatty:
                return said
        raise LookupError(f"Chromium did not say {CHATTY} as wanted in {TRIES} tries")

    def _assert(self, words: bytes, extended: bool) -> dict[str, str]:
        challenge = b64encode(words).decode()
        said = self.page.evaluate(ASSERT, {"id": self.credential, "challenge": challenge, "extended": extended})
        r, s = decode_dss_signature(b64decode(said["signature"]))
        return {
            "digest": "0x" + words.hex(),
            "authenticatorData": "0x" + b64decode(said["authenticatorData"]).hex(),
            "clientDataJSON": b64decode(said["clientDataJSON"]).decode(),
            "r": f"0x{r:064x}",
            "s": f"0x{min(s, P256_ORDER - s):064x}",
        }


def capture(browser: Browser) -> dict[str, Any]:
    registry, escrow = Domain(REGISTRY_DOMAIN_NAME, CHAIN_ID, REGISTRY), Domain(ESCROW_DOMAIN_NAME, CHAIN_ID, ESCROW)
    enrolment = {
        "workerId": WORKER_ID, "assurance": PASSKEY, "x": browser.x, "y": browser.y, "payout": PAYOUT,
        "deadline": DEADLINE,
    }  # fmt: skip
    confirmations = [
        digest(escrow, "Confirmation", {
            "sheetId": 0, "index": line.index, "workerId": line.worker_id, "amount": line.amount_fen,
            "dayMask": line.day_mask, "payslipHash": line.payslip_hash, "deadline": DEADLINE,
        })
        for line in LINES
    ]  # fmt: skip
    return {
        "browser": f"Chromium {browser.version}, virtual authenticator {AUTHENTICATOR['ctap2Version']}",
        "chainId": CHAIN_ID,
        "registry": REGISTRY,
        "escrow": ESCROW,
        "workerId": "0x" + WORKER_ID.hex(),
        "payout": PAYOUT,
        "deadline": DEADLINE,
        "lines": ["0x" + line.packed().hex() for line in LINES],
        "key": {"x": browser.x, "y": browser.y},
        "enrolment": browser.sign(digest(registry, "Enrolment", enrolment)),
        "confirmations": {
            "plain": browser.sign(confirmations[0]),
            "chatty": browser.sign(confirmations[1], chatty=True),
            "extended": browser.sign(confirmations[2], extended=True),
        },
    }


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("No Chromium on this machine: scripts/get_browser.sh installs it.")
    server = http.server.ThreadingHTTPServer(("localhost", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page()
        page.goto(f"http://localhost:{server.server_port}/")
        captured = capture(Browser(page))
        browser.close()
    OUT.write_text(json.dumps(captured, indent=2) + "\n")
    print(f"{OUT} by {captured['browser']}")


if __name__ == "__main__":
    main()
