"""Confirming a line over HTTP: kept once, whatever is resent; everything wrong is told as what it is.

Branches: accepted (device, passkey, wallet) · resent · after release · malformed JSON · unknown field · body too large ·
digest of something else · unknown line · sheet not final · changed amount, days, payslip · wrong key · high s · expired ·
deadline too far · not enrolled.
"""

import pytest
from sqlalchemy import func, select, update
from tests.backend.signed_words import confirmation

from anxin.core.signing import P256_ORDER
from anxin.demo.keys import DeviceKey
from anxin.payroll.models import WageSheet
from anxin.people.models import Worker
from anxin.wages.models import Confirmation


@pytest.mark.parametrize("index", [0, 1, 2], ids=["device key", "passkey", "wallet"])
async def test_signed_word_is_kept_and_a_release_queued(client, site, gathered, index):
    sheet = await site.post(90_000, 90_000, 90_000)
    path, body = confirmation(site, sheet, index)

    answer = await client.put(path, json=body)

    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    assert [sheet.id] == await gathered()


async def test_resend_after_lost_signal_queues_one_release(client, site, gathered, sessions):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)

    first, again = await client.put(path, json=body), await client.put(path, json=body)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert [sheet.id] == await gathered()
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Confirmation)) == 1


async def test_wrong_key_is_refused_and_nothing_is_kept(client, site, gathered):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0, key=DeviceKey.from_number(999))

    answer = await client.put(path, json=body)

    assert_problem(answer, 403, "wrong-key", "phone that was enrolled")
    assert [] == await gathered()


@pytest.mark.parametrize(
    "changed",
    [{"amountFen": 90_001}, {"dayMask": 1}, {"payslipHash": "0x" + "ab" * 32}],
    ids=["amount", "days", "payslip"],
)
async def test_changed_line_is_refused_though_signed(client, site, changed):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0, **changed)

    answer = await client.put(path, json=body)

    assert_problem(answer, 409, "amount-changed", "90000 fen")


async def test_amount_changed_after_signing_does_not_match_the_digest(client, site):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)

    answer = await client.put(path, json={**body, "amountFen": 90_001})

    assert_problem(answer, 422, "digest-mismatch", "digest")


async def test_unknown_line_is_not_found(client, site):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)

    answer = await client.put(path, json={**body, "index": 7})

    assert_problem(answer, 404, "line-not-found", "no line 7")


async def test_line_of_a_sheet_that_is_not_final_is_not_found(client, site, sessions):
    sheet = await site.post(90_000)
    async with sessions() as session, session.begin():
        await session.execute(update(WageSheet).values(state="sent"))
    path, body = confirmation(site, sheet, 0)

    assert_problem(await client.put(path, json=body), 404, "line-not-found", "not on the chain yet")


async def test_high_s_is_refused_with_what_to_send_instead(client, site):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    signature = body["signature"]
    high = f"0x{P256_ORDER - int(signature['s'], 16):064x}"

    answer = await client.put(path, json={**body, "signature": {**signature, "s": high}})

    assert_problem(answer, 422, "high-s", "n − s")


async def test_expired_signature_is_gone(client, site):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0, deadline=1_700_000_000)

    assert_problem(await client.put(path, json=body), 410, "signature-expired", "Sign again")


async def test_deadline_in_the_far_future_is_refused(client, site):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0, deadline=4_000_000_000)

    assert_problem(await client.put(path, json=body), 422, "deadline-too-far", "400 days")


async def test_worker_without_a_key_must_enrol_first(client, site, sessions):
    sheet = await site.post(90_000)
    async with sessions() as session, session.begin():
        await session.execute(update(Worker).values(assurance=None))
    path, body = confirmation(site, sheet, 0)

    assert_problem(await client.put(path, json=body), 409, "not-enrolled", "Enrol")


async def test_malformed_json_says_so(client, site):
    path, _ = confirmation(site, await site.post(90_000), 0)

    answer = await client.put(path, content=b'{"escrow": ', headers={"content-type": "application/json"})

    assert_problem(answer, 400, "malformed", "")


@pytest.mark.parametrize(
    "broken",
    [{"surprise": 1}, {"amountFen": "ninety"}, {"signature": {"kind": "device", "r": 5}}, {"payslipHash": "0xzz"}],
    ids=["unknown field", "text for a number", "incomplete signature", "not hex"],
)
async def test_wrong_shape_names_the_place(client, site, broken):
    path, body = confirmation(site, await site.post(90_000), 0)

    answer = await client.put(path, json={**body, **broken})

    assert_problem(answer, 400, "malformed", "")


async def test_body_of_ten_megabytes_is_refused_unread(client, site):
    path, _ = confirmation(site, await site.post(90_000), 0)

    answer = await client.put(path, content=b"x" * 10_000_000, headers={"content-type": "application/json"})

    assert_problem(answer, 413, "too-large", "65536 bytes")


async def test_problem_speaks_chinese_first(client, site):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0, key=DeviceKey.from_number(999))

    answer = await client.put(path, json=body, headers={"accept-language": "zh-CN,zh;q=0.9"})

    assert answer.json()["title"] == "签名与登记的密钥不符"


def assert_problem(answer, status: int, slug: str, sentence: str) -> None:
    document = answer.json()
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"].split(";")[0])
    assert (f"urn:anxin:error:{slug}", status) == (document["type"], document["status"])
    assert sentence in document["detail"]
