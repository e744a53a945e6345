"""Butler's reading of cron, held to what its library gave; and its translation, held to the reading."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from client.butler_cron import ButlerCron, ButlerRefused
from client.translation import differences, translated
from shared.core.cron import Cron, due_after
from shared.core.zones import Zone

RECORDED = json.loads((Path(__file__).parent / "butler-cron.json").read_text(encoding="utf-8"))
AFTER, UNTIL = (datetime.fromisoformat(RECORDED[name]) for name in ("after", "until"))
SECOND = timedelta(seconds=1)
CASES = [
    pytest.param(Zone.parse(zone), case, id=f"{zone} {case['expression']}")
    for zone, cases in RECORDED["zones"].items()
    for case in cases
]


def of_butler(butler: ButlerCron, zone: Zone) -> list[datetime]:
    return list(butler.due_between(zone, AFTER + SECOND, UNTIL + SECOND))


def of_footman(cron: Cron, zone: Zone) -> list[datetime]:
    found = []
    for instant in due_after(cron, zone, AFTER):
        if instant > UNTIL:
            break
        found.append(instant)
    return found


@pytest.mark.parametrize(("zone", "case"), CASES)
def test_a_year_is_read_as_butlers_library_read_it(zone: Zone, case: dict[str, Any]) -> None:
    due = of_butler(ButlerCron.parse(case["expression"]), zone)

    assert [f"{instant:%Y-%m-%dT%H:%M:%SZ}" for instant in due[:3]] == case["first"]
    assert len(due) == case["count"]
    lines = "\n".join(str(int(instant.timestamp())) for instant in due)
    assert sha256(lines.encode()).hexdigest() == case["sha256"]


@pytest.mark.parametrize("text", RECORDED["refused"])
def test_what_butlers_library_refused_is_refused(text: str) -> None:
    with pytest.raises(ButlerRefused):
        ButlerCron.parse(text)


@pytest.mark.parametrize(("zone", "case"), CASES)
def test_a_translation_is_due_at_the_same_instants_of_a_year_but_where_clocks_change(
    zone: Zone, case: dict[str, Any]
) -> None:
    butler = ButlerCron.parse(case["expression"])
    cron = Cron.parse(translated(case["expression"], butler))

    butlers, footmans = set(of_butler(butler, zone)), set(of_footman(cron, zone))

    told = differences(butler, cron, zone, AFTER)
    assert (tuple(sorted(butlers - footmans)), tuple(sorted(footmans - butlers))) == told
    assert told[0] == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 6 * * 1-5", "0 6 * * 1-5"),
        ("*/5 * * * * *", "*/5 * * * * *"),
        ("0 0 1 0 *", "0 0 1 1 *"),
        ("0 0 1 11 *", "0 0 1 12 *"),
        ("0 0 1 jan *", "0 0 1 jan *"),
        ("0 0 1 0-5 *", "0 0 1 1-6 *"),
        ("0 0 1 */3 *", "0 0 1 */3 *"),
        ("0 0 1 1/3 *", "0 0 1 2,5,8,11 *"),
        ("0 0 1 0-11 *", "0 0 1 * *"),
        ("0 0 1-31 * 1", "0 0 * * 1"),
        ("0 0 * * sat-sun", "0 0 * * 6"),
        ("5-0 * * * *", "5 * * * *"),
        ("0 0-0 * * *", "0 0 * * *"),
        ("0 0 31 1 *", "0 0 2 2 *"),
        ("0 0 31 3,5 *", "0 0 1 4,6 *"),
        ("10/20 * * * *", "10/20 * * * *"),
        ("59/15 * * * *", "59/15 * * * *"),
        ("  0   6  * * *  ", "0 6 * * *"),
        ("0 jan * * *", "0 0 * * *"),
    ],
)
def test_only_the_words_change_that_footman_reads_otherwise(text: str, expected: str) -> None:
    assert translated(text, ButlerCron.parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("0 0 1 1 *", "0 0 1 1 *"), ("0 0 1 12 *", "0 0 1 12 *"), ("0 0 1 dec *", "0 0 1 dec *")]
)
def test_months_that_were_meant_to_count_from_one_stay(text: str, expected: str) -> None:
    assert translated(text, ButlerCron.parse(text, month_base=1)) == expected


def test_a_day_that_its_months_have_not_was_not_meant() -> None:
    with pytest.raises(ButlerRefused, match="no month that it names has such a day"):
        ButlerCron.parse("0 6 31 2 *", month_base=1)


def test_a_month_0_is_none_when_they_count_from_one() -> None:
    with pytest.raises(ButlerRefused, match="outside 1 to 12"):
        ButlerCron.parse("0 0 1 0 *", month_base=1)


@pytest.mark.parametrize(
    ("text", "only_footman"),
    [
        ("30 2 * * *", ["2026-03-29T03:00:00+02:00"]),
        ("*/30 * * * *", ["2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00"]),
        ("0 6 * * *", []),
    ],
)
def test_what_differs_where_clocks_change_is_told(text: str, only_footman: list[str]) -> None:
    zone, butler = Zone.parse("Europe/Stockholm"), ButlerCron.parse(text)

    told = differences(butler, Cron.parse(text), zone, datetime(2026, 1, 1, tzinfo=UTC))

    assert told[0] == ()
    assert [zone.local(instant).isoformat() for instant in told[1]] == only_footman
