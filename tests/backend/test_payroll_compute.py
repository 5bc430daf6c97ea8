"""`anxin payroll compute`, run as it is run: files in, wages out, nothing else needed.

Branches: the sample month as JSON and as a table · files in every dress · cells that are wrong · columns that are missing ·
people who are not on the roster · two contracts · pieces twice · no punches · order · large numbers · fractions of a
second · many workers · minimum wages · a reader that goes away. Then: what is read at a glance is what is read cell by cell.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anxin.core.clock import SITE_ZONE
from anxin.demo.site import DATA
from anxin.payroll.bulk.fields import Block, Months, Unusual, dates, instants, whole_numbers
from anxin.payroll.bulk.roster import from_rows
from anxin.payroll.bulk.scan import at_micros
from anxin.payroll.files import BadCell, RosterRow, instant
from anxin.payroll.rules import Contract, ContractKind

ANXIN = Path(sys.executable).with_name("anxin")
EXPECTED = Path(__file__).parent / "wages-2026-10.json"
ROSTER, PUNCHES, PIECES = (DATA / name for name in ("roster.csv", "punches.csv", "pieces.csv"))
ROSTER_HEADER, PUNCH_HEADER = (
    "worker_no,team,contract_type,rate_fen,piece_quota",
    "worker_no,at,direction,attend_type,device",
)
PIECE_HEADER = "worker_no,date,quantity"
BAD_INPUT = 2


class Site:
    """A folder of files, and the command run on them from there, with an empty environment."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, content):
        file = self.folder / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def run(self, roster=ROSTER, punches=PUNCHES, pieces=None, *options, month="2026-10"):
        command = [ANXIN, "payroll", "compute", "--month", month, "--roster", roster, "--punches", punches]
        command += ["--pieces", pieces] if pieces else []
        return subprocess.run([*command, *options], cwd=self.folder, env={}, capture_output=True, text=True, timeout=60)

    def compute(self, roster, punches=(), pieces=None):
        """Rows without their headers; returns what was printed on standard output, and on standard error."""
        files = [
            self.write("roster.csv", "\n".join([ROSTER_HEADER, *roster])),
            self.write("punches.csv", "\n".join([PUNCH_HEADER, *punches])),
            pieces and self.write("pieces.csv", "\n".join([PIECE_HEADER, *pieces])),
        ]
        done = self.run(*files, "--format", "json")
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout), done.stderr


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def punch(worker_no, at, direction):
    return f"{worker_no},{at},{'01' if direction == 'in' else '02'},001,G1"


def hours(worker_no, day, begin="08:00", end="16:00"):
    return [
        punch(worker_no, f"2026-10-{day}T{clock}:00+08:00", way) for clock, way in ((begin, "in"), (end, "out"))
    ]  # fmt: skip


# ------------------------------------------------------------------ the sample month


def test_sample_month_is_what_the_second_reading_of_the_rules_says(site):
    done = site.run(ROSTER, PUNCHES, PIECES, "--format", "json")

    assert (0, "") == (done.returncode, done.stderr)
    assert json.loads(EXPECTED.read_text()) == json.loads(done.stdout)


def test_table_is_the_default_and_ends_with_totals(site):
    done = site.run(ROSTER, PUNCHES, PIECES)
    head, *rows, totals, counts = done.stdout.splitlines()
    wages = json.loads(EXPECTED.read_text())

    assert ["worker", "base", "ot150", "ot200", "ot300", "piece", "gross", "days", "flags"] == head.split()
    assert [wage["workerNo"] for wage in wages] == [row.split()[0] for row in rows]
    assert f"¥{sum(wage['grossFen'] for wage in wages) / 100:,.2f}" == totals.split()[6]
    assert "W043  ¥3,356.79  ¥583.58  ¥535.27  ¥0.00  ¥0.00  ¥4,475.64  15  missing-out 10-26, over-3-hours 10-28 10-30" == (
        "  ".join(rows[42].split(maxsplit=8)[:8]) + "  " + rows[42].split(maxsplit=8)[8]
    )
    assert counts == "60 workers; flagged workers: missing-out 25, over-3-hours 50, over-36-hours 50"


# ------------------------------------------------------------------ files in every dress


def dressed(file, *, order, end, quote="", begin="", zone=None, last_end=True):
    rows = [line.split(",") for line in file.read_text().splitlines()]
    places = [rows[0].index(column) for column in order]
    if zone is not None:
        place = rows[0].index("at")
        for row in rows[1:]:
            row[place] = zone(datetime.fromisoformat(row[place]))
    cells = [[f"{quote}{row[place]}{quote}" for place in places] for row in rows]
    return (begin + end.join(map(",".join, cells)) + end * last_end).encode()


@pytest.mark.parametrize(
    "quote", ["", '"', '"needed'], ids=["plain", "quoted", "quoted where it must be: read cell by cell"]
)
def test_dress_of_the_files_does_not_matter(site, quote):
    """A mark at the beginning, CR LF or none at the end, columns in another order and beside others, instants in UTC."""
    mark = quote[:1]
    roster = dressed(ROSTER, order=["piece_quota", "rate_fen", "team", "contract_type", "worker_no"], end="\r\n", quote=mark)
    punches = dressed(
        PUNCHES, order=["direction", "device", "at", "worker_no"], end="\r\n", begin="\ufeff", quote=mark, last_end=False,
        zone=lambda at: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    )  # fmt: skip
    pieces = dressed(PIECES, order=["quantity", "date", "worker_no"], end="\n", begin="\ufeff", quote=mark, last_end=False)
    if quote == '"needed':
        roster, punches = roster.replace(b'"T1"', b'"T1, ""day"""'), punches.replace(b'"G1"', b'"G1,\r\nleft"')
    done = site.run(
        site.write("r.csv", roster), site.write("p.csv", punches), site.write("q.csv", pieces), "--format", "json"
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert json.loads(EXPECTED.read_text()) == json.loads(done.stdout)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"a","b"\n"c",d\n', b"a,b\nc,d\n"), (b'"","b"\r\n', b",b\r\n"), (b'"a""b",c\n', None), (b'"a,b",c\n', None),
        (b'"a\n",c\n', None), (b'a"b",c\n', None), (b'"a"b,c\n', None), (b'"a,c\n', None), (b'"a","\n"b",c\n', None),
    ],
)  # fmt: skip
def test_quotes_are_left_out_only_where_they_mean_nothing(written, read):
    if read is None:
        with pytest.raises(Unusual):
            Block.of(written, 2)
    else:
        assert read.strip() in Block.of(written, 2).text.tobytes()


def test_fractions_of_a_second_and_other_offsets_are_exact(site):
    """3,600 fen an hour: 1.5 seconds are 2 fen, a microsecond is one; 13:00 at −11:00 is 08:00 of the next day in China."""
    wages, _ = site.compute(
        ["A,T1,hour,3600,", "B,T1,hour,3600,", "C,T1,hour,3600,"],
        [
            punch("A", "2026-10-13T08:00:00.25+08:00", "in"), punch("A", "2026-10-13T08:00:01.750000+08:00", "out"),
            punch("B", "2026-10-13t00:00:00z", "in"), punch("B", "2026-10-13T00:00:00.000001Z", "out"),
            punch("C", "2026-10-12T13:00:00-11:00", "in"), punch("C", "2026-10-13T05:35:00+05:30", "out"),
        ],
    )  # fmt: skip

    assert [2, 1, 5 * 60] == [wage["items"]["base"] for wage in wages]


# ------------------------------------------------------------------ what is wrong is named


WRONG = {
    "roster.csv": (
        ROSTER_HEADER,
        {
            2: (",T1,day,32500,", "column worker_no"),
            3: ("A,T1,daily,32500,", "column contract_type: “daily”"),
            4: ("B,T1,day,325.00,", "column rate_fen: “325.00”"),
            5: ("C,T1,piece,150,-1", "column piece_quota: “-1”"),
            6: ("D,T1,day,0,", "column rate_fen"),
            7: ("E,T1,day,32500,160", "column piece_quota: only piece contracts"),
            8: ("F,T1,day,32500", "4 cells where the header has 5"),
            9: (" G,T1,day,32500,", "column worker_no: “ G”"),
        },
    ),
    "punches.csv": (
        PUNCH_HEADER,
        {
            2: ("A,2026-10-13T08:00:00,01,001,G1", "column at: “2026-10-13T08:00:00” does not say its zone"),
            3: ("A,2026-10-32T08:00:00+08:00,01,001,G1", "column at: “2026-10-32T08:00:00+08:00”"),
            4: ("A,13/10/2026 08:00,01,001,G1", "column at: “13/10/2026 08:00”"),
            5: ("A,2026-10-13T08:00:00+08:00,1,001,G1", "column direction: “1”"),
            6: (",2026-10-13T08:00:00+08:00,01,001,G1", "column worker_no: it is empty"),
        },
    ),
    "pieces.csv": (
        PIECE_HEADER,
        {
            2: ("A,2026-02-29,1", "column date: “2026-02-29”"),
            3: ("A,2026-10-13,1.5", "column quantity: “1.5”"),
            4: ("A,2026-10-13,-2", "column quantity: “-2”"),
            5: ("A,20261013,2", "column date: “20261013”"),
        },
    ),
}


def test_every_bad_row_is_named_with_file_line_and_column(site):
    files = [site.write(name, "\n".join([head, *(row for row, _ in rows.values())])) for name, (head, rows) in WRONG.items()]
    done = site.run(*files)
    told = done.stderr.splitlines()
    expected = [(f"{name}, line {line}", what) for name, (_, rows) in WRONG.items() for line, (_, what) in rows.items()]

    assert (BAD_INPUT, "") == (done.returncode, done.stdout)
    assert len(expected) + 1 == len(told)
    assert [] == [
        (place, what) for (place, what), line in zip(expected, told, strict=False) if place not in line or what not in line
    ]
    assert told[-1] == f"✗ {len(expected)} things to put right; nothing was computed"


def test_first_twenty_are_named_and_all_are_counted(site):
    punches = site.write("punches.csv", "\n".join([PUNCH_HEADER, *["W001,today,01,001,G1"] * 1_033]))
    done = site.run(ROSTER, punches)
    told = done.stderr.splitlines()

    assert (BAD_INPUT, "", 22) == (done.returncode, done.stdout, len(told))
    assert "punches.csv, line 21, column at" in told[19]
    assert ["✗ … and 1,013 more", "✗ 1,033 things to put right; nothing was computed"] == told[20:]


def test_missing_and_doubled_columns_and_empty_files_are_named(site):
    done = site.run(
        site.write("roster.csv", "worker_no,contract_type,piece_quota\nA,day,\n"),
        site.write("punches.csv", ""),
        site.write("pieces.csv", "worker_no,date,quantity,date\n"),
    )

    assert (BAD_INPUT, "") == (done.returncode, done.stdout)
    assert [
        "✗ roster.csv, line 1: the header has no column rate_fen (it has: worker_no, contract_type, piece_quota): add it",
        "✗ punches.csv, line 1: the file has no header: its first line must name the columns worker_no, at, direction",
        "✗ pieces.csv, line 1: the header names date more than once: leave one",
    ] == done.stderr.splitlines()[:3]


def test_line_numbers_count_lines_also_within_quotes(site):
    punches = f'{PUNCH_HEADER}\n\nW001,2026-10-13T08:00:00+08:00,01,001,"gate\n1"\nW001,bad,01,001,G1\n'
    done = site.run(ROSTER, site.write("punches.csv", punches))

    assert "punches.csv, line 5, column at: “bad”" in done.stderr
    assert "1 thing to put right" in done.stderr


def test_file_in_another_encoding_is_named(site):
    punches = f"{PUNCH_HEADER}\nW001,2026-10-13T08:00:00+08:00,01,001,大门\n".encode("gbk")
    done = site.run(ROSTER, site.write("punches.csv", punches))

    assert BAD_INPUT == done.returncode
    assert "punches.csv, line 2: it is not UTF-8" in done.stderr


def test_pieces_of_a_day_given_twice_name_both_lines(site):
    pieces = site.write("pieces.csv", f"{PIECE_HEADER}\nW055,2026-10-13,9\nW056,2026-10-13,9\nW055,2026-10-13,9\n")
    done = site.run(ROSTER, PUNCHES, pieces)

    assert (BAD_INPUT, "") == (done.returncode, done.stdout)
    assert "pieces.csv, line 4, column date: W055 has a quantity for 2026-10-13 in line 2 already" in done.stderr


def test_second_contract_of_one_sort_names_both_lines(site):
    rows = ["A,T1,day,32500,", "A,T1,piece,150,160", "A,T1,hour,4000,", "A,T1,piece,160,"]
    done = site.run(site.write("roster.csv", "\n".join([ROSTER_HEADER, *rows])))

    assert BAD_INPUT == done.returncode
    assert "roster.csv, line 4, column worker_no: A has a contract for time in line 2 already" in done.stderr
    assert "roster.csv, line 5, column worker_no: A has a contract for pieces in line 3 already" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"month": "2026-13"}, "'2026-13' is no month"),
        ({"month": "2024-10"}, "the calendar begins with 2025"),
        ({"options": ("--district", "Atlantis")}, "no minimum wage is on record for Atlantis, tier 1: there are Beijing"),
    ],
    ids=["no month", "before the calendar", "a district nobody knows"],
)
def test_option_that_means_nothing_is_told(site, options, said):
    done = site.run(ROSTER, PUNCHES, None, *options.get("options", ()), month=options.get("month", "2026-10"))

    assert (BAD_INPUT, "") == (done.returncode, done.stdout)
    assert said in " ".join(done.stderr.split())


# ------------------------------------------------------------------ who is paid, and who is left out


def test_who_is_not_on_the_roster_is_left_out_and_named(site):
    """Nobody is paid for another: not for a number that begins alike, or is longer than any on the roster."""
    wages, told = site.compute(
        ["W1,T1,hour,6000,"],
        [
            *hours("W1", 13),
            *hours("W10", 13),
            *hours("W", 13),
            *hours("W1 ", 13),
            *hours("a longer number", 13),
        ],
        ["W1,2026-10-13,3", "X,2026-10-13,3"],
    )

    assert [("W1", 48_000)] == [(wage["workerNo"], wage["grossFen"]) for wage in wages]
    assert [
        "punches.csv: 8 punches of 4 persons not on the roster left out: W (2), W1  (2), W10 (2), a longer number (2)",
        "pieces.csv: 1 line of pieces of 1 person not on the roster left out: X (1)",
    ] == told.splitlines()


def test_worker_with_two_contracts_is_one_line(site):
    wages, _ = site.compute(["A,T1,piece,150,160", "A,T1,day,32000,"], hours("A", 13), ["A,2026-10-13,170"])

    assert [("A", {"base": 32_000, "ot150": 0, "ot200": 0, "ot300": 0, "piece": 160 * 150 + 10 * 225})] == [
        (wage["workerNo"], wage["items"]) for wage in wages
    ]


def test_who_has_no_punches_is_there_all_the_same(site):
    """By the month: October has 18 working days of the 21.75 that are paid."""
    wages, _ = site.compute(["B,T1,month,652500,", "A,T1,day,32000,"])

    assert [
        {
            "workerNo": worker_no, "items": {"base": base, "ot150": 0, "ot200": 0, "ot300": 0, "piece": 0}, "grossFen": base,
            "daysWorked": [], "flags": [],
        }
        for worker_no, base in (("A", 0), ("B", 112_500))
    ] == wages  # fmt: skip


def test_roster_of_nobody_pays_nobody(site):
    wages, told = site.compute([], hours("A", 13))

    assert [] == wages
    assert "2 punches of 1 person not on the roster" in told


def test_order_is_that_of_plain_text(site):
    numbers = ["W2", "W10", "w1", "工一", 'say "hi", \\o/', "W1", "W000000000000000000000001", "Ω", "W1-é"]
    quoted = ['"' + number.replace('"', '""') + '"' for number in numbers]
    wages, _ = site.compute([f"{number},T1,hour,6000," for number in quoted], hours(quoted[3], 13))

    assert sorted(numbers) == [wage["workerNo"] for wage in wages]
    assert [("工一", 48_000)] == [(wage["workerNo"], wage["grossFen"]) for wage in wages if wage["grossFen"]]


def test_large_numbers_are_exact(site):
    """18 digits a piece, and 18 digits of pieces: 36 digits of fen."""
    wages, _ = site.compute(
        ["A,T1,piece,999999999999999999,", "B,T1,hour,6000,"], hours("B", 13), ["A,2026-10-13,999999999999999999"]
    )

    assert [999999999999999999**2, 48_000] == [wage["grossFen"] for wage in wages]


def test_more_workers_than_a_partition_come_in_order_and_whole(site):
    """Each is paid for minutes of their own."""
    count = 4_097
    roster = [f"W{n},T1,hour,60," for n in range(count)]
    punches = [row for n in range(count) for row in hours(f"W{n}", 13, "00:00", f"{n % 15:02}:{n % 60:02}")]
    wages, _ = site.compute(roster, punches)

    assert sorted(f"W{n}" for n in range(count)) == [wage["workerNo"] for wage in wages]
    assert all(
        min(480, int(wage["workerNo"][1:]) % 15 * 60 + int(wage["workerNo"][1:]) % 60) == wage["items"]["base"]
        for wage in wages
    )


def test_minimum_wage_of_the_district_is_compared_with(site):
    """22,000 fen a day are 4,785 a month: above Chongqing's; a day's worker at 100 fen is below any."""
    files = (
        site.write("roster.csv", f"{ROSTER_HEADER}\nA,T1,day,100,\n"),
        site.write("punches.csv", "\n".join([PUNCH_HEADER, *hours("A", 13)])),
    )

    with_it, without = (site.run(*files, None, *options).stdout for options in ((), ("--no-minimum",)))
    assert "below-minimum 10-31" in with_it
    assert "below-minimum" not in without


def test_reader_that_goes_away_is_no_error_to_speak_of(site):
    command = f"{ANXIN} payroll compute --month 2026-10 --roster {ROSTER} --punches {PUNCHES} | head -c 10"
    done = subprocess.run(["sh", "-c", command], cwd=site.folder, capture_output=True, text=True, timeout=60)

    assert "" == done.stderr


# ------------------------------------------------------------------ at a glance and cell by cell


def block_of(*cells):
    return Block.of("".join(f"{cell}\n" for cell in cells).encode(), 1)


ODDITIES = st.sampled_from((" ", "+", "-", "0", "9", "6", "T", "t", ":", ".", "Z", "z", "/", "a", "é", "\u0660"))


@st.composite
def almost_instants(draw):
    """Instants in all that RFC 3339 allows, some with a character changed, added or left out."""
    moment = draw(st.datetimes(datetime(1990, 1, 1), datetime(2210, 1, 1)))
    fraction = draw(st.sampled_from(("", "", "", ".000", ".000000", ".5", ".0001", ".0000001")))
    zone = draw(
        st.sampled_from(("+08:00", "+08:00", "Z", "-00:00", "+05:30", "-11:00", "+14:00", "+24:00", "+08:60", "+0800", ""))
    )
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + fraction + zone
    if draw(st.integers(0, 2)) == 0:
        place, length = draw(st.integers(0, len(text))), draw(st.integers(0, 2))
        text = text[:place] + draw(st.one_of(st.just(""), ODDITIES)) + text[place + length :]
    return text


@settings(max_examples=100, deadline=None)
@given(st.lists(almost_instants(), min_size=1, max_size=30))
@example(["2026-02-29T00:00:00+08:00", "2024-02-29T00:00:00+08:00", "2026-10-13T24:00:00+08:00", "2026-10-00T00:00:00Z"])
def test_instants_read_at_a_glance_are_those_read_cell_by_cell(written):
    """What the one reads, the other reads the same; what no reader can read, neither does."""
    seconds, read = instants(block_of(*written), 0, Months())
    for text, second, was_read in zip(written, seconds.tolist(), read.tolist(), strict=True):
        if was_read:
            assert instant(text) == at_micros(second * 10**6)


@pytest.mark.parametrize(
    "text", ["2026-10-13T08:00:00+08:00", "2026-10-13T08:00:00Z", "2026-10-13T08:00:00.000Z", "2026-10-13T08:00:00-00:30"]
)
def test_usual_instants_are_read_at_a_glance(text):
    seconds, read = instants(block_of(text), 0, Months())

    assert (True, instant(text)) == (read[0], at_micros(int(seconds[0]) * 10**6))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.from_regex(r"[0-9]{0,9}", fullmatch=True) | st.text("0123456789 +-.eé/:٣", max_size=9), min_size=1))
def test_numbers_read_at_a_glance_are_one_to_eight_digits(written):
    numbers, read = whole_numbers(block_of("begin", *written), 0)

    assert [1 <= len(text) <= 8 and text.isascii() and text.isdigit() for text in written] == read[1:].tolist()
    assert [int(text) for text, was_read in zip(written, read[1:], strict=True) if was_read] == numbers[1:][
        read[1:]
    ].tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dates(datetime(2000, 1, 1).date(), datetime(2199, 12, 31).date()), min_size=1, max_size=40))
def test_dates_read_at_a_glance_are_days(days):
    found, read = dates(block_of(*days), 0, Months())

    assert read.all()
    assert days == [datetime(1970, 1, 1).date() + timedelta(days=day) for day in found.tolist()]


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-00-10", "2026-13-10", "2026-10-00", "2026-1-010", "2026-10-1", "2026-10-011"]
)
def test_what_is_no_date_is_not_read(text):
    _, read = dates(block_of(text), 0, Months())

    assert not read[0]


@settings(max_examples=40, deadline=None)
@given(st.sets(st.text(st.characters(min_codepoint=33, exclude_categories=("C", "Z")), min_size=1, max_size=20), min_size=1))
def test_everyone_on_the_roster_is_found_and_nobody_else(numbers):
    roster = from_rows([RosterRow(2, number, Contract(ContractKind.DAY, 1)) for number in numbers])

    assert sorted(numbers) == roster.numbers()
    assert list(range(len(numbers))) == roster.places(roster.names).tolist()
    assert not (roster.places(roster.names + np.uint64(1)) == np.arange(len(numbers))).any()


def test_instant_of_no_zone_says_how_to_write_it():
    with pytest.raises(BadCell, match=r"write it like 2026-10-13T08:00:00\+08:00"):
        instant("2026-10-13T08:00:00")


def test_instants_are_in_the_sites_zone():
    assert datetime(2026, 10, 14, 0, 30, tzinfo=SITE_ZONE) == instant("2026-10-13T16:30:00Z")
