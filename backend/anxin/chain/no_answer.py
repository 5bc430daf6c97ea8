"""Why a node gave no answer, in a sentence that says where and what to do.

Of an address only scheme, host and port are ever said: the rest may hold a provider's key or a password. For the same
reason nothing of a library's own words about it is repeated.
"""

import ssl
from urllib.parse import urlsplit

import aiohttp
import msgspec

NO_URL = (
    "the address of the node (--rpc, ANXIN_RPC_URL) is no URL: it begins with http:// or https:// and names a host, as "
    "http://localhost:8545"
)


def place_of(url: str) -> str | None:
    """Return scheme, host and port of a node's address; None where it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    named = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{named}" + (f":{port}" if port is not None else "")


def wrong_status(place: str, status: int) -> str:
    """An HTTP answer that is none to JSON-RPC."""
    said = f"{place} answers HTTP {status}"
    if status in (401, 403):
        return f"{said}: it wants a key, or another one, in the address"
    if status == 429:
        return f"{said}: it is asked too often. Wait, or use another node"
    if status >= 500:
        return f"{said}: the node is out of order. Try again later, or use another node"
    return f"{said}: no node's JSON-RPC is there. Look at the whole address, its path too"


def why(place: str, error: Exception, timeout_seconds: float) -> str:
    """What went wrong between us and the node, or with what it said."""
    match error:
        case msgspec.DecodeError():
            return f"what answers at {place} is no node: this is not JSON-RPC. Look at the whole address, its path too"
        case aiohttp.InvalidURL():
            return NO_URL
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return f"the proxy that HTTP_PROXY or HTTPS_PROXY names does not lead to {place}: is it running, and may it?"
        case aiohttp.ClientConnectorDNSError():
            return f"no host is known by the name in {place}: is the address right, and this machine online?"
        case aiohttp.ClientConnectorCertificateError():
            return f"{place} shows a certificate that this machine does not trust: is the address right?"
        case aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return f"{place} does not speak TLS as expected: does its address begin with http:// instead?"
        case TimeoutError():
            return f"{place} did not answer within {timeout_seconds:g} seconds: is the node running, and within reach?"
        case aiohttp.ClientConnectorError():
            return f"nobody answers at {place}: is the node running, and is this its address?"
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
            return f"{place} broke off its answer: try again"
        case _:
            return f"the connection to {place} broke: try again"
