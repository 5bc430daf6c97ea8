"""`anxin relay FILE`: a worker's word reaches the chain with any funded key, without a database and without us.

Branches: released · a second time: nothing sent · no money in the escrow: still owed, later paid · another key signed ·
expired · words changed, arguments changed, digest changed, function changed · line not in the sheet · sheet not posted ·
another chain · another escrow · a poor key, no key · no such file · a claim: opened, a second time, more than was signed ·
the API gives it to its signer, and to nobody else.
"""

import asyncio
import json
import os
import sys

import msgspec
import pytest
from eth_account import Account
from tests.backend.chain_site import CONTRACTOR, DEADLINE
from tests.backend.conftest import DAYS, ESCROW, assert_problem
from tests.backend.signed_words import DEADLINE as DEADLINE_2027
from tests.backend.signed_words import claim, confirmation, contest
from tests.chain import RELAYER_KEY

from anxin.chain.reader import read_view
from anxin.chain.relay_file import CannotRelay, account_of, read_file, receipt_within, take_to_chain
from anxin.core.calls import Call
from anxin.core.relay_file import RelayFile, relay_file
from anxin.core.sheet_tree import SheetLine
from anxin.core.signing import digest, from_hex, pack
from anxin.demo.keys import DeviceKey
from anxin.stack import address_of

pytest_plugins = ["tests.chain", "tests.backend.chain_site"]

PAYOUT = f"0x{0xF000:040x}"


@pytest.fixture
async def posted(chain_site):
    """Two workers, 700 and 900 fen."""
    await chain_site.enrol(2)
    await chain_site.post(700, 900)
    return chain_site


@pytest.fixture
def relay(chain):
    """Take a file to the chain while blocks come."""

    async def relay(file, *, deployment=None, key=RELAYER_KEY):
        async def wait(rpc, tx_hash):
            await chain.mine()
            return await receipt_within(5)(rpc, tx_hash)

        return await take_to_chain(chain.rpc, deployment or chain.deployment, file, Account.from_key(key), wait=wait)

    return relay


@pytest.fixture
def paid(chain):
    async def paid(payout=PAYOUT):
        return await read_view(chain.rpc, "WageToken", chain.token, "balanceOf", await chain.head(), account=payout)

    return paid


async def test_signed_word_is_paid_to_its_worker(posted, relay, paid):
    outcome = await relay(posted.confirmation(0))

    assert (700, f"¥7.00 released to {PAYOUT}") == (await paid(), outcome.sentence)


async def test_second_time_nothing_is_sent(posted, relay, paid, chain):
    await relay(posted.confirmation(0))
    before = await chain.nonce()

    outcome = await relay(posted.confirmation(0))

    assert (None, "this line is released already", before, 700) == (
        outcome.tx_hash, outcome.sentence, await chain.nonce(), await paid()
    )  # fmt: skip


async def test_file_survives_being_written_and_read(posted):
    file = posted.confirmation(0)

    assert file == read_file(msgspec.json.encode(file))


async def test_escrow_without_money_owes_on_and_pays_the_same_word_later(chain, chain_site, relay, paid):
    await chain_site.enrol(1)
    await chain_site.post(100_001)
    with pytest.raises(CannotRelay, match="not the money now"):
        await relay(chain_site.confirmation(0))
    receipt = "0x" + "02" * 32
    await chain_site.send("bank", "WageToken", chain.token, "mint", to=address_of("contractor"), amount=1, receipt=receipt)
    await chain_site.send("contractor", "WageToken", chain.token, "approve", spender=chain_site.escrow, value=1)
    await chain_site.send("contractor", "WageEscrow", chain_site.escrow, "fund", amount=1, memo=receipt)
    await chain.mine()

    await relay(chain_site.confirmation(0))

    assert 100_001 == await paid()


async def refused(relay, file, match, **more):
    with pytest.raises(CannotRelay, match=match):
        await relay(file, **more)


async def test_word_by_another_key_is_told_before_gas_is_spent(posted, relay, chain):
    await refused(relay, posted.confirmation(0, key=DeviceKey.from_number(999)), "not by the key this worker has")
    assert [] == await chain.pending()


async def test_word_that_has_expired_is_told(posted, relay):
    await refused(relay, posted.confirmation(0, deadline=1_000), "good until a time that is over")


def changed(file: RelayFile, **fields) -> RelayFile:
    return msgspec.structs.replace(file, **fields)


async def test_amount_that_was_not_signed_is_told(posted, relay, chain):
    """Whoever holds the file cannot make it more, or another worker's."""
    file = posted.confirmation(0)
    line = SheetLine.unpacked(from_hex(file.arguments["line"]))
    more = SheetLine(line.index, line.day_mask, 999, line.worker_id, line.payslip_hash)
    words, arguments = file.words | {"amount": 999}, file.arguments | {"line": "0x" + more.packed().hex()}
    signed = "0x" + digest(chain.deployment.escrow_domain(file.escrow), "Confirmation", words).hex()
    await refused(relay, changed(file, arguments=arguments), "amount is 999, and what was signed says 700")
    await refused(relay, changed(file, words=words, arguments=arguments), "the digest of these words")
    await refused(relay, changed(file, words=words, arguments=arguments, digest=signed), "not by the key")


async def test_sheet_that_is_not_posted_is_told(chain_site, relay):
    await chain_site.enrol(1)
    chain_site.sheet([700], 0)
    await refused(relay, chain_site.confirmation(0), "no such wage sheet")


async def test_line_with_a_wrong_proof_is_told(posted, relay):
    file = posted.confirmation(0)
    wrong = changed(file, arguments=file.arguments | {"proof": ["0x" + "00" * 32]})
    await refused(relay, wrong, "not in the posted wage sheet")


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"chain_id": 1}, "for chain 1, and this is chain 31337"),
        ({"function": "claim"}, "a Confirmation is not what claim takes"),
        ({"words": {}}, "incomplete"),
        ({"arguments": {}}, "incomplete"),
        ({"digest": "0x" + "00" * 32}, "the digest of these words is"),
    ],
    ids=["chain", "function", "words", "arguments", "digest"],
)
async def test_file_that_contradicts_itself_is_told(posted, relay, fields, match):
    await refused(relay, changed(posted.confirmation(0), **fields), match)


async def test_call_to_what_is_no_escrow_is_never_made(posted, relay, chain):
    """A file may not use its bearer's key for another contract."""
    file = posted.confirmation(0)
    words = posted.words(0)
    elsewhere = changed(
        file, escrow=chain.token,
        digest="0x" + digest(chain.deployment.escrow_domain(chain.token), "Confirmation", words).hex(),
    )  # fmt: skip
    await refused(relay, elsewhere, "no escrow of this deployment")


async def test_key_without_coins_is_told(posted, relay):
    await refused(relay, posted.confirmation(0), "holds 0 wei, and gas may cost", key="0x" + "42" * 32)


def test_text_that_is_no_file_is_told():
    with pytest.raises(CannotRelay, match="no signed word as Anxin exports it"):
        read_file(b'{"format": "anxin signed word 1"}')


@pytest.mark.parametrize("key", ["", "0x1234", "not a key"])
def test_text_that_is_no_key_is_told_and_not_repeated(key):
    with pytest.raises(CannotRelay) as told:
        account_of(key)
    assert "ANXIN_RELAYER_KEY" in str(told.value)
    assert not key or key not in str(told.value)


async def test_command_needs_only_a_node_and_a_key(posted, chain, tmp_path, paid):
    file, deployment = tmp_path / "word.json", tmp_path / "deployment.json"
    file.write_bytes(msgspec.json.encode(posted.confirmation(1)))
    deployment.write_bytes(msgspec.json.encode(chain.deployment))
    await chain("evm_setAutomine", True)
    arguments = [str(file), "--rpc", chain.anvil.url, "--deployment", str(deployment)]

    first, again = [await anxin_relay(*arguments) for _ in range(2)]
    nobody = await anxin_relay(*arguments, key="")

    assert (0, 0, 1, 900) == (first[0], again[0], nobody[0], await paid(f"0x{0xF001:040x}")), first
    assert "¥9.00 released to" in first[1]
    assert "released already: nothing was sent" in again[1]
    assert "✗ no key" in nobody[1]


async def anxin_relay(*arguments, key=RELAYER_KEY):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "anxin.cli", "relay", *arguments, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={"ANXIN_RELAYER_KEY": key, "PATH": os.environ["PATH"]},
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode, output.decode()


# ------------------------------------------------------------------ a claim


@pytest.fixture
async def claim_of(chain_site, chain):
    """A worker who has joined, and what they sign about a day that no sheet has, as a file."""
    await chain_site.enrol(1)
    worker_id, domain = "0x" + chain_site.worker_id(0).hex(), chain.deployment.escrow_domain(chain_site.escrow)
    terms = {"workerId": worker_id, "dayCap": 50_000, "termsHash": "0x" + "05" * 32, "deadline": DEADLINE}
    words = digest(domain, "Join", terms)
    await chain_site.send(
        "deployer", "WageEscrow", chain_site.escrow, "join", **terms,
        contractorSignature="0x" + CONTRACTOR.sign_bytes(words).hex(),
        workerSignature="0x" + pack(chain_site.keys[0].sign(words)).hex(),
    )  # fmt: skip
    await chain.mine()
    today = int((await chain("eth_getBlockByNumber", "latest", False))["timestamp"], 16) // 86_400

    def make(**changed):
        words = {
            "workerId": worker_id, "amount": 30_000, "firstDay": today - 3, "dayMask": 1, "evidenceHash": "0x" + "06" * 32,
            "deadline": DEADLINE,
        }  # fmt: skip
        signature = "0x" + pack(chain_site.keys[0].sign(digest(domain, "Claim", words))).hex()
        said = words | changed
        call = Call("", "WageEscrow", chain_site.escrow, "claim", {"claimed": said, "signature": signature})
        return relay_file(chain.deployment, call, said)

    return make


async def test_claim_reaches_the_chain_with_no_database(chain_site, claim_of, relay, chain):
    outcome = await relay(claim_of())

    dispute = await read_view(chain.rpc, "WageEscrow", chain_site.escrow, "dispute", await chain.head(), disputeId=0)
    assert ("dispute 0 is open", 30_000) == (outcome.sentence, dispute["asked"])


async def test_claim_is_brought_once(chain_site, claim_of, relay, chain):
    await relay(claim_of())

    outcome = await relay(claim_of())

    count = await read_view(chain.rpc, "WageEscrow", chain_site.escrow, "disputeCount", await chain.head())
    assert (None, "this claim is on the chain already", 1) == (outcome.tx_hash, outcome.sentence, count)


async def test_claim_of_more_than_was_signed_is_told(claim_of, relay, chain):
    await refused(relay, claim_of(amount=40_000), "not by the key")
    assert [] == await chain.pending()


# ------------------------------------------------------------------ the file, from the API


async def test_signer_gets_the_word_as_a_file(client, site, signed_in):
    sheet = await site.post(90_000, 80_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)

    answer = await client.get(f"{path}/file", headers=signed_in(site.workers["W001"]))

    file = read_file(answer.content)
    assert (200, path.rsplit("/", 1)[1], "releaseLine") == (answer.status_code, file.digest, file.function)
    assert answer.headers["content-disposition"].startswith('attachment; filename="anxin-confirmation-')
    assert ({"amount": 90_000, "deadline": body["deadline"]}, json.loads(answer.content)["format"]) == (
        {name: file.words[name] for name in ("amount", "deadline")}, "anxin signed word 1"
    )  # fmt: skip


async def test_contest_is_a_file_too(client, site, signed_in):
    sheet = await site.post(80_000)
    path, body = contest(site, sheet, 0, claimed_fen=90_000, claimed_days=sheet.lines[0].day_mask)
    assert 202 == (await client.put(path, json=body)).status_code

    file = read_file((await client.get(f"{path}/file", headers=signed_in(site.workers["W001"]))).content)

    assert (path.rsplit("/", 1)[1], "contest", 90_000) == (file.digest, file.function, file.words["claimed"])


async def test_claim_is_a_file_under_the_digest_that_its_worker_is_shown(client, site, signed_in):
    path, body = claim(site, "W001", amount_fen=30_000, first_day=DAYS[0], day_mask=1)
    assert 202 == (await client.put(path, json=body)).status_code
    headers = signed_in(site.workers["W001"])

    (mine,) = (await client.get("/api/me/disputes", headers=headers)).json()["disputes"]
    answer = await client.get(f"/api/claims/{mine['digest']}/file", headers=headers)

    file = read_file(answer.content)
    assert (path.rsplit("/", 1)[1], "claim", 30_000, DEADLINE_2027) == (
        file.digest, file.function, file.words["amount"], file.arguments["claimed"]["deadline"],
    )  # fmt: skip
    assert body["evidence"] not in answer.text
    assert file.digest == "0x" + digest(site.deployment.escrow_domain(ESCROW), "Claim", file.words).hex()


async def test_nobody_else_gets_the_claim(client, site, signed_in):
    path, body = claim(site, "W001", amount_fen=30_000, first_day=DAYS[0], day_mask=1)
    await client.put(path, json=body)

    assert 401 == (await client.get(f"{path}/file")).status_code
    another = await client.get(f"{path}/file", headers=signed_in(site.workers["W002"]))
    assert_problem(another, 404, "not-found", path.rsplit("/", 1)[1])


async def test_nobody_else_gets_the_file(client, site, signed_in):
    sheet = await site.post(90_000, 80_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)

    assert 401 == (await client.get(f"{path}/file")).status_code
    another = await client.get(f"{path}/file", headers=signed_in(site.workers["W002"]))
    assert_problem(another, 404, "not-found", path.rsplit("/", 1)[1])
