import zoneinfo
from datetime import datetime

import pytest

from shared.core.errors import CallerError
from shared.core.zones import Zone

FOR_INSTANCE = ", for instance 'Europe/Stockholm' or 'UTC'."


def at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("", FOR_INSTANCE),
        ("../../etc/passwd", FOR_INSTANCE),
        ("nowhere", FOR_INSTANCE),
        ("Europa/Zentral", FOR_INSTANCE),  # Europe/Tiraspol is the nearest, and not near
        ("localtime", FOR_INSTANCE),
        # near in letters to offsets of half a day more, or of the other sign
        ("UTC+1", FOR_INSTANCE),
        ("GMT+1", FOR_INSTANCE),
        ("Etc/GMT1", FOR_INSTANCE),
        ("UTC+13", "; did you mean 'Etc/GMT-13'?"),
        ("W. Europe Standard Time", "; did you mean 'Europe/Berlin'?"),
        ("europe/stockholm", "; did you mean 'Europe/Stockholm'?"),
        ("Europe/Stokholm", "; did you mean 'Europe/Stockholm'?"),
    ],
)
def test_an_unknown_zone_is_refused_with_what_was_meant(name: str, hint: str) -> None:
    with pytest.raises(CallerError) as caught:
        Zone.parse(name)

    assert str(caught.value) == f"timezone: {name!r} is no IANA time zone{hint}"


def test_of_a_long_name_the_begin_is_told() -> None:
    with pytest.raises(CallerError) as caught:
        Zone.parse("x" * 10_000)

    assert str(caught.value) == f"timezone: '{'x' * 60}' is no IANA time zone{FOR_INSTANCE}"


@pytest.mark.parametrize("name", ["UTC", "Europe/Stockholm", "Asia/Kolkata", "Etc/GMT+2", "America/Argentina/Ushuaia"])
def test_an_iana_zone_is_accepted(name: str) -> None:
    assert Zone.parse(name).name == name


def test_what_the_operating_system_knows_of_zones_does_not_count() -> None:
    Zone.parse("UTC")

    assert zoneinfo.TZPATH == ()


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("UTC", "2026-07-01T12:00:00+00:00"),
        ("Europe/Stockholm", "2026-07-01T14:00:00+02:00"),
        ("Asia/Kolkata", "2026-07-01T17:30:00+05:30"),
    ],
)
def test_an_instant_is_told_as_the_zones_clocks_show_it(zone: str, local: str) -> None:
    assert Zone.parse(zone).local(datetime.fromisoformat("2026-07-01T12:00:00Z")).isoformat() == local


@pytest.mark.parametrize(
    ("zone", "instant", "last", "following"),
    [
        ("UTC", "2026-07-01T00:00:00Z", None, None),
        ("Europe/Stockholm", "2026-01-01T00:00:00Z", "2025-10-26T01:00:00Z", "2026-03-29T01:00:00Z"),
        ("Europe/Stockholm", "2026-03-29T00:59:59.999Z", "2025-10-26T01:00:00Z", "2026-03-29T01:00:00Z"),
        ("Europe/Stockholm", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"),
        ("Europe/Stockholm", "2026-07-01T00:00:00Z", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"),
        ("Europe/Stockholm", "2026-10-25T01:00:00Z", "2026-10-25T01:00:00Z", "2027-03-28T01:00:00Z"),
        # In the first hours of a year, and in the last.
        ("Africa/Sao_Tome", "2018-01-01T00:59:59Z", None, "2018-01-01T01:00:00Z"),
        ("Africa/Sao_Tome", "2018-01-01T01:00:00Z", "2018-01-01T01:00:00Z", "2019-01-01T01:00:00Z"),
        ("Asia/Kathmandu", "1986-01-01T00:00:00Z", "1985-12-31T18:30:00Z", None),
        # Not on a full minute, on an odd second, and not for years.
        ("Africa/Monrovia", "1972-01-01T00:00:00Z", None, "1972-01-07T00:44:30Z"),
        ("Europe/Paris", "1911-03-10T23:50:38Z", None, "1911-03-10T23:50:39Z"),
        ("Asia/Pyongyang", "2015-09-01T00:00:00Z", "2015-08-14T15:00:00Z", "2018-05-04T15:00:00Z"),
    ],
)
def test_a_change_of_clocks_is_found_to_the_second(
    zone: str, instant: str, last: str | None, following: str | None
) -> None:
    moment = datetime.fromisoformat(instant)

    assert Zone.parse(zone).change_before(moment) == at(last)
    assert Zone.parse(zone).change_after(moment) == at(following)
