"""Settings that would silently open what was meant to be shut."""

import logging

import pytest

from shared import settings
from shared.core.errors import SettingsError
from shared.setting_texts import is_open_to_listeners

SITE = {"QRS_URL": "http://127.0.0.1:4242/qrs"}
TOKEN = "aaaa.bbbb.cccc"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("START_TASK_FILTERS", "START_TASK_FILTER"),
        ("START_TASK_FILTER_", "START_TASK_FILTER"),
        ("QRS_ULR", "QRS_URL"),
        ("QRS_TLS_FINGERPRINTS", "QRS_TLS_FINGERPRINT"),
        ("SCHEDULE_CATCHUP_SECONDS", "SCHEDULE_CATCH_UP_SECONDS"),
        ("RUN_HISTORY_ROW", "RUN_HISTORY_ROWS"),
        ("CALLERS_", "CALLERS"),
        ("QRS_QUITE_ANOTHER_THING", None),
    ],
)
def test_a_setting_that_is_none_is_refused_by_name(name: str, meant: str | None) -> None:
    with pytest.raises(SettingsError) as raised:
        settings.load(SITE | {name: "x"})

    assert raised.value.names == (name,)
    assert f"{name} is no setting of Footman{f'; did you mean {meant}?' if meant else '.'}" in str(raised.value)


def test_settings_of_the_platform_and_of_others_are_not_looked_at() -> None:
    others = dict.fromkeys(("AzureWebJobsStorage", "WEBSITE_NAME", "FUNCTIONS_X", "STORAGE_ACCOUNT", "PATH"), "x")

    assert settings.load(SITE | others) == settings.load(SITE | {"AzureWebJobsStorage": "x"})


@pytest.mark.parametrize("name", ["START_TASK_FILTER", "CALLERS"])
@pytest.mark.parametrize("blank", [" ", "\n", '""', "' '", "\ufeff", "\\n"])
def test_a_blank_is_not_an_absent_one(name: str, blank: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: blank") as raised:
        settings.load(SITE | {name: blank})
    assert raised.value.names == (name,)
    if name == "CALLERS":
        with pytest.raises(SettingsError, match="CALLERS: blank"):
            settings.known_callers({name: blank})


def test_no_character_at_all_is_what_a_template_leaves() -> None:
    empty = settings.load(SITE | {"START_TASK_FILTER": "", "CALLERS": ""})

    assert (empty.start_filter.allows_everything, empty.callers) == (True, None)
    assert settings.known_callers({"CALLERS": ""}) is None


@pytest.mark.parametrize(
    ("url", "is_open"),
    [
        ("http://sense.example.com/jwt/qrs", True),
        ("http://10.0.0.1/jwt/qrs", True),
        ("http://127.0.0.1.example.com/jwt/qrs", True),
        ("http://localhost.example.com/jwt/qrs", True),
        ("http://[::2]/jwt/qrs", True),
        ("https://sense.example.com/jwt/qrs", False),
        ("http://127.0.0.1:8080/jwt/qrs", False),
        ("http://127.1.2.3/jwt/qrs", False),
        ("http://localhost/jwt/qrs", False),
        ("http://[::1]/jwt/qrs", False),
    ],
)
def test_a_token_is_not_sent_where_anybody_can_read_it(url: str, *, is_open: bool) -> None:
    assert is_open_to_listeners(url) is is_open
    for urls in (url, f"https://sense.example.com/jwt/qrs,{url}"):
        given = {"QRS_URL": urls, "QRS_JWT": TOKEN}
        if not is_open:
            assert settings.load(given).jwt
            continue
        with pytest.raises(SettingsError, match="begin each address of QRS_URL with https") as raised:
            settings.load(given)
        assert TOKEN not in str(raised.value)


def test_whatever_level_is_set_for_all_urllib3_logs_no_address() -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    try:
        assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)
    finally:
        root.setLevel(before)
