"""What anyone may read, and what every answer carries.

Branches: chain · health · projects, one, none · books · coverage · events: page, cursor, filters, bad cursor, bad limit ·
ledger of escrow and token · no personal data · unknown path · wrong method · nonsense · security headers · cache ·
folder without slash · OpenAPI.
"""

from datetime import UTC, datetime

import pytest
from litestar.testing import AsyncTestClient
from msgspec import structs
from sqlalchemy import update
from tests.backend.conftest import ARBITER, BUREAU, CONTRACTOR, ESCROW, assert_problem
from tests.fakes import final_event

from anxin.app import PAGES, build
from anxin.chain.alarms import CHAIN_CHANGED, LOW_BALANCE, clear_alarm, raise_alarm
from anxin.chain.models import Block, ChainEvent, RelayCall
from anxin.core.database import transaction
from anxin.core.security import with_security
from anxin.ledger import service as ledger

OTHER_ESCROW = "0x" + "11" * 20
AT = datetime(2026, 11, 5, 2, tzinfo=UTC)


@pytest.fixture
async def chain(sessions):
    """Twelve blocks, eight of them final, with two events each."""
    async with sessions() as session, session.begin():
        for number in range(1, 13):
            state = "final" if number <= 8 else "seen"
            session.add(Block(hash=f"0x{number:064x}", number=number, parent=f"0x{number - 1:064x}", time=AT, state=state))
        await session.flush()
        for number in range(1, 13):
            for index, name in enumerate(("Funded", "Released")):
                session.add(
                    ChainEvent(
                        block_hash=f"0x{number:064x}", log_index=index, block_number=number, block_time=AT,
                        tx_hash=f"0x{number:064x}", contract="WageEscrow", name=name, args={"amount": number},
                        address=ESCROW if number % 2 else OTHER_ESCROW, state="final" if number <= 8 else "seen",
                    )
                )  # fmt: skip


async def test_chain_facts_are_those_of_the_deployment(client, deployment):
    facts = (await client.get("/api/chain")).json()

    at = deployment.addresses
    assert {
        "chainId": 31337, "rpId": "localhost", "registry": at.registry, "factory": at.factory, "token": at.token,
        "bank": at.bank, "anchor": at.anchor, "finalityDepth": 12,
    } == facts  # fmt: skip


async def test_health_says_how_far_the_chain_is_read(client, chain):
    nothing_to_do = {"callsWaiting": 0, "callsInFlight": 0, "alarms": []}
    assert {"status": "ok", "indexedBlock": 12, "finalBlock": 8} | nothing_to_do == (await client.get("/api/health")).json()


async def test_health_of_a_chain_nobody_read_yet(client):
    read = (await client.get("/api/health")).json()
    assert ("ok", 0, 0) == (read["status"], read["indexedBlock"], read["finalBlock"])


@pytest.mark.parametrize(("kind", "status"), [(LOW_BALANCE, "degraded"), (CHAIN_CHANGED, "halted")])
async def test_health_tells_what_a_person_must_look_at_until_it_is_over(client, sessions, kind, status):
    async with transaction(sessions) as session:
        await raise_alarm(session, kind, "0x01", "send it some")
    read = (await client.get("/api/health")).json()
    assert (status, [(kind, "0x01", "send it some")]) == (
        read["status"], [(each["kind"], each["subject"], each["text"]) for each in read["alarms"]]
    )  # fmt: skip

    async with transaction(sessions) as session:
        assert await clear_alarm(session, kind, "0x01")

    assert ("ok", []) == ((read := (await client.get("/api/health")).json())["status"], read["alarms"])


async def test_health_counts_calls_on_their_way(client, sessions):
    async with transaction(sessions) as session:
        for place, state in enumerate(("waiting", "waiting", "signed", "final", "refused")):
            session.add(RelayCall(key=str(place), call={}, state=state, accepted_at=datetime.now(UTC)))

    read = (await client.get("/api/health")).json()

    assert (2, 1) == (read["callsWaiting"], read["callsInFlight"])


async def test_project_shows_its_books_and_who_works_there(client, site, chain):
    await site.apply(ledger.record_funding, final_event("Funded", "WageEscrow", ESCROW, amount=100_000))
    await site.apply(ledger.record_sheet, final_event("SheetPosted", "WageEscrow", ESCROW, total=80_000))

    (project,) = (await client.get("/api/projects")).json()["projects"]

    assert (ESCROW, CONTRACTOR.address, BUREAU.address, ARBITER.address, 3, 8) == tuple(
        project[name] for name in ("escrow", "contractor", "bureau", "arbiter", "workers", "asOfBlock")
    )
    assert [3 * 86_400, 4 * 86_400, 30 * 86_400] == [
        project[f"{name}WindowSeconds"] for name in ("objection", "answer", "bureau")
    ]
    books = {
        "fundedFen": 100_000, "owedFen": 80_000, "contestedFen": 0, "bondFen": 0, "freeFen": 20_000, "releasedFen": 0,
        "withBankFen": 0,
    }  # fmt: skip
    assert (books, 125) == (project["books"], project["coveragePercent"])
    assert project == (await client.get(f"/api/projects/0x{ESCROW[2:].upper()}")).json()


async def test_nothing_owed_has_no_coverage(client, site):
    assert (await client.get(f"/api/projects/{ESCROW}")).json()["coveragePercent"] is None


async def test_unknown_project_is_not_found(client):
    assert_problem(await client.get("/api/projects/0x00"), 404, "not-found", "0x00")


async def test_pages_of_events_meet_without_gap_or_repeat(client, chain):
    ids, cursor = [], None
    for _ in range(3):
        page = (await client.get("/api/events", params={"limit": 10} | ({"before": cursor} if cursor else {}))).json()
        ids += [event["id"] for event in page["events"]]
        cursor = page["next"]

    assert [f"{number}-{index}" for number in range(12, 0, -1) for index in (1, 0)] == ids
    assert cursor is None


async def test_full_last_page_has_no_next(client, chain):
    assert (await client.get("/api/events", params={"limit": 24})).json()["next"] is None


@pytest.mark.parametrize(
    ("asked", "count"),
    [({}, 24), ({"escrow": ESCROW}, 12), ({"escrow": "0x" + ESCROW[2:].upper()}, 12), ({"name": "Funded"}, 12),
     ({"escrow": ESCROW, "name": "Released"}, 6), ({"escrow": "0x00"}, 0), ({"name": "Nothing"}, 0)],
    ids=["all", "of an escrow", "in capitals", "by name", "both", "unknown escrow", "unknown name"],
)  # fmt: skip
async def test_events_are_filtered(client, chain, asked, count):
    assert count == len((await client.get("/api/events", params=asked)).json()["events"])


async def test_transfers_beside_our_own_events_show_only_when_asked_for(client, sessions, chain):
    async with sessions() as session, session.begin():
        await session.execute(update(ChainEvent).where(ChainEvent.name == "Released").values(name="Transfer"))

    every = {event["name"] for event in (await client.get("/api/events")).json()["events"]}
    asked = {event["name"] for event in (await client.get("/api/events?name=Transfer")).json()["events"]}

    assert ({"Funded"}, {"Transfer"}) == (every - {"Enrolled", "Minted"}, asked)


async def test_event_says_whether_it_is_final(client, chain):
    states = {event["blockNumber"]: event["state"] for event in (await client.get("/api/events")).json()["events"]}

    assert (states[8], states[9]) == ("final", "seen")


@pytest.mark.parametrize("cursor", ["rubbish", "1", "1-", "-1", "²-1", "9" * 30 + "-1", "1-" + "9" * 30, "1-1-1", ""])
async def test_cursor_that_is_none_is_malformed(client, chain, cursor):
    assert_problem(await client.get("/api/events", params={"before": cursor}), 400, "malformed", "`next`")


@pytest.mark.parametrize("limit", [0, 201, -1, "many"])
async def test_page_has_one_to_two_hundred_events(client, limit):
    assert_problem(await client.get("/api/events", params={"limit": limit}), 400, "malformed", "limit")


async def test_ledger_of_an_escrow_balances(client, site):
    await site.apply(ledger.record_funding, final_event("Funded", "WageEscrow", ESCROW, amount=500))

    view = (await client.get("/api/ledger", params={"escrow": ESCROW})).json()

    assert [(each["account"], each["balanceFen"]) for each in view["accounts"]] == [("funded", 500), ("paid in", -500)]
    assert [(each["event"], each["amountFen"]) for each in view["entries"]] == [("Funded", 500)]


async def test_ledger_of_no_escrow_is_the_tokens(client, site, deployment):
    token = deployment.addresses.token
    await site.apply(ledger.record_funding, final_event("Funded", "WageEscrow", ESCROW, amount=500))
    await site.apply(ledger.record_mint, final_event("Minted", "WageToken", token, amount=700))

    view = (await client.get("/api/ledger")).json()

    assert [(each["event"], each["amountFen"]) for each in view["entries"]] == [("Minted", 700)]


@pytest.mark.parametrize(
    "path", ["/api/projects", f"/api/projects/{ESCROW}/sheets", "/api/events", "/api/enrolments/waiting"]
)
async def test_public_pages_hold_no_personal_data(client, site, path):
    await site.post(90_000)

    answer = (await client.get(path)).text

    assert [private for private in ("工人", "1380000", "W001") if private in answer] == []


async def test_unknown_path_is_a_problem(client):
    assert_problem(await client.get("/api/nothing"), 404, "not-found", "/api/nothing")


async def test_wrong_method_is_a_problem_that_says_what_is_possible(client):
    answer = await client.post("/api/chain")

    assert_problem(answer, 405, "method-not-allowed", "POST")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"phone":', b"", b"null", b"[" * 30_000, b'{"a":' * 10_000, b'{"phone":"\xff"}', b'{"phone":"\\ud800"}',
        b"9" * 9_000,
    ],
    ids=["cut", "nothing", "null", "deep", "deep objects", "no UTF-8", "half a character", "huge number"],
)
async def test_body_that_is_nonsense_is_malformed(client, body):
    answer = await client.post("/api/login-codes", content=body, headers={"content-type": "application/json"})

    assert_problem(answer, 400, "malformed", "cannot be read")


async def test_body_without_end_is_too_large(client):
    assert_problem(await client.post("/api/login-codes", content=b'"' + b"1" * 10_000_000), 413, "too-large", "65536")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/projects/%00", 404),
        ("/api/projects/%00/sheets", 404),
        ("/w/%00", 404),
        ("/api/events?name=%00", 400),
        ("/api/events?escrow=a%00", 400),
        ("/api/ledger?escrow=%00", 400),
        ("/api/events?limit=99999999999999999999", 400),
        ("/api/openapi.json/x", 404),
        ("/assets/..%2f..%2fpackage.json", 404),
        ("/api/projects/'%20OR%201=1--", 404),
    ],
)
async def test_address_that_is_nonsense_is_a_problem(pages, client, path, status):
    answer = await client.get(path)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


@pytest.fixture
def pages(tmp_path):
    """Built pages, as far as the server cares."""
    for file in ("w/index.html", "assets/w-1a2b.js"):
        (tmp_path / "pages" / file).parent.mkdir(parents=True)
        (tmp_path / "pages" / file).write_text("")


# ------------------------------------------------------------------ what the web server runs


@pytest.fixture
async def served(settings, sessions, tmp_path):
    """The application as `anxin api` serves it."""
    settings = structs.replace(settings, web_folder=tmp_path / "pages")
    async with AsyncTestClient(with_security(build(settings), pages=frozenset(f"/{page}" for page in PAGES))) as client:
        yield client


@pytest.mark.parametrize("path", ["/api/chain", "/api/nothing", "/w", "/"])
async def test_every_answer_carries_the_security_headers(served, path):
    headers = (await served.get(path, follow_redirects=False)).headers

    assert "script-src 'self';" in headers["content-security-policy"]
    assert (
        headers["x-content-type-options"], headers["referrer-policy"], headers["cross-origin-opener-policy"],
    ) == ("nosniff", "no-referrer", "same-origin")  # fmt: skip


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("/api/chain", "no-store"),
        ("/w", "no-cache"),
        ("/w/", "no-cache"),
        ("/assets/w-1a2b.js", "public, max-age=31536000, immutable"),
        ("/assets/none.js", "no-cache"),
    ],
)
async def test_only_what_never_changes_is_kept_by_browsers(pages, served, path, cache):
    assert cache == (await served.get(path, follow_redirects=False)).headers["cache-control"]


@pytest.mark.parametrize("page", PAGES)
async def test_page_without_its_slash_leads_to_the_page(served, page):
    answer = await served.get(f"/{page}", follow_redirects=False)

    assert (308, f"/{page}/") == (answer.status_code, answer.headers["location"])


async def test_front_door_leads_to_the_workers_page(served):
    answer = await served.get("/", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (302, "/w/")


async def test_every_route_is_documented(served, settings):
    answer = await served.get("/api/openapi.json")

    routes = {
        (route.path_format, method)
        for route in build(settings).routes
        for method in getattr(route, "methods", ())
        if route.path_format.startswith("/api/") and method != "OPTIONS"
    }
    routes = {(path, method) for path, method in routes if not path.startswith("/api/openapi.json")}
    documented = {(path, method.upper()) for path, methods in answer.json()["paths"].items() for method in methods}
    assert (200, routes) == (answer.status_code, documented)


async def test_every_operation_says_what_it_does(served):
    document = (await served.get("/api/openapi.json")).json()

    silent = [
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not operation.get("description")
    ]
    assert silent == []
