"""A stand-in for the national real-name platform: a server that checks what the real one would, and fails as it may.

It is written from the standard and not from our client: it signs, decrypts and validates by itself.
"""

import asyncio
import base64
import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from Crypto.Cipher import AES

APPID, SECRET = "5001132026100001", "0123456789abcdef0123456789abcdef"
FORM = {"appid", "data", "format", "method", "nonce", "timestamp", "version", "sign"}
WINDOW = timedelta(minutes=10)
WEIGHTS, CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
SECRETS = ("idCardNumber", "payRollBankCardNumber", "payBankCardNumber")
REQUIRED = {
    "Project.Add": {"contractorCorpCode", "contractorCorpName", "name", "areaCode", "category", "prjStatus"},
    "ProjectSubContractor.Add": {"projectCode", "corpCode", "corpName", "corpType"},
    "Team.Add": {"projectCode", "corpCode", "corpName", "teamName"},
    "ProjectWorker.Add": {"projectCode", "corpCode", "corpName", "teamSysNo", "teamName", "workerList"},
    "WorkerContract.Add": {"projectCode", "contractList"},
    "WorkerEntryExit.Add": {"projectCode", "corpCode", "corpName", "teamSysNo", "workerList"},
    "WorkerAttendance.Add": {"projectCode", "teamSysNo", "dataList"},
    "Payroll.Add": {"projectCode", "corpCode", "corpName", "teamSysNo", "payMonth", "detailList"},
    "AsyncHandleResult.Query": {"requestSerialCode"},
}
OF_ITEMS = {
    "ProjectWorker.Add": {"workerName", "isTeamLeader", "idCardType", "idCardNumber", "workType", "workRole"},
    "WorkerContract.Add": {"corpCode", "corpName", "idCardType", "idCardNumber", "contractPeriodType", "startDate"},
    "WorkerEntryExit.Add": {"idCardType", "idCardNumber", "date", "type"},
    "WorkerAttendance.Add": {"idCardType", "idCardNumber", "date", "direction", "attendType"},
    "Payroll.Add": {
        "idCardType", "idCardNumber", "days", "payRollBankCardNumber", "payBankCardNumber", "payBankCode", "payBankName",
        "totalPayAmount", "actualAmount", "isBackPay", "balanceDate", "thirdPayRollCode",
    },
}  # fmt: skip
MAX_ITEMS = 20


class Wrong(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Taken:
    """A call that was taken, decrypted."""

    method: str
    data: dict[str, Any]

    @property
    def items(self) -> list[dict[str, Any]]:
        return next((value for value in self.data.values() if isinstance(value, list)), [])


@dataclass
class PlatformStandIn:
    """Listens on a free port of 127.0.0.1 inside `async with`.

    `failures` are met by the next calls in turn: "late" (takes it and never answers), "500", "html", or a code.
    `asked_before` is how often a result is asked for in vain. `refuse_ids` are people whom it rejects as it handles a call.
    """

    taken: list[Taken] = field(default_factory=list)
    failures: deque[str] = field(default_factory=deque)
    refuse_ids: set[str] = field(default_factory=set)
    asked_before: int = 0
    url: str = ""
    methods: list[str] = field(default_factory=list)

    async def __aenter__(self) -> "PlatformStandIn":
        self._nonces: set[str] = set()
        self._results: dict[str, tuple[int, Any]] = {}
        self._asked: dict[str, int] = {}
        self._known: set[str] = set()
        self._teams: dict[tuple[str, str], int] = {}
        application = web.Application()
        application.router.add_post("/open.api", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/open.api"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def of(self, method: str) -> list[Taken]:
        return [each for each in self.taken if each.method == method]

    async def _answer(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        failure = self.failures.popleft() if self.failures else ""
        if failure == "500":
            return web.Response(status=500, text="nginx")
        if failure == "html":
            return web.Response(text="<html>系统维护</html>", content_type="text/html")
        if failure and failure != "late":
            return web.json_response({"code": int(failure), "message": "平台忙", "data": None})
        try:
            data = self._checked(form)
            answer = self._handle(form["method"], data)
        except Wrong as wrong:
            return web.json_response({"code": wrong.code, "message": str(wrong), "data": None})
        if failure == "late":
            await asyncio.sleep(30)
        return web.json_response({"code": 0, "message": "成功", "data": answer})

    def _checked(self, form: dict[str, str]) -> dict[str, Any]:
        """Raise Wrong for what the platform would not take; return the data, decrypted."""
        if set(form) != FORM or form["format"] != "json" or form["version"] != "1.0":
            raise Wrong(-1, "请求参数错误")
        ordered = "&".join(f"{key}={form[key]}" for key in sorted(FORM - {"sign"}))
        if form["sign"] != sha256(f"{ordered}&appsecret={SECRET}".lower().encode()).hexdigest():
            raise Wrong(-2, "签名校验错误")
        if form["appid"] != APPID:
            raise Wrong(-3, "无API访问权限")
        if not re.fullmatch(r"\d{14}", form["timestamp"]) or not _is_near(form["timestamp"]):
            raise Wrong(-1, "timestamp 超出时间范围")
        if form["nonce"] in self._nonces:
            raise Wrong(-1, "nonce 重复使用")
        self._nonces.add(form["nonce"])
        if form["method"] not in REQUIRED and not form["method"].endswith(".Update"):
            raise Wrong(-1, f"没有接口 {form['method']}")
        data = json.loads(form["data"])
        _check_fields(form["method"], data)
        return data

    def _handle(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        self.methods.append(method)
        if method == "AsyncHandleResult.Query":
            return self._result(data["requestSerialCode"])
        same = json.dumps([method, data], sort_keys=True)
        serial = f"{method.replace('.', '-').lower()}-{len(self._results)}"
        refused = [each["idCardNumber"] for each in _items(data) if each.get("idCardNumber") in self.refuse_ids]
        if same in self._known:
            self._results[serial] = 10, "数据已存在"
        elif refused:
            self._results[serial] = 10, f"{len(refused)} 人身份核验不通过"
        else:
            self._known.add(same)
            self.taken.append(Taken(method, data))
            self._results[serial] = 20, json.dumps(self._numbers(method, data))
        return {"requestSerialCode": serial}

    def _numbers(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        if method == "Project.Add":
            return {"projectCode": "50011320261122001"}
        if method == "Team.Add":
            return {"teamSysNo": self._teams.setdefault((data["corpCode"], data["teamName"]), 1500 + len(self._teams))}
        return {"count": len(_items(data))}

    def _result(self, serial: str) -> dict[str, Any]:
        self._asked[serial] = self._asked.get(serial, 0) + 1
        if self._asked[serial] <= self.asked_before:
            return {"requestSerialCode": serial, "status": "0", "result": ""}
        status, result = self._results[serial]
        return {"requestSerialCode": serial, "status": str(status), "result": result}


def _items(data: dict[str, Any]) -> list[dict[str, Any]]:
    return next((value for value in data.values() if isinstance(value, list)), [])


def _is_near(timestamp: str) -> bool:
    at = datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return abs(datetime.now(tz=at.tzinfo) - at) < WINDOW


def _check_fields(method: str, data: dict[str, Any]) -> None:
    missing = REQUIRED.get(method, set()) - set(data)
    if missing:
        raise Wrong(-1, f"缺少 {sorted(missing)}")
    items = _items(data)
    if method in OF_ITEMS and not 0 < len(items) <= MAX_ITEMS:
        raise Wrong(-1, f"列表数量 {len(items)}")
    for item in items:
        missing = OF_ITEMS.get(method, set()) - set(item)
        if missing:
            raise Wrong(-1, f"缺少 {sorted(missing)}")
        for name in SECRETS:
            if name in item:
                item[name] = _decrypted(item[name])
        if not _is_id(item["idCardNumber"]):
            raise Wrong(-1, "身份证号码有误")


def _decrypted(text: str) -> str:
    try:
        padded = AES.new(SECRET.encode(), AES.MODE_CBC, SECRET[:16].encode()).decrypt(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise Wrong(-1, "解密失败") from error
    return padded[: -padded[-1]].decode()


def _is_id(number: str) -> bool:
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return False
    return CHECKS[sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False)) % 11] == number[17]
