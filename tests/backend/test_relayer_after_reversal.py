"""After a reorganisation deeper than finality everything signed goes out again, in whatever order its keys come to it: what
comes before what it needs waits for it, and is refused by nobody.

Branches: mined before it · tried out before it · a key that stays away for long · a line never enrolled is the batch's to
leave out · the escrow itself not made again yet: mined, tried out, mined before it · what is refused for good still is.
"""

import msgspec
import pytest
from sqlalchemy import select
from tests.backend.chain_site import CONTRACTOR, DEADLINE, FIRST_DAY, PAYDAY
from tests.backend.relaying import DEPTH, settle
from tests.chain import RELAYER_KEY

from anxin.chain.contracts import decode_log
from anxin.chain.identity import ChainChanged
from anxin.chain.indexer import Indexer
from anxin.chain.models import EscrowAddress, RelayAttempt, RelayCall
from anxin.chain.reader import read_view
from anxin.chain.reversal import reverse
from anxin.core.calls import Call, signed_words
from anxin.core.database import transaction
from anxin.core.signing import digest, from_hex, pack
from anxin.demo.keys import DeviceKey
from anxin.ledger.reversal import reverse_after
from anxin.stack import EMBEDDED_ACCOUNTS

pytest_plugins = ["tests.chain", "tests.backend.chain_site", "tests.backend.relaying"]

OTHER_KEY = EMBEDDED_ACCOUNTS["guardian"]
FUNCTIONS = ("enrol", "join", "postSheet", "release", "releaseLine", "releaseUnsigned", "contest", "claim")


@pytest.fixture
def relayers(new_relayer, told):
    """Two keys: what comes first is sent by one, and what needs it by the other."""
    refused = dict.fromkeys(FUNCTIONS, told.on_refused)
    return [new_relayer(key=key, on_refused=refused) for key in (RELAYER_KEY, OTHER_KEY)]


@pytest.fixture
async def reorganise(sessions, chain):
    """Replace all above a block by empty ones, deeper than finality, and take it back as an operator does."""
    start = msgspec.structs.replace(chain.deployment, start_block=chain.start)
    indexer = Indexer(sessions, chain.rpc, start, finality_depth=DEPTH, on_event={})

    async def run(to_block):
        await chain.mine(DEPTH)
        while await indexer.step():
            pass
        await chain("anvil_reorg", await chain.head() - to_block, [])
        await chain.mine(DEPTH)
        with pytest.raises(ChainChanged):
            await indexer.step()
        await reverse(sessions, chain.rpc, chain.deployment, to_block, on_reversed={}, reverse_books=reverse_after)

    return run


@pytest.fixture
async def site(chain_site):
    """Two workers with keys that no registry knows yet."""
    chain_site.keys.extend(DeviceKey.from_number(number) for number in (7, 8, 9))
    return chain_site


def by_worker(site, number, type_name, words):
    domain = site.chain.deployment.escrow_domain(site.escrow)
    return "0x" + pack(site.keys[number].sign(digest(domain, type_name, words))).hex()


def join(site, number):
    words = {"workerId": site.worker_id(number), "dayCap": 50_000, "termsHash": b"\5" * 32, "deadline": DEADLINE}
    signed = digest(site.chain.deployment.escrow_domain(site.escrow), "Join", words)
    arguments = {
        **signed_words(words), "contractorSignature": "0x" + CONTRACTOR.sign_bytes(signed).hex(),
        "workerSignature": by_worker(site, number, "Join", words),
    }  # fmt: skip
    return Call(f"join {number}", "WageEscrow", site.escrow, "join", arguments)


def release_line(site, index, key="releaseLine"):
    file = site.confirmation(index)
    return Call(key, "WageEscrow", site.escrow, "releaseLine", file.arguments)


def contest(site, index):
    line = release_line(site, index).arguments
    asked = {"claimed": 2_000, "claimedDays": 0b111, "evidenceHash": b"\6" * 32, "deadline": DEADLINE}
    words = site.words(index) | asked
    arguments = {
        "sheetId": 0, "line": line["line"], "proof": line["proof"], "objection": signed_words(asked),
        "signature": by_worker(site, index, "Contest", words),
    }  # fmt: skip
    return Call("contest", "WageEscrow", site.escrow, "contest", arguments)


def claim(site, number):
    words = {
        "workerId": site.worker_id(number), "amount": 300, "firstDay": FIRST_DAY - 60, "dayMask": 1,
        "evidenceHash": b"\7" * 32, "deadline": DEADLINE,
    }  # fmt: skip
    arguments = {"claimed": signed_words(words), "signature": by_worker(site, number, "Claim", words)}
    return Call("claim", "WageEscrow", site.escrow, "claim", arguments)


async def on_chain(chain, escrow):
    """What the escrow's events say happened, sorted."""
    logs = await chain("eth_getLogs", {"fromBlock": hex(chain.start + 1), "address": escrow})
    return sorted(decode_log("WageEscrow", log, 0).name for log in logs)


async def attempts_of(sessions, key):
    async with sessions() as session:
        of_call = select(RelayAttempt).join(RelayCall, RelayCall.id == RelayAttempt.call_pk).where(RelayCall.key == key)
        return list(await session.scalars(of_call))


async def everything(chain, site, ask, relayers, states):
    """Enrolments and a sheet by the first key, all that needs them by the second; all of it final."""
    first, second = relayers
    await chain("evm_setTime", (PAYDAY + 10) * 86_400)
    await ask(*(site.enrolment(number, site.keys[number]) for number in range(3)), site.sheet((700, 900, 800), 0))
    await settle(chain, first)
    await ask(join(site, 0), join(site, 1), site.release(1), contest(site, 1), claim(site, 0), release_line(site, 2))
    await settle(chain, second, rounds=5)
    assert {"final"} == set((await states()).values())


DONE = ["Claimed", "Contested", "Funded", "Joined", "Joined", "Released", "Released", "Released", "SheetPosted"]


async def test_what_is_mined_before_what_it_needs_is_made_again_after_it(
    chain, site, ask, relayers, states, told, reorganise
):
    """The second key's bytes are sent again at once and revert; the first key's node is away for some blocks."""
    common = await chain.head()
    await everything(chain, site, ask, relayers, states)
    assert DONE == await on_chain(chain, site.escrow)
    await reorganise(common)
    first, second = relayers

    await settle(chain, second, rounds=6)
    assert ([], ["Funded"]) == (told.refused, await on_chain(chain, site.escrow))
    await settle(chain, first)
    await settle(chain, second, rounds=6)

    assert ([], {"final"}, DONE) == (told.refused, set((await states()).values()), await on_chain(chain, site.escrow))


async def test_new_words_wait_for_a_sheet_that_is_not_there_again_however_long(
    chain, site, ask, relayers, states, told, reorganise
):
    """They come to the relayer while the sheet's own key is away."""
    common = await chain.head()
    first, second = relayers
    await ask(site.enrolment(0, site.keys[0]), site.sheet((700,), 0))
    await settle(chain, first)
    await reorganise(common)
    await ask(release_line(site, 0))

    for _ in range(5):
        await chain.mine(12)
        await second.step()
    assert ([], "waiting") == (told.refused, (await states())["releaseLine"])
    await settle(chain, first)
    await chain.mine(12)  # the longer it has waited, the longer it may be until it is looked at
    await settle(chain, second)

    assert ([], {"final"}) == (told.refused, set((await states()).values()))
    assert "Released" in await on_chain(chain, site.escrow)


async def test_who_is_not_enrolled_is_left_out_of_a_batch_and_waits_alone(chain, site, ask, relayers, states, told):
    first, _ = relayers
    await ask(site.enrolment(0, site.keys[0]), site.sheet((700, 900), 0))
    await settle(chain, first)
    await ask(site.release(2), release_line(site, 1))

    await settle(chain, first, rounds=6)

    assert [("release", "Escrow_NotEnrolled")] == [(key, refusal.error) for key, refusal in told.refused]
    assert "waiting" == (await states())["releaseLine"]
    await ask(site.enrolment(1, site.keys[1]))
    await settle(chain, first, rounds=6)
    assert "final" == (await states())["releaseLine"]


async def test_call_to_an_escrow_that_is_not_made_again_yet_is_not_done(
    chain, site, ask, relayers, states, told, reorganise
):
    """Where no contract is a call succeeds and does nothing. Other projects go on meanwhile."""
    first, second = relayers
    await ask(site.enrolment(0, site.keys[0]), site.sheet((700,), 0), release_line(site, 0))
    await settle(chain, first)
    await ask(join(site, 0))
    await settle(chain, second)
    await reorganise(chain.start)

    await settle(chain, second)
    await settle(chain, first)
    assert ([], "0x") == (told.refused, await chain("eth_getCode", site.escrow, "latest"))
    assert ["final", "waiting", "waiting", "waiting"] == sorted((await states()).values())  # the registry needs no escrow
    assert site.escrow == await chain.escrow_with(100_000)
    for _ in range(2):
        await settle(chain, first)
        await settle(chain, second)

    assert ([], {"final"}) == (told.refused, set((await states()).values()))
    assert ["Funded", "Joined", "Released", "SheetPosted"] == await on_chain(chain, site.escrow)
    assert 700 == await read_view(
        chain.rpc, "WageToken", chain.token, "balanceOf", await chain.head(), account=site.payout(0)
    )


async def test_call_mined_before_its_escrow_was_made_is_not_done_though_the_escrow_is_there_now(
    chain, site, ask, relayers, states, sessions
):
    """By what the indexer has read: the node itself may not know its past states any more."""
    first, _ = relayers
    await ask(site.enrolment(0, site.keys[0]), site.sheet((700,), 0), release_line(site, 0))
    await settle(chain, first)
    await ask(release_line(site, 0, key="again"))  # what is released already is skipped, without an event
    await first.step()
    await chain.mine(DEPTH + 1)
    async with transaction(sessions) as session:
        session.add(EscrowAddress(address=site.escrow, from_block=await chain.head()))

    await first.step()
    assert "signed" == (await states())["again"]  # under another nonce
    assert 2 == len(await attempts_of(sessions, "again"))
    await settle(chain, first)

    assert "final" == (await states())["again"]


async def test_what_the_contract_will_never_take_is_refused(chain, site, ask, relayers, states, told):
    first, _ = relayers
    await ask(site.enrolment(0, site.keys[0]), site.sheet((700,), 0))
    await settle(chain, first)
    wrong = release_line(site, 0)
    wrong.arguments["signature"] = "0x" + bytes(from_hex(wrong.arguments["signature"])[::-1]).hex()
    await ask(wrong)

    await settle(chain, first, rounds=4)

    assert ["Escrow_BadWorkerSignature"] == [refusal.error for _, refusal in told.refused]
    assert "refused" == (await states())["releaseLine"]
