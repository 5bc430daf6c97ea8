"""Our client, and our stand-in, against Twilio's own OpenAPI document, served by Prism. `make contract-twilio` runs it.

Prism refuses what the document does not allow: in what the client asks (mock), and in what the stand-in answers (proxy).
Branches: send with and without a callback, by whom · find · fetch · what the document forbids is refused · the stand-in.
"""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from anxin.alerts.sms import TwilioSender
from anxin.demo.twilio_standin import ACCOUNT_SID, AUTH_TOKEN, FROM, TwilioStandIn
from anxin.settings import Settings

HERE = Path(__file__).parent
PRISM = HERE / "node_modules" / ".bin" / "prism"
DOCUMENT = HERE / "node_modules" / "@twilio-alpha" / "mcp" / "twilio-oai" / "spec" / "json" / "twilio_api_v2010.json"
USED = ("/2010-04-01/Accounts/{AccountSid}/Messages.json", "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json")
READY_WITHIN_SECONDS = 60
PHONE, LONG_AGO = "+8613800000001", datetime(2000, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not PRISM.exists(), reason="make contract-twilio installs Prism and Twilio's document")


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """Twilio's document with the paths we use: the whole one takes Prism several times as long to read.

    It says that a page's addresses are whole URIs, and gives relative ones in its own examples, as the API does.
    """
    whole = json.loads(DOCUMENT.read_text())
    whole["paths"] = {path: whole["paths"][path] for path in USED}
    listed = whole["paths"][USED[0]]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    for shape in listed.values():
        if shape.get("format") == "uri":
            shape["format"] = "uri-reference"
    file = tmp_path_factory.mktemp("twilio") / "messages.json"
    file.write_text(json.dumps(whole))
    return file


@asynccontextmanager
async def prism(*arguments):
    """Run Prism on a free port; yield its address once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        str(PRISM), *map(str, arguments), "--errors", "--port", str(port), "--verboseLevel", "error",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    origin = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS), httpx.AsyncClient(trust_env=False) as client:
            while not await _answers(client, origin):
                await asyncio.sleep(0.1)
        yield origin
    finally:
        process.terminate()
        await process.wait()


async def _answers(client, origin):
    try:
        await client.get(origin)
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(scope="module")
async def mock(document):
    async with prism("mock", document) as origin:
        yield origin


def settings_for(origin):
    return Settings(
        database_url="", rpc_url="", deployment=Path(), jwt_key="", data_keys="", index_key="", relayer_key="",
        twilio_account_sid=ACCOUNT_SID, twilio_auth_token=AUTH_TOKEN, twilio_from=FROM, twilio_api_url=origin,
        public_url="https://anxin.example",
    )  # fmt: skip


@pytest.fixture
async def sender(mock):
    sender = TwilioSender(settings_for(mock))
    yield sender
    await sender.close()


@pytest.mark.parametrize("reference", [None, "7"], ids=["without a callback", "with a callback"])
async def test_message_is_sent_as_twilio_documents_it(sender, reference):
    taken = await sender.send(PHONE, "【安薪】工资¥900.00", reference=reference)

    assert (34, "SM") == (len(taken.sid), taken.sid[:2])
    assert taken.segments == 1


async def test_messages_are_looked_for_as_twilio_documents_it(sender):
    """The document's example holds two messages; they are of other words than ours."""
    assert await sender.find(PHONE, "【安薪】工资", LONG_AGO) == []


async def test_found_message_is_read_as_twilio_documents_it(sender, mock):
    async with httpx.AsyncClient(trust_env=False, auth=(ACCOUNT_SID, AUTH_TOKEN)) as client:
        listed = (await client.get(f"{mock}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json")).json()["messages"]

    found = await sender.find(PHONE, listed[0]["body"], LONG_AGO)

    assert listed[0]["sid"] in [each.sid for each in found]


async def test_message_is_fetched_as_twilio_documents_it(sender):
    known = await sender.fetch("SM" + "a" * 32)

    assert "SM" == known.sid[:2]
    assert known.price_micros is None or known.price_micros > 0


async def test_prism_does_refuse_what_the_document_forbids(mock):
    """Or all of the above would prove nothing."""
    url = f"{mock}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    async with httpx.AsyncClient(trust_env=False, auth=(ACCOUNT_SID, AUTH_TOKEN)) as client:
        nameless = await client.post(url, data={"Body": "to nobody"})
        message = {"To": PHONE, "From": FROM, "Body": "x"}
        no_address = await client.post(url, data={**message, "StatusCallback": "not an address"})
        no_account = await client.get(f"{mock}/2010-04-01/Accounts/nobody/Messages.json")

    assert [422, 422, 422] == [each.status_code for each in (nameless, no_address, no_account)]


async def test_stand_in_answers_as_twilio_documents_it(document, monkeypatch):
    async def nothing(*_):
        """Nobody to call back."""

    monkeypatch.setattr(TwilioStandIn, "_call_back", nothing)
    async with TwilioStandIn() as standin, prism("proxy", document, standin.origin) as origin:
        sender = TwilioSender(settings_for(origin))
        taken = await sender.send(PHONE, "【安薪】工资¥900.00", reference="7")
        found = await sender.find(PHONE, "【安薪】工资¥900.00", LONG_AGO)
        standin.messages[0].status = "delivered"
        known = await sender.fetch(taken.sid)
        await sender.close()

    assert [taken.sid] * 2 == [found[0].sid, known.sid]
