"""A release that is mined has paid: whatever gas it was given, it pays or reverts."""

import pytest
from tests.backend.chain_site import OnChainSite

from anxin.chain.contracts import decode_log, encode_call
from anxin.core.calls import Call
from anxin.stack import address_of

pytest_plugins = ["tests.chain", "tests.backend.chain_site"]

LINES = 3
STEPS = 24


def calls(site):
    word = site.confirmation(0)
    return {
        "releaseLine": (Call("", "WageEscrow", site.escrow, word.function, word.arguments), 1),
        "release": (site.release(LINES), LINES),
    }


@pytest.mark.parametrize("function", ["releaseLine", "release"])
async def test_no_amount_of_gas_makes_a_release_succeed_without_paying(chain, chain_site: OnChainSite, function):
    """A transfer that runs out of gas would leave too little for the rest: an attacker cannot have it told as unpayable."""
    await chain_site.enrol(LINES)
    await chain_site.post(*[100] * LINES)
    call, lines = calls(chain_site)[function]
    made = {"from": address_of("guardian"), "to": call.address, "data": encode_call(call)}
    enough = int(await chain("eth_estimateGas", made), 16)
    least = int(await chain("eth_estimateGas", {**made, "to": address_of("arbiter")}), 16)
    outcomes = set()
    for step in range(STEPS + 2):
        before = await chain("evm_snapshot")
        gas = least + (enough - least) * step // STEPS
        tx_hash = await chain("eth_sendTransaction", {**made, "gas": hex(gas)})
        await chain.mine()
        receipt = await chain("eth_getTransactionReceipt", tx_hash)
        told = [decode_log("WageEscrow", each, 0) for each in receipt["logs"] if each["address"] == call.address.lower()]
        outcomes.add((receipt["status"], *(each.name for each in told)))
        await chain("evm_revert", before)

    assert {("0x0",), ("0x1", *["Released"] * lines)} == outcomes
