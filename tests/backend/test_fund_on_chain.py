"""The provident fund's line on the real escrow: for no day, confirmed by the fund's own wallet."""

from tests.backend import chain_site as on_chain

from anxin.chain.reader import read_view
from anxin.core.sheet_tree import SheetLine
from anxin.demo.keys import DeviceKey, Wallet

pytest_plugins = ["tests.chain", "tests.backend.chain_site"]


async def test_escrow_pays_a_line_of_no_day_to_the_funds_payout(chain, chain_site, monkeypatch):
    monkeypatch.setattr(
        on_chain, "SheetLine", lambda index, days, *rest: SheetLine(index, days if index == 0 else 0, *rest)
    )
    await chain_site.enrol(1, DeviceKey.from_number)
    await chain_site.enrol(1, lambda number: Wallet.from_hex(f"0x{number:064x}"))
    await chain_site.post(54_000, 6_000)
    call = chain_site.release(2)

    await chain_site.send("deployer", call.contract, call.address, call.function, **call.arguments)
    await chain.mine()

    assert [54_000, 6_000] == [await _balance(chain, f"0x{0xF000 + index:040x}") for index in range(2)]


async def _balance(chain, payout):
    return await read_view(chain.rpc, "WageToken", chain.token, "balanceOf", await chain.head(), account=payout)
