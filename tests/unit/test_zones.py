import random
import re
import zoneinfo
from datetime import UTC, datetime
from importlib import resources

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
        # Upper case and separators.
        ("utc", "; did you mean 'UTC'?"),
        ("America/New York", "; did you mean 'America/New_York'?"),
        ("america-new-york", "; did you mean 'America/New_York'?"),
        ("Asia/HongKong", "; did you mean 'Asia/Hong_Kong'?"),
        (" Europe/Malta ", "; did you mean 'Europe/Malta'?"),
        ("W Europe Standard Time", "; did you mean 'Europe/Berlin'?"),
        ("UTC-02", "; did you mean 'Etc/GMT+2'?"),
        # One letter is missing, too many, wrong or in the wrong place.
        ("Asia/Calcuta", "; did you mean 'Asia/Calcutta'?"),
        ("Asia/Kolkatta", "; did you mean 'Asia/Kolkata'?"),
        ("America/São_Paulo", "; did you mean 'America/Sao_Paulo'?"),
        ("Asia/Tokio", "; did you mean 'Asia/Tokyo'?"),
        ("Europe/Parsi", "; did you mean 'Europe/Paris'?"),
        ("Europa/Stockholm", "; did you mean 'Europe/Stockholm'?"),
        ("Amercia/New_York", "; did you mean 'America/New_York'?"),
        ("Asia/Chengdu", FOR_INSTANCE),
        ("America/Manaua", FOR_INSTANCE),  # Managua or Manaus
        ("Europe/Stckhlm", FOR_INSTANCE),
        # Offsets: near in letters is far in hours.
        ("GMT+2", FOR_INSTANCE),
        ("UTC-2", FOR_INSTANCE),
        ("UTC+1:2", FOR_INSTANCE),
        ("UTC+02:00", FOR_INSTANCE),
        ("+02:00", FOR_INSTANCE),
        ("Etc/GMT+15", FOR_INSTANCE),
        ("Etc/GMT-1x", FOR_INSTANCE),
        ("Etc/GMT\N{MINUS SIGN}5", FOR_INSTANCE),
        ("Etc/GMT+\N{FULLWIDTH DIGIT FIVE}", FOR_INSTANCE),
        ("Z. Europe Standard Time", FOR_INSTANCE),
        *(
            (name, f"; an abbreviation does not say which place's clocks are meant{FOR_INSTANCE}")
            for name in ("CEST", "EDT", "PST", "IST", "MESZ")
        ),
    ],
)
def test_an_unknown_zone_is_refused_with_what_was_meant(name: str, hint: str) -> None:
    with pytest.raises(CallerError) as caught:
        Zone.parse(name)

    assert str(caught.value) == f"timezone: {name!r} is no IANA time zone{hint}"


def suggested(name: str) -> Zone | None:
    """Return the zone that is suggested for a name, None for none."""
    with pytest.raises(CallerError) as caught:
        Zone.parse(name)
    found = re.search(r"did you mean '(.+)'", str(caught.value))
    return Zone.parse(found[1]) if found else None


def hours(zone: Zone) -> tuple[float, float]:
    """Return the offsets of a zone in winter and in summer."""
    winter, summer = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 7))
    return zone.offset(winter).total_seconds() / 3600, zone.offset(summer).total_seconds() / 3600


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        *(("Asia/Hanoi", 7), ("Asia/Mumbai", 5.5), ("Asia/Delhi", 5.5), ("Asia/Goa", 5.5), ("Asia/Pune", 5.5)),
        *(("Asia/Osaka", 9), ("Asia/Kobe", 9), ("Asia/Beijing", 8), ("Asia/China", 8), ("Asia/Bali", 8)),
        *(("Asia/Medan", 7), ("Asia/Islamabad", 5), ("Asia/Lahore", 5), ("Asia/Basra", 3), ("Asia/Jeddah", 3)),
        *(("Asia/Ankara", 3), ("Asia/Izmir", 3), ("Asia/Aleppo", 3), ("Asia/Abu_Dhabi", 4), ("Asia/Busan", 9)),
        *(("Africa/Goma", 2), ("Africa/Harar", 3), ("Africa/Ruanda", 2), ("Africa/Abuja", 1), ("Africa/Lusaka_", 2)),
        *(("America/Granada", -6), ("America/Rosarito", -8), ("America/Monterey", -8), ("America/Cordova", -9)),
        *(("America/Boston", -5), ("America/Dallas", -6), ("America/Seattle", -8), ("America/Quito", -5)),
        *(("America/Brasilia", -3), ("America/Salvador", -3), ("America/Ottawa", -5), ("America/Calgary", -7)),
        *(("Europe/Yalta", 3), ("Europe/Lublin", 1), ("Europe/Milan", 1), ("Europe/Porto", 0), ("Europe/Lyon", 1)),
        *(("Europe/Bern", 1), ("Europe/Hamburg", 1), ("Europe/Cork", 0), ("Europe/Kazan", 3), ("Europe/Seville", 1)),
        *(("Pacific/Suva", 12), ("Pacific/Hawaii", -10), ("Australia/Cairns", 10), ("Australia/Alice_Springs", 9.5)),
    ],
)  # fmt: skip
def test_for_a_place_without_a_zone_none_of_another_offset_is_suggested(name: str, offset: float) -> None:
    zone = suggested(name)

    assert zone is None or hours(zone)[0] == offset


@pytest.mark.no_cover
def test_for_a_misspelt_zone_none_of_another_offset_is_suggested() -> None:
    chance = random.Random(7)
    known = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    for name in chance.sample([name for name in known if "/" in name and name[-1].isalpha()], 100):
        at = chance.randrange(name.rindex("/") + 2, len(name))
        mistaken = name[:at] + chance.choice(["", "x", name[at] * 2]) + name[at + 1 :]
        zone = suggested(mistaken)

        assert zone is None or hours(zone) == hours(Zone.parse(name)), mistaken


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
