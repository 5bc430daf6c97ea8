"""Parties of a project: named and ended by the contractor, each in a role, strangers told nothing.

Branches: contractor and bureau without a row · named · named again · changed · ended · ended again · never named · named
back · only the contractor names · outsider sees no project · project's own · contacts · roles asked for · witness apart ·
role nobody can be given · my projects.
"""

import pytest
from sqlalchemy import func, select
from tests.backend.conftest import ARBITER, BUREAU, CONTRACTOR, ESCROW, WINDOWS, assert_problem, escrow_created

from anxin.core.errors import ProjectNotFound
from anxin.demo.keys import Wallet
from anxin.people.staff import Staff
from anxin.projects import service as projects
from anxin.projects.access import as_party
from anxin.projects.errors import RoleNeeded
from anxin.projects.models import Party

OFFICER = Wallet.from_hex("0x" + "e1" * 32)
FOREMAN = Wallet.from_hex("0x" + "e2" * 32)
STRANGER = Wallet.from_hex("0x" + "e3" * 32)
OTHER_CONTRACTOR = Wallet.from_hex("0x" + "e4" * 32)
PATH = f"/api/projects/{ESCROW}/parties"
OTHER_ESCROW = "0x" + "e6" * 20


@pytest.fixture
async def parties(client, site, staff_headers):
    """The contractor at its desk."""
    return Desk(client, await staff_headers(CONTRACTOR))


class Desk:
    def __init__(self, client, headers):
        self.client, self.headers = client, headers

    async def name(self, wallet, role, *, headers=None, **body):
        body = {"firm": "渝安建工", **body}
        return await self.client.put(f"{PATH}/{wallet.address}/{role}", json=body, headers=headers or self.headers)

    async def end(self, wallet, role, *, headers=None):
        return await self.client.delete(f"{PATH}/{wallet.address}/{role}", headers=headers or self.headers)

    async def all(self, *, headers=None):
        answer = await self.client.get(PATH, headers=headers or self.headers)
        return answer.json()["parties"]


async def acts(session, wallet, *roles, escrow=ESCROW):
    acting = await as_party(session, Staff(wallet.address), escrow, *roles)
    return acting.role, acting.firm


async def test_contractor_and_bureau_are_parties_without_being_named(site, session):
    assert ("contractor", "渝安建工") == await acts(session, CONTRACTOR)
    assert ("bureau", "") == await acts(session, BUREAU)


async def test_named_party_acts_in_its_role(parties, session):
    assert 204 == (await parties.name(OFFICER, "officer")).status_code

    assert ("officer", "渝安建工") == await acts(session, OFFICER)


async def test_naming_again_changes_nothing(parties, session):
    await parties.name(OFFICER, "officer", contact="张三 13800000000")
    await parties.name(OFFICER, "officer", contact="张三 13800000000")

    assert 1 == await session.scalar(select(func.count()).select_from(Party))


async def test_change_keeps_what_was_before(parties, session):
    await parties.name(FOREMAN, "foreman", firm="甲劳务", team="T1")
    await parties.name(FOREMAN, "foreman", firm="乙劳务", team="T1")

    rows = (await session.scalars(select(Party).order_by(Party.id))).all()
    assert [("甲劳务", False), ("乙劳务", True)] == [(row.firm, row.until is None) for row in rows]
    assert ("foreman", "乙劳务") == await acts(session, FOREMAN)


async def test_ended_party_is_told_nothing_from_then_on(parties, session, client, staff_headers):
    await parties.name(OFFICER, "officer")
    headers = await staff_headers(OFFICER)
    assert 200 == (await client.get(PATH, headers=headers)).status_code

    assert 204 == (await parties.end(OFFICER, "officer")).status_code

    assert_problem(await client.get(PATH, headers=headers), 404, "project-not-found", ESCROW)


async def test_ending_again_changes_nothing(parties, session):
    await parties.name(OFFICER, "officer")
    await parties.end(OFFICER, "officer")
    first = await session.scalar(select(Party.until))

    assert 204 == (await parties.end(OFFICER, "officer")).status_code
    assert first == await session.scalar(select(Party.until))


async def test_who_was_never_named_cannot_be_ended(parties):
    assert_problem(await parties.end(OFFICER, "officer"), 404, "party-not-found", OFFICER.address)


async def test_who_was_ended_can_be_named_back(parties, session):
    await parties.name(OFFICER, "officer")
    await parties.end(OFFICER, "officer")
    await parties.name(OFFICER, "officer")

    assert ("officer", "渝安建工") == await acts(session, OFFICER)


@pytest.mark.parametrize("role", ["officer", "subcontractor", "foreman", "witness"])
async def test_no_other_party_names_parties(parties, staff_headers, role):
    await parties.name(FOREMAN, role)
    headers = await staff_headers(FOREMAN)

    assert_problem(await parties.name(STRANGER, "officer", headers=headers), 403, "role-needed", role)
    assert_problem(await parties.end(FOREMAN, role, headers=headers), 403, "role-needed", "contractor")


async def test_bureau_reads_and_names_nobody(parties, staff_headers):
    headers = await staff_headers(BUREAU)

    assert ["contractor", "bureau"] == [each["role"] for each in await parties.all(headers=headers)]
    assert_problem(await parties.name(STRANGER, "officer", headers=headers), 403, "role-needed", "bureau")


async def test_to_a_stranger_there_is_no_project(client, parties, staff_headers):
    headers = await staff_headers(STRANGER)

    assert_problem(await client.get(PATH, headers=headers), 404, "project-not-found", ESCROW)
    assert_problem(await parties.name(STRANGER, "officer", headers=headers), 404, "project-not-found", ESCROW)


async def test_without_a_session_nobody_is_a_party(client, parties):
    assert_problem(await client.get(PATH), 401, "not-staff", "Sign in")


async def test_officer_of_one_project_is_nobody_on_another(parties, session, deployment):
    await projects.open_project(
        session, b"\x07" * 32, name="另一项目", contractor_name="别家", contractor=OTHER_CONTRACTOR.address,
        bureau=BUREAU.address, arbiter=ARBITER.address, windows=WINDOWS,
    )  # fmt: skip
    created = escrow_created(
        deployment, escrow=OTHER_ESCROW, contractor=OTHER_CONTRACTOR.address, project="0x" + "07" * 32
    )
    await projects.record_escrow_created(session, created)
    await parties.name(OFFICER, "officer")

    assert ("contractor", "别家") == await acts(session, OTHER_CONTRACTOR, escrow=OTHER_ESCROW)
    for outsider in (OFFICER, CONTRACTOR):
        with pytest.raises(ProjectNotFound):
            await acts(session, outsider, escrow=OTHER_ESCROW)


async def test_role_that_was_asked_for_is_the_one_acted_in(parties, session):
    await parties.name(CONTRACTOR, "officer", firm="劳资部")

    assert ("contractor", "渝安建工") == await acts(session, CONTRACTOR)
    assert ("officer", "劳资部") == await acts(session, CONTRACTOR, "officer", "foreman")


async def test_other_role_is_named_in_the_refusal(site, session):
    with pytest.raises(RoleNeeded) as refused:
        await acts(session, BUREAU, "officer", "foreman")

    assert ("officer, foreman", "bureau") == (refused.value.values["roles"], refused.value.values["role"])
    assert "劳资专管员或班组长" in refused.value.document("zh")["detail"]


async def test_escrow_may_be_spelled_in_capitals(site, session):
    assert ("contractor", "渝安建工") == await acts(session, CONTRACTOR, escrow="0x" + ESCROW[2:].upper())


@pytest.mark.parametrize("role", ["contractor", "bureau", "king"])
async def test_role_of_the_escrow_itself_cannot_be_given(parties, role):
    assert 400 == (await parties.name(STRANGER, role)).status_code


@pytest.mark.parametrize("wallet", [CONTRACTOR, BUREAU], ids=["contractor", "bureau"])
async def test_contractor_cannot_witness_for_itself(parties, wallet):
    assert_problem(await parties.name(wallet, "witness"), 409, "not-independent", "nothing else")


@pytest.mark.parametrize(("first", "then"), [("officer", "witness"), ("witness", "officer")])
async def test_witness_is_nothing_else(parties, first, then):
    await parties.name(OFFICER, first)

    assert_problem(await parties.name(OFFICER, then), 409, "not-independent", first)


async def test_contacts_are_for_those_who_have_to_call(parties, staff_headers):
    await parties.name(OFFICER, "officer", contact="张三 13800000000")
    await parties.name(FOREMAN, "foreman", team="T1")

    contractors, foremans = await parties.all(), await parties.all(headers=await staff_headers(FOREMAN))

    assert "张三 13800000000" in [each["contact"] for each in contractors]
    assert [None] * 4 == [each["contact"] for each in foremans]


async def test_contact_is_sealed_in_the_database(parties, sessions):
    await parties.name(OFFICER, "officer", contact="张三 13800000000")

    async with sessions() as session:
        raw = await session.scalar(select(func.encode(Party.__table__.c.contact, "escape")))
        assert "13800000000" not in raw


@pytest.mark.parametrize("firm", ["", "名" * 201, "a\0b"], ids=["empty", "too long", "NUL"])
async def test_firm_that_is_no_name_is_malformed(parties, firm):
    assert_problem(await parties.name(OFFICER, "officer", firm=firm), 400, "malformed", "firm")


async def test_my_projects_are_those_i_am_a_party_of(client, parties, staff_headers):
    await parties.name(OFFICER, "officer")

    async def mine(wallet):
        answer = await client.get("/api/staff/projects", headers=await staff_headers(wallet))
        return [(each["escrow"], each["roles"]) for each in answer.json()["projects"]]

    assert [(ESCROW, ["contractor"])] == await mine(CONTRACTOR)
    assert [(ESCROW, ["officer"])] == await mine(OFFICER)
    assert [] == await mine(STRANGER)
