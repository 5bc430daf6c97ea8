"""What the bank holds, as it says itself: public."""

from anxin.core.wire import Amount, Wire


class SignedBalance(Wire):
    """`at`: Unix seconds by the chain's clock. `signature`: r ‖ s ‖ v, 0x-hex, over `Balance` in the token's domain."""

    at: Amount
    amount_fen: Amount
    signature: str


class BalanceView(Wire):
    """The newest attested balance beside the tokens in circulation at that time, by final events. `ok`: it covers them."""

    at: int
    amount_fen: int
    supply_fen: int
    ok: bool
    signature: str
    signer: str
    digest: str
