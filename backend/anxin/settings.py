"""Every environment variable, typed, with its unit.

`anxin up` and `anxin demo` fill in what is missing with embedded services and keys of their own (`core/embedded`).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "ANXIN_"
Hours = Annotated[str, msgspec.Meta(pattern=r"^(([01]?\d|2[0-3])-([01]?\d|2[0-3]))?$")]


class SettingsError(Exception):
    """A variable is missing or malformed; the message names it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=lambda name: PREFIX + name.upper()):
    """What a process needs to know. Each field `name` is the variable ANXIN_NAME."""

    # Services
    database_url: str  # postgresql+asyncpg://…
    rpc_url: str  # JSON-RPC of the chain
    deployment: Path  # JSON written by scripts/deploy.py
    web_folder: Path = ROOT / "web" / "dist"
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://localhost:8000"  # what people's browsers call us; passkeys are bound to its host
    api_workers: int = 2  # processes

    # Keys: only what the operator owns. Nobody's wage can be moved with them.
    jwt_key: str  # 32 bytes hex: Ed25519 seed that signs sessions
    data_keys: str  # comma-separated Fernet keys for sealed columns; the first one seals, all open
    index_key: str  # 32 bytes hex: blind index of phone numbers
    relayer_key: str  # 32 bytes hex: pays gas
    relayer_keys: str = ""  # more of them, comma-separated: each sends side by side with the others

    # Chain
    finality_depth: int = 12  # blocks
    safe_height_file: str = ""  # of a node that may lose blocks: names the newest it has stored; none above it is final
    second_rpc_url: str = ""  # another node of the same chain, which our books are compared with, too; empty: none
    relay_in_flight: int = 64  # transactions
    relay_gas_in_flight: int = 120_000_000  # gas
    relay_gas_ceiling: int = 16_777_216  # gas of one transaction; what needs more is refused, and a batch is halved
    relay_fee_ceiling_wei: int = 500_000_000_000  # for a unit of gas; nothing is signed or sent again above it
    relay_replace_seconds: float = 60.0  # a transaction not taken for so long is sent again with higher fees
    relay_low_balance_batches: int = 20  # largest batches; a key that cannot pay for so many raises an alarm
    poll_seconds: float = 1.0
    release_batch_seconds: float = 2.0  # how long a batch waits for company
    witness_threshold: int = 1  # signatures under a day's attendance root, as EvidenceAnchor was deployed with

    # People the operator accepts countersignatures from; the chain checks them again
    registrars: str = ""  # comma-separated 0x addresses

    # SMS
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_from: str = ""  # E.164
    twilio_api_url: str = ""  # empty: Twilio's own
    twilio_webhook_url: str = ""  # where Twilio reaches us; empty: the public URL where that is https, else nowhere
    quiet_hours: Hours = "21-8"  # of the site's day: nothing that can wait is sent; empty: there are none
    sms_per_hour: int = 10  # to one number; codes have limits of their own
    sms_per_day: int = 20
    sms_lookup_seconds: float = 60  # after which a message without an answer is looked for at Twilio

    # The bank that pays wages into workers' accounts: off where there is no address. Only the bank's own key settles
    bank_url: str = ""  # https://…, or file:///folder (orders in in/, answers in out/); empty: bank-paid wages wait
    bank_name: str = "bank"  # as pages and alarms call it
    bank_token: str = ""  # shown to a bank over HTTP
    bank_poll_seconds: float = 30.0
    bank_order_seconds: float = 120.0  # how long an order waits for company: wages released later go in another
    bank_resend_seconds: float = 900.0  # an order the bank has said nothing of is handed in again, the same bytes

    # National real-name platform: off unless all three are given
    realname_url: str = ""
    realname_appid: str = ""
    realname_secret: str = ""  # 16, 24 or 32 characters, as the platform gave them

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises SettingsError, naming the variable, where one is missing or has the wrong form."""
        known = {key: value for key, value in environment.items() if key.startswith(PREFIX)}
        required = [each.encode_name for each in msgspec.structs.fields(cls) if each.required]
        missing = [name for name in required if name not in known]
        if missing:
            raise SettingsError(f"missing: {', '.join(missing)}. See backend/anxin/settings.py for every variable.")
        try:
            return msgspec.convert(known, cls, strict=False, dec_hook=_decode)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{error}. See backend/anxin/settings.py for every variable.") from error

    @property
    def registrar_addresses(self) -> frozenset[str]:
        return frozenset(address.strip().lower() for address in self.registrars.split(",") if address.strip())

    @property
    def webhook_url(self) -> str:
        """Where Twilio sends what becomes of messages and what people write back; empty: nowhere."""
        own = self.public_url if self.public_url.startswith("https:") else ""
        return (self.twilio_webhook_url or own).rstrip("/")

    @property
    def all_relayer_keys(self) -> tuple[str, ...]:
        """Each once, in order: a key's place is its turn among them."""
        keys = [self.relayer_key, *(key.strip() for key in self.relayer_keys.split(","))]
        return tuple(dict.fromkeys(key for key in keys if key))

    def to_environment(self) -> dict[str, str]:
        """The same settings for a child process."""
        return {key: str(value) for key, value in msgspec.to_builtins(self, enc_hook=str).items()}


def _decode(kind: type, value: str) -> Path:
    """msgspec knows no paths."""
    if kind is not Path:
        raise NotImplementedError(kind)
    return Path(value)
