"""A payslip on paper: the same bytes each time, in both languages, for its worker only, on one page.

Branches: bytes · languages · one page however much there is · own · others' · not posted · not a PDF · shredded.
"""

import re
import zlib

import pytest
from sqlalchemy import update
from tests.backend.conftest import ESCROW
from tests.backend.payslip_vectors import punches, slip, vectors
from tests.backend.site_office import posted, shift, submit_october, work

from anxin.core.database import transaction
from anxin.payroll import sign as signing
from anxin.payroll.models import WageLine
from anxin.payroll.payslip_pdf import Printed, payslip_pdf
from anxin.payroll.payslip_words import LABELS, amount_rows, hours

PRINTED = Printed(ESCROW, 0, 0, bytes(32), "张三")
WHERE = f"/api/me/payslips/{ESCROW}/0/0.pdf"


@pytest.fixture
async def owed(site):
    await work(site, shift("W001", 8), shift("W002", 8))
    sheet = await submit_october(site)
    await site.apply(signing.record_sheet_posted, posted(sheet))
    return sheet


def test_same_payslip_has_the_same_bytes_in_a_language():
    day = slip("day", 32_000, punches())
    chinese, again, english = (payslip_pdf(day, PRINTED, language) for language in ("zh", "zh", "en"))

    assert chinese == again != english


@pytest.mark.parametrize("name", ["an hour contract at night", "deductions and back pay"])
def test_everything_fits_on_one_page(name):
    """What is drawn lies above the lower margin: 10 mm of 297, in points from below."""
    pdf = payslip_pdf(dict(vectors())[name], PRINTED, "en")

    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    assert min(heights(pdf)) > 10 * 72 / 25.4


def test_rows_from_gross_to_net_sum_to_the_amount():
    for _, each in vectors():
        rows = amount_rows(each, "zh")
        assert each.amount_fen == sum(fen for _, _, fen in rows[len(each.items) :])


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [("0", "0:00"), ("28800", "8:00"), ("29641", "8:14:01"), ("29641.5", "8:14:01.5"), ("60.1", "0:01:00.1")],
)
def test_time_is_hours_minutes_and_what_seconds_there_are(seconds, shown):
    assert shown == hours(seconds)


def test_every_label_is_there_in_both_languages():
    assert {frozenset(("zh", "en"))} == {frozenset(label) for label in LABELS.values()}


async def test_worker_gets_their_own_payslip(client, site, owed, signed_in):
    answer = await client.get(WHERE + "?lang=en", headers=signed_in(site.workers["W001"]))

    assert (200, "application/pdf", b"%PDF-") == (answer.status_code, answer.headers["content-type"], answer.content[:5])


async def test_nobody_gets_anothers_or_one_that_is_not_there(client, site, owed, signed_in):
    headers = signed_in(site.workers["W002"])

    for path in (WHERE, WHERE.replace("0.pdf", "9.pdf"), WHERE.replace("0.pdf", "0.png"), WHERE + "x"):
        assert 404 == (await client.get(path, headers=headers)).status_code, path


async def test_payslip_is_for_those_who_signed_in(client, owed):
    assert 401 == (await client.get(WHERE)).status_code


async def test_sheet_that_is_not_posted_has_no_payslips(client, site, signed_in):
    await work(site, shift("W001", 8))
    await submit_october(site)

    assert 404 == (await client.get(WHERE, headers=signed_in(site.workers["W001"]))).status_code


async def test_shredded_payslip_is_gone(client, site, owed, signed_in):
    async with transaction(site.sessions) as session:
        await session.execute(update(WageLine).values(payslip=None))

    answer = await client.get(WHERE, headers=signed_in(site.workers["W001"]))

    assert (404, "urn:anxin:error:no-payslip") == (answer.status_code, answer.json()["type"])


def heights(pdf):
    """Where text is drawn, in points from the foot of the page."""
    streams = (zlib.decompress(each) for each in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", pdf, re.DOTALL))
    return [float(y) for each in streams for y in re.findall(rb"BT [\d.]+ ([\d.]+) Td", each)]
