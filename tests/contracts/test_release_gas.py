"""WageEscrow.release in large batches: what a worker's wage costs, and that 256 lines fit one transaction.

The figures printed with `-s` are those of contracts/README.md.
"""

import pytest

from .building_site import GAS_CAP, Worker

# Gas a worker, signature, proof and transfer included. The first wage of an empty account costs 17,100 more.
CEILING_GAS = {"passkey": 46_500, "device": 36_000}
FIRST_WAGE_GAS = 17_100


@pytest.fixture
def gas_of(site, web3):
    """Simulate releases of whole sheets, one after the other: a mined one of this size is slow to trace."""

    def simulated(sheets, workers):
        calls = []
        for sheet in sheets:
            confirmations = [site.confirm(worker, sheet, i) for i, worker in enumerate(workers)]
            args = (*sheet.lines_and_proof(*range(len(workers))), confirmations)
            data = site.escrow.release.encode_input(*args)
            calls.append({"from": site.relayer.address, "to": site.escrow.address, "data": data, "gas": hex(GAS_CAP)})
        blocks = [{"calls": [call], "blockOverrides": {"gasLimit": hex(2 * GAS_CAP)}} for call in calls]
        answer = web3.provider.make_request("eth_simulateV1", [{"blockStateCalls": blocks}, "latest"])
        outcomes = [block["calls"][0] for block in answer["result"]]
        assert ["0x1"] * len(sheets) == [outcome["status"] for outcome in outcomes]
        assert [len(workers) * 2] * len(sheets) == [len(outcome["logs"]) for outcome in outcomes]
        return [int(outcome["gasUsed"], 16) for outcome in outcomes]

    return simulated


@pytest.mark.parametrize("size", [60, 256])
@pytest.mark.parametrize("kind", CEILING_GAS)
def test_a_batch_fits_a_transaction_first_wage_and_next(site, gas_of, kind, size):
    workers = [Worker.named(1_000 + i, kind) for i in range(size)]
    site.enrol(*workers)
    sheets = [site.posted(workers), site.posted(workers)]
    site.fund(sum(sheet.total_fen for sheet in sheets))

    first, following = gas_of(sheets, workers)

    print(f"\n{kind} × {size}: first wage {first // size:,} gas a worker, next {following // size:,}; {first:,} in all")
    assert max(first, following) <= GAS_CAP
    assert following <= CEILING_GAS[kind] * size
    assert first <= (CEILING_GAS[kind] + FIRST_WAGE_GAS) * size
