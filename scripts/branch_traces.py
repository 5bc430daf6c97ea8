"""A pytest plugin for scripts/contract_coverage.py: traces every transaction and view of a test run for what it took.

The outcomes seen (2 × place, + 1 where true) are written to ANXIN_COVERED as JSON.
"""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import brownie
import pytest
import requests
from web3.providers.rpc import HTTPProvider

from instrument import PREFIX

MARK = re.compile(rf'"to":"0x{PREFIX:040x}'[:-8].encode() + rb'([0-9a-f]{8})"')
PATIENCE_SECONDS = 30
SENDS = ("eth_sendTransaction", "eth_sendRawTransaction")

seen: set[int] = set()
session = requests.Session()
make_request = HTTPProvider.make_request


def traced_request(provider: HTTPProvider, method: str, params: Any) -> Any:
    """The answer of the node; what the transaction or view did is looked up besides."""
    if method == "eth_call":
        _note(provider, "debug_traceCall", [params[0], params[1], {"tracer": "callTracer"}])
    answer = make_request(provider, method, params)
    if method in SENDS and "result" in answer:
        _await_block(provider, answer["result"])
        _note(provider, "debug_traceTransaction", [answer["result"], {"tracer": "callTracer"}])
    return answer


def _await_block(provider: HTTPProvider, transaction: str) -> None:
    """anvil counts a transaction a moment before it is in a block, and until then its trace is empty."""
    until = time.monotonic() + PATIENCE_SECONDS
    while make_request(provider, "eth_getTransactionReceipt", [transaction]).get("result") is None:
        if time.monotonic() > until:
            raise RuntimeError(f"{transaction} is in no block")
        time.sleep(0.005)


def _note(provider: HTTPProvider, method: str, params: list[Any]) -> None:
    request = provider.encode_rpc_request(method, params)
    answer = session.post(provider.endpoint_uri, data=request, headers={"Content-Type": "application/json"}, timeout=60)
    if b'"result":{' not in answer.content:
        raise RuntimeError(f"{method} of {params[0]}: no trace, but {answer.content[:200]!r}")
    seen.update(int(number, 16) for number in MARK.findall(answer.content))


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    HTTPProvider.make_request = traced_request
    network = brownie._config.CONFIG.settings["networks"]["default"]
    settings = brownie._config.CONFIG.networks[network]
    settings["cmd"] += " --disable-code-size-limit"  # marked code is larger
    settings["cmd_settings"].pop("steps_tracing", None)  # calls are enough


def pytest_sessionfinish(session: pytest.Session) -> None:
    Path(os.environ["ANXIN_COVERED"]).write_text(json.dumps(sorted(seen)))
