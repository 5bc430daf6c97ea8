"""Requests as a phone makes them, and as somebody makes them who changes what was signed."""

import json
from hashlib import sha256
from typing import Any

import msgspec
from tests.backend.conftest import ESCROW, Site

from anxin.core.signing import Value, digest
from anxin.demo.keys import Key
from anxin.payroll.models import WageSheet

DEADLINE = 1_800_000_000  # 2027-01


def confirmation(
    site: Site, sheet: WageSheet, index: int, *, key: Key | None = None, deadline: int = DEADLINE, **changed: Any
) -> tuple[str, dict[str, Any]]:
    """Return (path, body) of a confirmation by the line's worker; `changed` fields are signed as changed."""
    body, words = _words(site, sheet, index, "Confirmation", {"deadline": deadline} | changed, {})
    return f"/api/confirmations/0x{words.hex()}", {**body, "signature": _sign(site, sheet, index, key, words)}


def contest(
    site: Site, sheet: WageSheet, index: int, *, claimed_fen: int, claimed_days: int, deadline: int = DEADLINE
) -> tuple[str, dict[str, Any]]:
    """Return (path, body) of a contest by the line's worker."""
    evidence = json.dumps({"reason": "少算一天", "nonce": "00" * 16}, ensure_ascii=False)
    asked: dict[str, Value] = {
        "claimed": claimed_fen, "claimedDays": claimed_days, "evidenceHash": sha256(evidence.encode()).digest(),
    }  # fmt: skip
    body, words = _words(site, sheet, index, "Contest", {"deadline": deadline}, asked)
    more = {"claimedFen": claimed_fen, "claimedDays": claimed_days, "evidence": evidence}
    return f"/api/contests/0x{words.hex()}", {**body, **more, "signature": _sign(site, sheet, index, None, words)}


def _words(
    site: Site, sheet: WageSheet, index: int, type_name: str, changed: dict[str, Any], asked: dict[str, Value]
) -> tuple[dict[str, Any], bytes]:
    line = sheet.lines[index]
    body = {
        "escrow": ESCROW, "sheetId": sheet.sheet_id, "index": index, "amountFen": line.amount_fen,
        "dayMask": line.day_mask, "payslipHash": "0x" + line.payslip_hash.hex(), **changed,
    }  # fmt: skip
    message: dict[str, Value] = {
        "sheetId": body["sheetId"], "index": body["index"], "workerId": line.worker_id, "amount": body["amountFen"],
        "dayMask": body["dayMask"], "payslipHash": body["payslipHash"], "deadline": body["deadline"], **asked,
    }  # fmt: skip
    return body, digest(site.deployment.escrow_domain(ESCROW), type_name, message)


def _sign(site: Site, sheet: WageSheet, index: int, key: Key | None, words: bytes) -> Any:
    return msgspec.to_builtins((key or list(site.keys.values())[index]).sign(words))
