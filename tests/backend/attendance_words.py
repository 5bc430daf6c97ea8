"""Attendance as a phone, a gate and a site office send it."""

import json
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import text
from tests.backend.conftest import ESCROW, Site

from anxin.core.clock import SITE_ZONE, now
from anxin.core.database import transaction
from anxin.core.platform_sign import sign
from anxin.core.signing import Value, digest
from anxin.demo.keys import Key, Wallet
from anxin.projects.models import Party

OFFICER = Wallet.from_hex("0x" + "e1" * 32)
FOREMAN = Wallet.from_hex("0x" + "e2" * 32)
SUBCONTRACTOR = Wallet.from_hex("0x" + "e3" * 32)
WITNESS = Wallet.from_hex("0x" + "e4" * 32)
STRANGER = Wallet.from_hex("0x" + "e5" * 32)
ATTENDANCE = f"/api/projects/{ESCROW}/attendance"
DAY = (now().astimezone(SITE_ZONE) - timedelta(days=20)).date()


def local(clock: str, *, day: date = DAY, days: int = 0) -> datetime:
    """An instant on the site's clock, `days` after `day`."""
    return datetime.combine(day + timedelta(days=days), time.fromisoformat(clock), SITE_ZONE)


async def name_party(site: Site, wallet: Wallet, role: str, *, team: str | None = None) -> None:
    async with transaction(site.sessions) as session:
        session.add(
            Party(
                project_pk=site.project.id, address=wallet.address, role=role, firm="渝安劳务", team=team,
                since=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )  # fmt: skip


async def change(site: Site, statement: str, **values: Any) -> None:
    """Run a statement in a transaction of its own."""
    async with transaction(site.sessions) as session:
        await session.execute(text(statement), values)


def punch(
    site: Site, number: str, at: datetime, direction: int = 1, *, hint: dict[str, Any] | None = None, key: Key | None = None,
    escrow: str = ESCROW, hint_text: str | None = None,
) -> tuple[str, dict[str, Any]]:  # fmt: skip
    """Return (path, body) of a worker's own punch."""
    worker_id = site.workers[number].hex_id
    hinted = hint_text if hint_text is not None else json.dumps(hint) if hint is not None else ""
    body = {
        "escrow": escrow, "workerId": worker_id, "direction": direction, "at": int(at.timestamp()), "hintText": hinted,
    }  # fmt: skip
    message: dict[str, Value] = {
        "workerId": worker_id, "direction": direction, "at": int(at.timestamp()),
        "hintHash": sha256(hinted.encode()).digest(),
    }  # fmt: skip
    words = digest(site.deployment.escrow_domain(escrow), "Punch", message)
    signature = msgspec.to_builtins((key or site.keys[number]).sign(words))
    return f"/api/punches/0x{words.hex()}", {**body, "signature": signature}


def row(worker_no: str, at: datetime, direction: str = "01", **changed: Any) -> dict[str, Any]:
    """A reading as a gate writes it: the site's own clock, no zone."""
    written = at.astimezone(SITE_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return {"workerNo": worker_no, "date": written, "direction": direction, "attendType": "001", **changed}


def push(app_id: str, secret: str, *rows: dict[str, Any], **changed: str) -> dict[str, str]:
    """Return the form of a device's push."""
    form = {
        "appid": app_id, "data": json.dumps({"projectCode": "500112", "dataList": rows}), "format": "json",
        "method": "WorkerAttendance.Add", "nonce": "1", "timestamp": "20261008120000", "version": "1.0", **changed,
    }  # fmt: skip
    return {**form, "sign": sign(form, secret)}
