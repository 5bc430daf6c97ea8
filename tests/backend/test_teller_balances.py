"""What the bank attests to hold: only the bank can, it covers the tokens or an alarm is raised, and anybody sees it."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from eth_account import Account
from tests.backend.conftest import assert_problem
from tests.fakes import final_event

from anxin.audit import attested
from anxin.bank import balances
from anxin.bank.balance_schemas import SignedBalance
from anxin.bank.balances import BankOnChain
from anxin.bank.errors import AttestedAhead, ChainSilent, NoBank
from anxin.chain.alarms import clear_alarm, open_alarms, raise_alarm
from anxin.chain.contracts import encode_call
from anxin.core.calls import Call
from anxin.core.database import transaction
from anxin.core.errors import DigestMismatch, Malformed, NotFound
from anxin.ledger import service as ledger
from anxin.stack import EMBEDDED_ACCOUNTS, address_of
from anxin.teller.attesting import Publisher, attest
from anxin.wiring import read_supply

pytest_plugins = ["tests.chain"]

AT = datetime(2026, 11, 13, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
BANK, STRANGER = Account.from_key("0x" + "b1" * 32), Account.from_key("0x" + "b2" * 32)


def signed(deployment, amount_fen, at=AT, by=BANK):
    said = attest(deployment, by, at, amount_fen)
    return said.digest, SignedBalance(said.at, said.amount_fen, said.signature)


async def bank_only(address):
    return BankOnChain(address.lower() == BANK.address.lower(), AT + HOUR)


@pytest.fixture
def keep(sessions, deployment):
    """Hand an attested balance over, as the API takes it."""

    async def keep(amount_fen, at=AT, by=BANK, ask=bank_only):
        digest, body = signed(deployment, amount_fen, at, by)
        async with transaction(sessions) as session:
            return await balances.keep_balance(session, deployment, digest, body, ask)

    return keep


@pytest.fixture
def minted(sessions, deployment):
    """Tokens in circulation, from a final event at an instant; negative fen are burned."""
    count = 0

    async def minted(amount_fen, at=AT - HOUR):
        nonlocal count
        count += 1
        name, args = ("Minted", {"to": "0x" + "77" * 20}) if amount_fen > 0 else ("Burned", {})
        event = final_event(
            name, "WageToken", deployment.addresses.token, at=at, amount=abs(amount_fen), receipt=f"0x{count:064x}", **args
        )  # fmt: skip
        async with transaction(sessions) as session:
            await (ledger.record_mint if amount_fen > 0 else ledger.record_burn)(session, event)

    return minted


@pytest.fixture
def look(sessions):
    """What the worker does at a final block: the kinds of the alarms that are open then."""

    async def look(chain_time):
        async with transaction(sessions) as session:
            await balances.check_balance(
                session, chain_time, read_supply=read_supply, raise_alarm=raise_alarm, clear_alarm=clear_alarm
            )
        async with sessions() as session:
            return [alarm.kind for alarm in await open_alarms(session)]

    return look


@pytest.fixture
def latest(sessions):
    async def latest():
        async with sessions() as session:
            return await balances.latest_balance(session, read_supply)

    return latest


# ------------------------------------------------------------------ who can attest


async def test_banks_word_is_kept_once_and_shown_with_its_signature(keep, minted, latest, deployment):
    await minted(4_000)
    kept = [await keep(5_000), await keep(5_000)]

    digest, body = signed(deployment, 5_000)
    shown = await latest()
    assert [digest, digest] == [each.digest for each in kept]
    assert (5_000, 4_000, True) == (shown.amount_fen, shown.supply_fen, shown.ok)
    assert (digest, body.signature, BANK.address.lower()) == (shown.digest, shown.signature, shown.signer)


async def test_operator_cannot_attest_for_the_bank(keep, latest):
    """Whoever runs the server has no key with the bank's role."""
    with pytest.raises(NoBank):
        await keep(9_000_000, by=STRANGER)
    with pytest.raises(NotFound):
        await latest()


async def test_banks_signature_under_another_amount_is_nobodys(sessions, deployment):
    """The amount is in the digest: changed afterwards, whoever signed it is somebody else."""
    _, body = signed(deployment, 5_000)
    digest, _ = signed(deployment, 6_000)
    forged = msgspec.structs.replace(body, amount_fen=6_000)
    async with sessions() as session:
        with pytest.raises(NoBank):
            await balances.keep_balance(session, deployment, digest, forged, bank_only)


async def test_body_that_is_not_its_address_is_refused(sessions, deployment):
    digest, _ = signed(deployment, 5_000)
    _, body = signed(deployment, 6_000)
    async with sessions() as session:
        with pytest.raises(DigestMismatch):
            await balances.keep_balance(session, deployment, digest, body, bank_only)


@pytest.mark.parametrize("signature", ["0x", "0x" + "00" * 64, "zz"])
async def test_half_a_signature_is_malformed(sessions, deployment, signature):
    digest, body = signed(deployment, 5_000)
    async with sessions() as session:
        with pytest.raises(Malformed):
            await balances.keep_balance(
                session, deployment, digest, msgspec.structs.replace(body, signature=signature), bank_only
            )


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=300_000)])
async def test_attesting_the_future_is_refused(keep, ahead):
    """Else one word would hold for ever."""
    with pytest.raises(AttestedAhead):
        await keep(5_000, at=AT + ahead)


async def test_word_replayed_later_does_not_become_the_newest(keep, latest):
    await keep(5_000, at=AT)
    await keep(9_000, at=AT - HOUR)

    assert 5_000 == (await latest()).amount_fen


async def test_chain_that_is_silent_keeps_nothing_and_asks_to_send_again(client, deployment):
    digest, body = signed(deployment, 5_000)
    answer = await client.put(f"/api/bank/balances/{digest}", json=msgspec.to_builtins(body))

    assert_problem(answer, 503, "chain-silent", "Send the same again later")
    assert_problem(await client.get("/api/bank/balances/latest"), 404, "not-found", "attested balance")


async def test_teller_hands_over_to_the_api_what_the_chain_says_is_the_banks(settings, sessions, chain):
    """The whole way: the teller's own code, the API, the role on the real contracts."""
    from anxin.app import build

    file = settings.deployment.parent / "real.json"
    file.write_bytes(msgspec.json.encode(chain.deployment))
    real = msgspec.structs.replace(settings, rpc_url=chain.anvil.url, deployment=file)
    at = datetime.fromtimestamp(int((await chain.rpc.block(await chain.head()))["timestamp"], 16), UTC)
    transport = httpx.ASGITransport(app=build(real))
    taken = []
    async with httpx.AsyncClient(transport=transport) as http:
        for account, amount_fen in (("bank", 5_000), ("guardian", 9_000)):
            word = attest(chain.deployment, Account.from_key(EMBEDDED_ACCOUNTS[account]), at, amount_fen)
            taken.append(await Publisher("http://anxin", http).publish(word))
        shown = (await http.get("http://anxin/api/bank/balances/latest")).json()

    assert [True, False] == taken
    assert (5_000, 0, True) == (shown["amountFen"], shown["supplyFen"], shown["ok"])


# ------------------------------------------------------------------ whether it covers the tokens


async def test_supply_above_the_attested_balance_raises_an_alarm_until_it_is_covered(keep, minted, look, latest):
    await minted(5_001)
    await keep(5_000)

    assert [balances.SUPPLY_ABOVE] == await look(AT)
    assert not (await latest()).ok
    await keep(5_001, at=AT + HOUR)
    assert [] == await look(AT + HOUR)


async def test_tokens_minted_after_the_attested_moment_do_not_count_against_it(keep, minted, look):
    await minted(5_000)
    await minted(700, at=AT + HOUR)
    await keep(5_000)

    assert [] == await look(AT + HOUR)


async def test_word_ahead_of_what_is_final_waits(keep, minted, look):
    """The tokens of its moment are not known yet: the one before it counts."""
    await minted(5_000)
    await keep(5_000)
    await minted(-1_000, at=AT + HOUR)
    await keep(4_000, at=AT + HOUR)

    assert [] == await look(AT + HOUR / 2)
    assert [] == await look(AT + HOUR)


async def test_bank_that_says_nothing_for_26_hours_raises_an_alarm(keep, minted, look):
    await minted(5_000)
    await keep(5_000)

    assert [] == await look(AT + 26 * HOUR)
    assert [balances.NOT_ATTESTED] == await look(AT + 26 * HOUR + timedelta(seconds=1))
    await keep(5_000, at=AT + HOUR)
    assert [] == await look(AT + 26 * HOUR + timedelta(seconds=1))


async def test_bank_that_never_said_anything_has_26_hours_from_its_first_mint(minted, look):
    await minted(5_000, at=AT)

    assert [] == await look(AT + 26 * HOUR)
    assert [balances.NOT_ATTESTED] == await look(AT + 27 * HOUR)


async def test_no_tokens_need_no_word(minted, look):
    await minted(5_000)
    await minted(-5_000)

    assert [] == await look(AT + 100 * HOUR)


async def test_health_says_degraded(client, minted, look):
    await minted(5_000)
    await look(AT + 100 * HOUR)

    health = (await client.get("/api/health")).json()
    assert ("degraded", [balances.NOT_ATTESTED]) == (health["status"], [each["kind"] for each in health["alarms"]])


async def test_silence_of_the_chain_is_told_as_such(sessions, deployment):
    async def nobody(address):
        raise ChainSilent

    digest, body = signed(deployment, 5_000)
    async with sessions() as session:
        with pytest.raises(ChainSilent):
            await balances.keep_balance(session, deployment, digest, body, nobody)


# ------------------------------------------------------------------ the audit, which needs no operator


async def minted_on(chain, amount_fen):
    call = Call("", "WageToken", chain.token, "mint", {
        "to": address_of("contractor"), "amount": amount_fen, "receipt": f"0x{amount_fen:064x}",
    })  # fmt: skip
    transaction = {"from": address_of("bank"), "to": chain.token, "data": encode_call(call), "gas": "0x80000"}
    await chain("eth_sendTransaction", transaction)
    await chain.mine()
    block = await chain.rpc.block(await chain.head())
    return datetime.fromtimestamp(int(block["timestamp"], 16), UTC)


async def audited(chain, amount_fen, at, *, by="bank"):
    word = attest(chain.deployment, Account.from_key(EMBEDDED_ACCOUNTS[by]), at, amount_fen)
    tokens = await attested.token_events(chain.rpc, chain.deployment, await chain.head())
    said = attested.AttestationFile(word.at, word.amount_fen, word.signature)
    return await attested.check_attestation(chain.rpc, chain.deployment, tokens, said)


async def test_attestation_that_covers_the_supply_is_fine(chain):
    at = await minted_on(chain, 5_000)

    assert [] == await audited(chain, 5_000, at)
    await chain("evm_increaseTime", 60)
    await minted_on(chain, 7_000)
    assert [] == await audited(chain, 5_000, at)


async def test_attestation_that_does_not_cover_the_supply_is_found(chain):
    at = await minted_on(chain, 5_000)

    (finding,) = await audited(chain, 4_999, at)
    assert "attested 4999 fen" in finding
    assert "5000 fen of tokens" in finding


async def test_attestation_that_is_not_the_banks_is_found(chain):
    at = await minted_on(chain, 5_000)

    (stranger,) = await audited(chain, 9_000, at, by="guardian")
    (ahead,) = await audited(chain, 9_000, at + HOUR)
    assert "does not hold the bank's role" in stranger
    assert "after the chain's newest block" in ahead


async def test_supply_of_the_events_is_the_tokens_own(chain):
    await minted_on(chain, 5_000)
    head = await chain.head()
    tokens = await attested.token_events(chain.rpc, chain.deployment, head)

    assert 5_000 == attested.supply_of(tokens)
    assert [] == await attested.check_supply(chain.rpc, chain.deployment, tokens, head)
    assert ["the token says its supply is 5000 fen, mints and burns amount to 0"] == await attested.check_supply(
        chain.rpc, chain.deployment, [], head
    )


@pytest.mark.parametrize("content", [b"", b"{}", b'{"at":1,"amountFen":2}'])
def test_file_that_is_no_attestation_is_told(tmp_path, content):
    file = tmp_path / "attested.json"
    file.write_bytes(content)

    with pytest.raises(attested.NoAttestation, match="no attested balance"):
        attested.read_attestation(file)
