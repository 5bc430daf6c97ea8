"""What a node's answer to a sent transaction means. Only a receipt says that it is done; an answer only says what to try."""

from enum import Enum


class Answer(Enum):
    """`UNKNOWN` is everything that is no reason to do anything but to send the same bytes again."""

    UNKNOWN = "unknown"
    UNDERPRICED = "underpriced"  # a dearer replacement may be taken
    NO_FUNDS = "no funds"
    NEVER = "never"  # no node of this chain will ever take these bytes


_WORDS: tuple[tuple[Answer, tuple[str, ...]], ...] = (
    (Answer.UNDERPRICED, (
        "underpriced", "fee too low", "feetoolow", "gas price too low", "less than block base fee", "below current base fee",
    )),
    (Answer.NO_FUNDS, ("insufficient funds", "insufficient balance")),
    (Answer.NEVER, (
        "exceeds block gas limit", "intrinsic gas", "gas limit too high", "gas limit cap", "gas limit above",
        "oversized data", "transaction type not supported", "exceeds the configured cap",
    )),
)  # fmt: skip


def meaning_of(message: str | None) -> Answer:
    """Nodes word it differently: geth, Nethermind, Besu, Erigon and anvil are read here, others are UNKNOWN."""
    said = (message or "").lower()
    return next((meaning for meaning, words in _WORDS if any(word in said for word in words)), Answer.UNKNOWN)
