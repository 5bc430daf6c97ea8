"""A worker's signed word as a file: all that anyone needs to take it to the chain, with no database and without us.

    words that were signed ──► arguments of the one contract call they are good for, with the signature
Nothing in it is secret: the call makes all of it public.
"""

from collections.abc import Mapping
from typing import Any, Literal

from anxin.core.calls import Call, signed_words
from anxin.core.deployment import Deployment
from anxin.core.signing import Value, digest
from anxin.core.wire import Wire

FORMAT: Literal["anxin signed word 1"] = "anxin signed word 1"
WORDS_OF = {"releaseLine": "Confirmation", "contest": "Contest", "claim": "Claim"}  # function → what was signed for it


class RelayFile(Wire):
    """`words`: the EIP-712 message of type `signed`, in the domain of `escrow`; bytes are 0x-hex.

    `arguments`: of `function`, by the ABI's names. `digest`: of the words, for whoever compares.
    """

    format: Literal["anxin signed word 1"]
    chain_id: int
    escrow: str
    signed: Literal["Confirmation", "Contest", "Claim"]
    words: dict[str, int | str]
    function: Literal["releaseLine", "contest", "claim"]
    arguments: dict[str, Any]
    digest: str


def relay_file(deployment: Deployment, call: Call, words: Mapping[str, Value]) -> RelayFile:
    """Return the file of a call and of the words that were signed for it."""
    signed = WORDS_OF[call.function]
    return RelayFile(
        FORMAT, deployment.chain_id, call.address, signed, signed_words(words), call.function, call.arguments,  # type: ignore[arg-type]
        "0x" + digest(deployment.escrow_domain(call.address), signed, words).hex(),
    )  # fmt: skip
