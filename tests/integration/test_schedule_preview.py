"""GET /v4/schedules/preview over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from sandbox.local_host import LocalHost


def preview(footman: LocalHost, http: requests.Session, **query: str) -> requests.Response:
    usual = {"cronSchedule": "30 2 * * *", "timezone": "Europe/Stockholm", "after": "2026-03-28T00:00:00Z"}
    asked = {name: value for name, value in (usual | query).items() if value}
    return http.get(f"{footman.url}/v4/schedules/preview", params=asked, timeout=30)


def test_it_tells_the_next_instants_in_both_clocks_across_a_change(footman: LocalHost, http: requests.Session) -> None:
    answer = preview(footman, http, count="3")

    assert answer.status_code == 200
    assert answer.json() == {
        "next": [
            {"utc": "2026-03-28T01:30:00Z", "local": "2026-03-28T02:30:00+01:00"},
            {"utc": "2026-03-29T01:00:00Z", "local": "2026-03-29T03:00:00+02:00"},
            {"utc": "2026-03-30T00:30:00Z", "local": "2026-03-30T02:30:00+02:00"},
        ]
    }


def test_five_from_now_on_are_told_when_nothing_else_is_asked(footman: LocalHost, http: requests.Session) -> None:
    told = preview(footman, http, cronSchedule="* * * * *", after="").json()["next"]
    first = datetime.fromisoformat(told[0]["utc"])

    assert len(told) == 5
    assert timedelta(0) < first - datetime.now(UTC) + timedelta(seconds=2) <= timedelta(seconds=62)


def test_an_instant_may_carry_an_offset(footman: LocalHost, http: requests.Session) -> None:
    url = f"{footman.url}/v4/schedules/preview?cronSchedule=0+*+*+*+*&timezone=UTC&count=1&after="

    for offset in ("%2B01:00", "+01:00"):
        answer = http.get(f"{url}2026-11-22T06:00:00{offset}", timeout=30)
        assert answer.json()["next"][0]["utc"] == "2026-11-22T06:00:00Z"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"cronSchedule": ""}, "cronSchedule is missing"),
        ({"timezone": ""}, "timezone is missing"),
        ({"cronSchedule": "61 * * * *"}, "minute '61' is no value from 0 to 59"),
        (
            {"cronSchedule": "0 0 30 2 *"},
            "'0 0 30 2 *' is not allowed: the date it names does not come within ten years",
        ),
        ({"timezone": "../../etc/passwd"}, "timezone: '../../etc/passwd' is no IANA time zone"),
        ({"timezone": "W. Europe Standard Time"}, "did you mean 'Europe/Berlin'?"),
        ({"after": "yesterday"}, 'after: "yesterday" is not allowed; use an instant'),
        ({"after": "2026-11-22T06:00:00"}, "use an instant"),
        ({"after": "9999-12-31T00:00:00Z"}, "use an instant"),
        ({"count": "0"}, 'count: "0" is not allowed; use a whole number from 1 to 100'),
        ({"count": "101"}, "from 1 to 100"),
        ({"count": "-1"}, "from 1 to 100"),
        ({"count": "9" * 5000}, "from 1 to 100"),
    ],
)
def test_what_is_wrong_is_named(
    query: dict[str, str], message: str, footman: LocalHost, http: requests.Session
) -> None:
    answer = preview(footman, http, **query)

    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")
    assert message in answer.json()["message"]
