"""Requests as a phone makes them, and as somebody makes them who changes what was signed."""

import json
from datetime import date
from hashlib import sha256
from typing import Any

import msgspec
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, Site

from anxin.core.clock import day_number
from anxin.core.signing import Value, digest
from anxin.demo.keys import Key, Wallet
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


def claim(
    site: Site, number: str, *, amount_fen: int, first_day: date, day_mask: int, deadline: int = DEADLINE,
    key: Key | None = None, evidence: str = "考勤机坏了",
) -> tuple[str, dict[str, Any]]:  # fmt: skip
    """Return (path, body) of a worker's claim to days that no sheet has."""
    worker_id = site.workers[number].hex_id
    message: dict[str, Value] = {
        "workerId": worker_id, "amount": amount_fen, "firstDay": day_number(first_day), "dayMask": day_mask,
        "evidenceHash": sha256(evidence.encode()).digest(), "deadline": deadline,
    }  # fmt: skip
    words = digest(site.deployment.escrow_domain(ESCROW), "Claim", message)
    body = {
        "escrow": ESCROW, "workerId": worker_id, "amountFen": amount_fen, "firstDay": first_day.isoformat(),
        "dayMask": day_mask, "evidence": evidence, "deadline": deadline,
    }  # fmt: skip
    signature = msgspec.to_builtins((key or site.keys[number]).sign(words))
    return f"/api/claims/0x{words.hex()}", {**body, "signature": signature}


def answer(
    site: Site, *, admitted_fen: int, number: int = 0, by: Wallet = CONTRACTOR, deadline: int = DEADLINE
) -> tuple[str, dict[str, Any]]:
    """Return (path, body) of the contractor's answer."""
    evidence = "考勤记录到中午"
    message: dict[str, Value] = {"admitted": admitted_fen, "evidenceHash": sha256(evidence.encode()).digest()}
    body = {"admittedFen": admitted_fen, "evidence": evidence}
    return _decision(site, "answers", "Answer", number, by, deadline, message, body)


def resolution(
    site: Site, *, award_fen: int, number: int = 0, by: Wallet = BUREAU, deadline: int = DEADLINE
) -> tuple[str, dict[str, Any]]:
    """Return (path, body) of the bureau's decision."""
    reasons = "门禁记录证明在场"
    message: dict[str, Value] = {"award": award_fen, "orderHash": sha256(reasons.encode()).digest()}
    return _decision(
        site, "resolutions", "Resolution", number, by, deadline, message, {"awardFen": award_fen, "reasons": reasons}
    )


def _decision(
    site: Site, path: str, type_name: str, number: int, by: Wallet, deadline: int, message: dict[str, Value],
    body: dict[str, Any],
) -> tuple[str, dict[str, Any]]:  # fmt: skip
    message |= {"disputeId": number, "deadline": deadline}
    words = digest(site.deployment.escrow_domain(ESCROW), type_name, message)
    signature = "0x" + by.sign_bytes(words).hex()
    body |= {"escrow": ESCROW, "disputeId": number, "deadline": deadline, "signature": signature}
    return f"/api/{path}/0x{words.hex()}", body
