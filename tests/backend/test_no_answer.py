"""A node that is away, or none at all, is told in one sentence: what is wrong, where, and what to do; never key or password.

Branches: nobody there · no such host · no URL, a bad port, no host · too slow · breaks off · a web page · JSON that is no
answer · no number, no block · HTTP 401, 404, 429, 503 · no TLS · a proxy that is away · a refusal of the node's own ·
`anxin audit` and `anxin relay` end with it · a worker says it and goes on.
"""

import asyncio
import contextlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import msgspec
import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs
from tests.chain import RELAYER_KEY

from anxin.chain import leader
from anxin.chain.no_answer import place_of
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable
from anxin.cli import main
from anxin.core.calls import Call
from anxin.core.relay_file import relay_file

SECRET = "s3cr3t-k3y"
TLS = b"\x16"  # how its handshake begins
PAGE = b"<!doctype html><title>Welcome</title>"


def http(status, body=b"", kind="text/html"):
    head = f"HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


def answers(**fields):
    """One answer to the one request that a new client sends first."""
    return http(200, json.dumps([{"jsonrpc": "2.0", "id": 0} | fields]).encode(), "application/json")


@contextlib.asynccontextmanager
async def server(reply):
    """What answers everything with these bytes; with nothing for ever where they are None. Yields its port."""

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError):
            if await reader.read(1) != TLS:
                await reader.readuntil(b"}]")
            if reply is None:
                await asyncio.sleep(5)
            writer.write(reply or b"")
            await writer.drain()
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


async def told_of(url):
    with pytest.raises((RpcUnreachable, RpcError)) as told:
        async with Rpc(url, timeout_seconds=0.3) as rpc:
            await rpc.chain_id()
    assert SECRET not in str(told.value)
    assert told.value.__cause__ is None  # nor does a traceback say it
    return str(told.value)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (http(200, PAGE), "is no node: this is not JSON-RPC. Look at the whole address"),
        (http(200, b'{"error": "no batches here"}'), "is no node: this is not JSON-RPC"),
        (http(200, b"[]"), "left out answers: try again"),
        (http(200, b"half")[:-2], "broke off its answer: try again"),
        (b"", "broke off its answer"),
        (None, "did not answer within 0.3 seconds: is the node running"),
        (http(401, SECRET.encode()), "answers HTTP 401: it wants a key"),
        (http(404, PAGE), "answers HTTP 404: no node's JSON-RPC is there"),
        (http(429), "answers HTTP 429: it is asked too often"),
        (http(503), "answers HTTP 503: the node is out of order"),
    ],
)
async def test_what_answers_otherwise_than_a_node_is_named_with_what_to_do(reply, said):
    async with server(reply) as port:
        told = await told_of(f"http://user:{SECRET}@127.0.0.1:{port}/v3/{SECRET}?key={SECRET}")

    assert (True, True) == (said in told, f"http://127.0.0.1:{port} " in told), told


@pytest.mark.parametrize("result", [None, "hello", 7, {}])
async def test_answer_without_a_number_is_no_nodes(result):
    async with server(answers(result=result)) as port:
        assert "is no node of a chain" in await told_of(f"http://127.0.0.1:{port}")


async def test_nodes_own_refusal_is_its_own_words():
    async with server(answers(error={"code": -32601, "message": "method not found"})) as port:
        assert "the node refuses: method not found (-32601)" == await told_of(f"http://127.0.0.1:{port}")


async def test_nobody_there_and_no_such_host_are_two_things():
    async with server(b"") as port:
        pass
    away = await told_of(f"http://user:{SECRET}@127.0.0.1:{port}/{SECRET}")
    assert f"nobody answers at http://127.0.0.1:{port}: is the node running, and is this its address?" == away
    assert "no host is known by the name in http://no-such-host.invalid" in await told_of("http://no-such-host.invalid")


async def test_tls_where_there_is_none_is_told():
    async with server(http(200, PAGE)) as port:
        assert "does its address begin with http:// instead?" in await told_of(f"https://127.0.0.1:{port}/{SECRET}")


async def test_proxy_that_is_away_is_told_as_the_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://user:{SECRET}@127.0.0.1:1")

    assert "the proxy that HTTP_PROXY or HTTPS_PROXY names" in await told_of(f"http://node.example/{SECRET}")


@pytest.mark.parametrize(
    "url",
    ["nonsense", "", "127.0.0.1:8545", "ws://host:8545", "http://", "http://host:port", "http://[::1", f"//{SECRET}@h"],
)
async def test_what_is_no_url_is_told_before_anything_is_asked(url):
    assert "(--rpc, ANXIN_RPC_URL) is no URL: it begins with http:// or https://" in await told_of(url)


@pytest.mark.parametrize(
    ("url", "place"),
    [("http://[::1]:8545/x", "http://[::1]:8545"), (f"https://u:{SECRET}@Node.example/{SECRET}", "https://node.example")],
)
def test_of_an_address_only_scheme_host_and_port_are_said(url, place):
    assert place == place_of(url)


# ------------------------------------------------------------------ where people see it


@pytest.fixture
def commands(deployment, tmp_path):
    """`anxin audit` and `anxin relay`, with all that they need but a node."""
    contracts, word, key = tmp_path / "deployment.json", tmp_path / "word.json", tmp_path / "key"
    contracts.write_bytes(msgspec.json.encode(deployment))
    words = {
        "sheetId": 0, "index": 0, "workerId": b"\1" * 32, "amount": 1, "dayMask": 1, "payslipHash": b"\2" * 32, "deadline": 9
    }  # fmt: skip
    call = Call("", "WageEscrow", "0x" + "e5" * 20, "releaseLine", {})
    word.write_bytes(msgspec.json.encode(relay_file(deployment, call, words)))
    key.write_text(RELAYER_KEY)
    return [
        ["audit", "--deployment", str(contracts)],
        ["relay", str(word), "--key-file", str(key), "--deployment", str(contracts)],
    ]


@pytest.mark.parametrize(
    ("url", "said"), [("nonsense", "is no URL"), (f"http://user:{SECRET}@127.0.0.1:1/{SECRET}", "nobody answers at")]
)
def test_command_ends_with_one_sentence_and_no_traceback(commands, url, said):
    for command in commands:
        ended = CliRunner().invoke(main, [*command, "--rpc", url])

        lines = ended.output.strip().splitlines()
        assert (1, 1, True, False) == (ended.exit_code, len(lines), said in lines[0], SECRET in ended.output), ended.output
        assert lines[0].startswith("✗ ")
        assert "Traceback" not in ended.output
        assert not any(name in ended.output for name in ("Error", "aiohttp"))


def test_command_that_asks_a_web_page_ends_with_one_sentence(commands):
    with WebPage() as address:
        ended = [CliRunner().invoke(main, [*command, "--rpc", f"{address}/{SECRET}"]) for command in commands]

    lines = [f"✗ {address} answers HTTP 404: no node's JSON-RPC is there. Look at the whole address, its path too\n"]
    assert (lines * 2, [1, 1]) == ([each.output for each in ended], [each.exit_code for each in ended])


class WebPage:
    """A web server in a thread of its own: a command has the main one. Gives its address."""

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), NotHere)
        Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class NotHere(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_error(404)

    def log_message(self, *_):
        """Nothing."""


async def test_worker_says_the_sentence_and_goes_on():
    async def step():
        async with Rpc(f"http://user:{SECRET}@127.0.0.1:1/{SECRET}") as rpc:
            return bool(await rpc.head())

    with capture_logs() as logs:
        assert await leader._take(step) is False

    assert ["nobody answers at http://127.0.0.1:1: is the node running, and is this its address?"] == [
        each["reason"] for each in logs
    ]
