"""Sixty workers' phones: each with a key of its own, talking to the API as the worker's page does."""

import asyncio
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import msgspec

from anxin.core.clock import day_number
from anxin.core.deployment import Deployment
from anxin.core.signing import Domain, Value, digest
from anxin.demo.keys import DeviceKey, Key, Passkey
from anxin.demo.twilio_standin import TwilioStandIn

PHONE_PREFIX = "1990000"
CODES_TO_TRY = 4


class PhoneState(msgspec.Struct):
    """What a phone remembers: its key (a number, for the demonstration only) and its refresh token."""

    kind: str
    secret: str
    refresh: str | None = None


class Refused(Exception):
    """The server answered with a problem document."""

    def __init__(self, document: dict[str, Any], retry_after: str | None = None) -> None:
        super().__init__(f"{document.get('title')}: {document.get('detail')}")
        self.document = document
        self.retry_after_seconds = int(retry_after) if retry_after else None


@dataclass
class Phone:
    """One worker's phone. Nothing in `key` ever leaves it but signatures."""

    worker_no: str
    number: str
    key: Key
    state: PhoneState
    http: httpx.AsyncClient
    deployment: Deployment
    keep: Callable[[], None]  # writes down what this phone remembers
    access: str | None = None
    worker_id: str = ""

    async def sign_in(self, sms: TwilioStandIn) -> None:
        """With the session of this phone, or else with a one-time code."""
        if self.state.refresh is not None:
            answer = await self.http.post("/api/sessions/refresh", headers={"cookie": f"anxin_refresh={self.state.refresh}"})
            if answer.status_code == 201:
                self._keep_session(answer)
                return
        await self._ask_for_code()
        self._keep_session(await self._open_session(sms))

    async def _ask_for_code(self) -> None:
        """One a minute: before a demonstration that was killed, this phone may have asked for one."""
        while True:
            try:
                await self._send("POST", "/api/login-codes", {"phone": self.number, "language": "zh"})
                return
            except Refused as error:
                if error.retry_after_seconds is None:
                    raise
                await asyncio.sleep(error.retry_after_seconds)

    async def _open_session(self, sms: TwilioStandIn) -> httpx.Response:
        """With the newest code that came; an older one may come first."""
        for _ in range(CODES_TO_TRY - 1):
            with suppress(Refused):
                return await self._try_code(sms)
            await asyncio.sleep(1)
        return await self._try_code(sms)

    async def _try_code(self, sms: TwilioStandIn) -> httpx.Response:
        code = await sms.code_for(f"+86{self.number}")
        return await self._answer("POST", "/api/sessions", {"phone": self.number, "code": code})

    def _keep_session(self, answer: httpx.Response) -> None:
        self.access = answer.json()["accessToken"]
        self.state.refresh = answer.cookies["anxin_refresh"]
        self.keep()

    async def me(self) -> dict[str, Any]:
        found: dict[str, Any] = await self._send("GET", "/api/me")
        self.worker_id = found["workerId"]
        return found

    async def lines(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._send("GET", "/api/me/lines"))["lines"]
        return found

    async def enrol(self) -> None:
        """Ask for this phone's key to speak for the worker."""
        me = await self.me()
        public, deadline = self.key.public, me["offer"]["deadline"]
        message: dict[str, Value] = {
            "workerId": me["workerId"], "assurance": public.assurance, "x": public.x, "y": public.y,
            "payout": me["payout"], "deadline": deadline,
        }  # fmt: skip
        words, signature = self._sign(self.deployment.registry_domain, "Enrolment", message)
        body = {"key": msgspec.to_builtins(public), "deadline": deadline, "signature": signature}
        await self._send("PUT", f"/api/me/enrolment/{words}", body)

    async def join(self) -> None:
        """Sign under every offer."""
        me = await self.me()
        for project in (await self._send("GET", "/api/me/projects"))["projects"]:
            offer = project["join"]
            if offer["state"] != "offered":
                continue
            message = {
                "workerId": me["workerId"], "dayCap": offer["dayCapFen"], "termsHash": offer["termsHash"],
                "deadline": offer["deadline"],
            }  # fmt: skip
            words, signature = self._sign(self.deployment.escrow_domain(project["escrow"]), "Join", message)
            body = {
                "escrow": project["escrow"], "workerId": me["workerId"], "dayCapFen": offer["dayCapFen"],
                "termsHash": offer["termsHash"], "deadline": offer["deadline"], "signature": signature,
            }  # fmt: skip
            await self._send("PUT", f"/api/joins/{words}", body)

    async def confirm(self, line: dict[str, Any], *, times: int = 1) -> None:
        """Check the payslip, sign, send; `times` as a weak signal makes a phone send again."""
        check_payslip(line)
        body, message = _line_words(line)
        words, signature = self._sign(
            self.deployment.escrow_domain(line["escrow"]), "Confirmation", await self._with_worker(message)
        )
        for _ in range(times):
            await self._send("PUT", f"/api/confirmations/{words}", {**body, "signature": signature})

    async def contest(self, line: dict[str, Any], *, claimed_fen: int, claimed_days: int, reason: str) -> None:
        check_payslip(line)
        body, message = _line_words(line)
        evidence = json.dumps({"reason": reason, "nonce": secrets.token_hex(16)}, ensure_ascii=False)
        message |= {
            "claimed": claimed_fen, "claimedDays": claimed_days, "evidenceHash": sha256(evidence.encode()).digest(),
        }  # fmt: skip
        words, signature = self._sign(
            self.deployment.escrow_domain(line["escrow"]), "Contest", await self._with_worker(message)
        )
        more = {"claimedFen": claimed_fen, "claimedDays": claimed_days, "evidence": evidence, "signature": signature}
        await self._send("PUT", f"/api/contests/{words}", {**body, **more})

    async def claim(
        self, escrow: str, *, amount_fen: int, first_day: str, day_mask: int, reason: str
    ) -> None:
        """Claim days that no sheet has."""
        deadline = (await self.disputes())["claimDeadline"]
        evidence = json.dumps({"reason": reason, "nonce": secrets.token_hex(16)}, ensure_ascii=False)
        message: dict[str, Value] = {
            "amount": amount_fen, "firstDay": day_number(date.fromisoformat(first_day)), "dayMask": day_mask,
            "evidenceHash": sha256(evidence.encode()).digest(), "deadline": deadline,
        }  # fmt: skip
        message = await self._with_worker(message)
        words, signature = self._sign(self.deployment.escrow_domain(escrow), "Claim", message)
        body = {
            "escrow": escrow, "workerId": message["workerId"], "amountFen": amount_fen, "firstDay": first_day,
            "dayMask": day_mask, "evidence": evidence, "deadline": deadline, "signature": signature,
        }  # fmt: skip
        await self._send("PUT", f"/api/claims/{words}", body)

    async def disputes(self) -> dict[str, Any]:
        """The worker's disputes, and what a new claim is to carry."""
        found: dict[str, Any] = await self._send("GET", "/api/me/disputes")
        return found

    async def _with_worker(self, message: dict[str, Value]) -> dict[str, Value]:
        return {**message, "workerId": self.worker_id or (await self.me())["workerId"]}

    def _sign(self, domain: Domain, type_name: str, message: dict[str, Value]) -> tuple[str, dict[str, Any]]:
        words = digest(domain, type_name, message)
        signature: dict[str, Any] = msgspec.to_builtins(self.key.sign(words))
        return "0x" + words.hex(), signature

    async def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = await self._answer(method, path, body)
        return answer.json() if answer.content else None

    async def _answer(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        headers = {"accept-language": "zh"} | ({"authorization": f"Bearer {self.access}"} if self.access else {})
        answer = await self.http.request(method, path, json=body, headers=headers)
        if answer.is_server_error:
            answer.raise_for_status()
        if answer.is_error:
            raise Refused(answer.json(), answer.headers.get("retry-after"))
        return answer


def check_payslip(line: dict[str, Any]) -> None:
    """What a phone does before it signs: the payslip is the one in the line, and says what the line says."""
    payslip = json.loads(line["payslip"])
    if "0x" + sha256(line["payslip"].encode()).hexdigest() != line["payslipHash"]:
        raise ValueError("the payslip is not the one whose hash is in the line")
    if (payslip["amountFen"], payslip["days"]) != (line["amountFen"], line["days"]):
        raise ValueError("the payslip says something else than the line")


def days_mask(days: list[str], first_day: str) -> int:
    first = date.fromisoformat(first_day)
    return sum(1 << (date.fromisoformat(day) - first).days for day in days)


def _line_words(line: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Value]]:
    """The line as the request says it, and as the signature does."""
    body = {
        name: line[name]
        for name in ("escrow", "sheetId", "index", "amountFen", "dayMask", "payslipHash", "deadline")
    }
    message: dict[str, Value] = {
        "sheetId": line["sheetId"], "index": line["index"], "amount": line["amountFen"], "dayMask": line["dayMask"],
        "payslipHash": line["payslipHash"], "deadline": line["deadline"],
    }  # fmt: skip
    return body, message


class Phones:
    """All phones of the site. What they remember is kept in a file of theirs, away from the backend's data."""

    def __init__(self, file: Path, http: httpx.AsyncClient, deployment: Deployment, origin: str) -> None:
        self._file = file
        self._http = http
        self._deployment = deployment
        self._origin = origin
        stored = msgspec.json.decode(file.read_bytes(), type=dict[str, PhoneState]) if file.exists() else {}
        self._states: dict[str, PhoneState] = stored
        self._phones: dict[str, Phone] = {}

    def of(self, worker_no: str) -> Phone:
        """The worker's phone; two in three have passkeys, the others a browser's device key."""
        if worker_no not in self._phones:
            self._phones[worker_no] = self._new(worker_no)
        return self._phones[worker_no]

    def _new(self, worker_no: str) -> Phone:
        place = int(worker_no[1:])
        kind = "device" if place % 3 == 0 else "passkey"
        state = self._states.setdefault(worker_no, PhoneState(kind, secrets.token_hex(31)))
        secret = int(state.secret, 16) + 1
        key: Key = (
            DeviceKey.from_number(secret)
            if state.kind == "device"
            else Passkey.from_number(secret, self._deployment.rp_id, self._origin)
        )
        return Phone(worker_no, phone_number(place), key, state, self._http, self._deployment, self.save)

    def save(self) -> None:
        half = self._file.with_suffix(".half")
        half.write_bytes(msgspec.json.encode(self._states))
        half.chmod(0o600)
        half.replace(self._file)


def phone_number(place: int) -> str:
    return f"{PHONE_PREFIX}{place:04d}"


async def all_at_once(tasks: list[Any]) -> None:
    """Run what many people do at the same time; the first failure ends it."""
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(task)
