"""The bank's signed word on what it holds: `Balance(at, amountFen)` in the token's domain, for others to publish."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import structlog
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32

from anxin.core.deployment import Deployment
from anxin.core.signing import digest

AT_LEAST_EVERY = timedelta(hours=20)  # of the chain's time: an alarm is raised after 26

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Attestation:
    """At `at`, by the chain's clock, the bank held `amount_fen`. `signature` is 65 bytes, 0x-hex."""

    at: int
    amount_fen: int
    digest: str
    signature: str


def attest(deployment: Deployment, account: LocalAccount, at: datetime, amount_fen: int) -> Attestation:
    seconds = int(at.timestamp())
    words = digest(deployment.token_domain, "Balance", {"at": seconds, "amountFen": amount_fen})
    signature = account.unsafe_sign_hash(Hash32(words)).signature
    return Attestation(seconds, amount_fen, "0x" + words.hex(), "0x" + bytes(signature).hex())


class Publisher:
    """Hands attestations to an operator's API; it can publish them or not, and change nothing in them."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url, self._http = url.rstrip("/"), http

    async def publish(self, said: Attestation) -> bool:
        """Return whether it was taken. Where it was not, it is said, and the next one is tried."""
        body = {"at": said.at, "amountFen": said.amount_fen, "signature": said.signature}
        try:
            answer = await self._http.put(f"{self._url}/api/bank/balances/{said.digest}", json=body)
        except httpx.HTTPError as error:
            log.warning("the attested balance was not handed over", error=type(error).__name__)
            return False
        if answer.status_code >= 400:
            log.warning("the attested balance was not taken", status=answer.status_code, said=answer.text[:300])
            return False
        log.info("attested", at=said.at, amount_fen=said.amount_fen)
        return True
