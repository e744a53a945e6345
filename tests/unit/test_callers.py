"""CALLERS: who is known by what, what they may, and how a filter narrows another."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared import callers_text, settings
from shared.api.edge import who
from shared.core.callers import CallerRefused, Credentials, Right, caller_of, whoever
from shared.core.errors import (
    SettingsError,
)
from shared.core.tasks import EVERYTHING, Property, StartFilter, Task

DIGEST, OTHER = "a" * 64, "b" * 64
TASK = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
SPARE = "7d1427f4-b9ad-5812-aed5-9e6da8b9889c"


def line(**said: Any) -> dict[str, Any]:
    return {"name": "reports", "keySha256": DIGEST, "may": ["read"]} | said


def named(**by: str) -> dict[str, Any]:
    return {"name": "".join(by.values())[:60], "may": ["read"], **by}


KNOWN = callers_text.callers(
    json.dumps([named(keySha256=DIGEST), named(entraId="me"), named(entraRole="operators"), named(entraRole="all")])
)


@pytest.mark.parametrize(
    ("shown", "who"),
    [
        (Credentials(key_sha256=DIGEST), 0),
        (Credentials(entra_id="me"), 1),
        (Credentials(entra_id="me", entra_roles=frozenset({"all"})), 1),
        (Credentials(entra_roles=frozenset({"all", "operators"})), 2),
        (Credentials(key_sha256=OTHER, entra_id="you", entra_roles=frozenset({"all"})), 3),
        (Credentials(key_sha256=OTHER), None),
        (Credentials(entra_id="you"), None),
        (Credentials(entra_roles=frozenset({"others"})), None),
        (Credentials(), None),
    ],
)
def test_a_caller_is_the_first_whom_the_credentials_fit(shown: Credentials, who: int | None) -> None:
    if who is not None:
        assert caller_of(KNOWN, shown) is KNOWN[who].caller
        return
    with pytest.raises(CallerRefused):
        caller_of(KNOWN, shown)


def test_where_nobody_is_named_whoever_calls_may_do_everything_and_goes_by_the_begin_of_the_hash() -> None:
    assert whoever(Credentials(key_sha256="0123456789" * 6)).name == "01234567"
    assert whoever(Credentials()).name == ""
    assert all(whoever(Credentials()).may(right) for right in Right)
    assert whoever(Credentials()).tasks.allows_everything


@pytest.mark.parametrize("right", Right)
def test_a_right_is_that_right_alone_but_for_the_administrators(right: Right) -> None:
    [known] = callers_text.callers(json.dumps([line(may=[right.value])]))

    assert {each for each in Right if known.caller.may(each)} == ({*Right} if right is Right.ADMIN else {right})


def test_a_caller_is_read_with_its_tasks() -> None:
    said = line(keySha256=f" {DIGEST.upper()}\n", tasks={"taskIds": [TASK.upper()], "tags": ["a"]})
    [known] = callers_text.callers(json.dumps([said]))

    assert known.key_sha256 == DIGEST
    assert known.caller.tasks == StartFilter(task_ids=frozenset({TASK}), tags=frozenset({"a"}), properties=frozenset())


WRONG = [
    ("", "neither JSON nor the path"),
    ("[", "no JSON"),
    ("[" * 100_000, "no JSON"),
    ('{"name": "a"}', "neither JSON nor the path"),
    (json.dumps([line(name="")]), "[0].name"),
    (json.dumps([line(name="a\nb")]), "[0].name"),
    (json.dumps([line(name="a" * 61)]), "[0].name"),
    (json.dumps([line(may=[])]), "[0].may"),
    (json.dumps([line(may=["reed"])]), "[0].may[0]"),
    (json.dumps([line(may="read")]), "[0].may"),
    (json.dumps([line(task={"tags": ["a"]})]), "[0].task"),
    (json.dumps([line(tasks={"tag": ["a"]})]), "[0].tasks: tag"),
    (json.dumps([line(may=["read", "admin"], tasks={"tags": ["a"]})]), "[0]: admin is a right to everything"),
    (json.dumps([line(tasks={"taskIds": ["a"]})]), "[0].tasks: taskIds: 'a' is no GUID"),
    (json.dumps([line(entraId="me")]), "give just one"),
    (json.dumps([{"name": "a", "may": ["read"]}]), "give just one"),
    (json.dumps([line(entraId="", keySha256=None)]), "[0].entraId"),
    (json.dumps([line(keySha256="the key of the caller itself")]), "[0].keySha256: the SHA-256"),
    (json.dumps([line(), line(keySha256=OTHER)]), "[1]: its name stands in [0]"),
    (json.dumps([line(), line(name="others")]), "[1]: its keySha256, entraId or entraRole stands in [0]"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_what_is_wrong_is_named_and_what_may_be_a_key_is_not_repeated(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"\[0\]|\[1\]|JSON") as raised:
        callers_text.callers(text)

    assert told in str(raised.value)
    assert "of the caller itself" not in str(raised.value)


def test_a_list_in_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "callers.json"
    file.write_text("\ufeff" + json.dumps([line()]), encoding="utf-8")
    assert callers_text.callers(str(file))[0].caller.name == "reports"

    file.write_text(json.dumps([line(name="others")]), encoding="utf-8")
    assert callers_text.callers(str(file))[0].caller.name == "others"

    file.write_text(" " * (callers_text.MOST_BYTES + 1))
    with pytest.raises(ValueError, match="longer than"):
        callers_text.callers(str(file))


BY_ROLE = json.dumps([named(entraRole="r")])


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"ENTRA_IN_FRONT": "true"},
        {"HTTP_AUTH_LEVEL": "ANONYMOUS"},
        {"HTTP_AUTH_LEVEL": "ANONYMOUS", "ENTRA_IN_FRONT": "false"},
        {"HTTP_AUTH_LEVEL": "FUNCTION", "ENTRA_IN_FRONT": "true"},
    ],
)
def test_what_anybody_could_send_names_nobody(others: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="Else anybody could send them"):
        settings.known_callers({"CALLERS": BY_ROLE} | others)
    with pytest.raises(SettingsError, match="Else anybody could send them"):
        settings.load({"QRS_URL": "http://127.0.0.1/qrs", "CALLERS": BY_ROLE} | others)
    assert not settings.is_entra_in_front(others)


def test_behind_the_platforms_authentication_what_it_says_is_believed() -> None:
    behind = {"HTTP_AUTH_LEVEL": "ANONYMOUS", "ENTRA_IN_FRONT": "true", "CALLERS": BY_ROLE}

    assert settings.is_entra_in_front(behind)
    assert settings.known_callers(behind) == callers_text.callers(BY_ROLE)


@pytest.mark.parametrize("environment", [{}, {"CALLERS": ""}])
def test_without_the_setting_nobody_is_named(environment: dict[str, str]) -> None:
    assert settings.known_callers(environment) is None


@pytest.mark.parametrize("text", ["[{}]", "@Microsoft.KeyVault(SecretUri=https://a/secrets/b)", "missing.json"])
def test_a_list_that_cant_be_read_lets_nobody_in(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^CALLERS: "):
        settings.known_callers({"CALLERS": text})


IDS = StartFilter(task_ids=frozenset({TASK}), tags=frozenset(), properties=frozenset())
TAG = StartFilter(task_ids=frozenset(), tags=frozenset({"a", "b"}), properties=frozenset())
PAIR = Property(name="group", value="sales")
PAIRS = StartFilter(task_ids=frozenset(), tags=frozenset(), properties=frozenset({PAIR}))


@pytest.mark.parametrize("one", [EVERYTHING, IDS, TAG, PAIRS, StartFilter(tags=frozenset({"b"}))])
@pytest.mark.parametrize("other", [EVERYTHING, IDS, TAG, PAIRS, IDS.narrowed(TAG)])
def test_a_narrowed_filter_allows_what_both_allow(one: StartFilter, other: StartFilter) -> None:
    both = one.narrowed(other)

    assert both.allows_everything == (one.allows_everything and other.allows_everything)
    for task_id in (TASK, TASK.upper(), SPARE):
        assert both.allows_id(task_id) == (one.allows_id(task_id) and other.allows_id(task_id))
        for tags in ((), ("a",), ("b",), ("c",)):
            assert all(both.allows_tag(tag) == (one.allows_tag(tag) and other.allows_tag(tag)) for tag in tags)
            for pairs in ((), (PAIR,), (Property(name="group", value="other"),)):
                task = Task(id=task_id, name="A", tags=frozenset(tags), properties=frozenset(pairs))
                assert both.allows(task) == (one.allows(task) and other.allows(task))
                assert all(
                    both.allows_property(each) == (one.allows_property(each) and other.allows_property(each))
                    for each in pairs
                )


# --- from where

FORWARDED = {
    "203.0.113.7:51234": "203.0.113.7",
    "203.0.113.7": "203.0.113.7",
    "10.0.0.1, 198.51.100.2:80,203.0.113.7:51234": "203.0.113.7",
    "2001:DB8::7": "2001:db8::7",
    "[2001:db8::7]:51234": "2001:db8::7",
    "[2001:db8::7]": "2001:db8::7",
    "": "",
    "203.0.113.7, ": "",
    "somebody": "",
    "203.0.113.777:80": "",
    '203.0.113.7"}': "",
    "1" * 5000: "",
}


@pytest.mark.parametrize(("header", "address"), FORWARDED.items())
def test_the_address_is_the_last_one_that_the_platform_tells(header: str, address: str) -> None:
    assert who.address_of(header) == address


@pytest.mark.parametrize(
    ("filters", "is_by_ids"),
    [
        (IDS, True),
        (StartFilter(task_ids=frozenset(), tags=frozenset(), properties=frozenset()), True),
        (TAG, False),
        (PAIRS, False),
        (EVERYTHING, False),
        (StartFilter(tags=frozenset()), False),
    ],
)
def test_whether_sense_need_be_asked_is_seen_from_the_filter(filters: StartFilter, *, is_by_ids: bool) -> None:
    assert filters.goes_by_ids_alone is is_by_ids
