from pathlib import Path

import pytest

from shared import settings
from shared.core.errors import SettingsError
from shared.core.tasks import Property, StartFilter
from shared.setting_names import MUST_NOT_BE_BLANK

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nU0VDUkVU\n-----END PRIVATE KEY-----\n"
LOCKED_KEY = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE")
TOKEN = "aaaa.bbbb.SECRET"
FINGERPRINT = "AB:" * 31 + "AB"
SITE = {"QRS_URL": "https://sense.example.com:4242/qrs", "QRS_CLIENT_CERTIFICATE": CERTIFICATE, "QRS_CLIENT_KEY": KEY}
PROXY = {"QRS_URL": "https://sense.example.com/jwt/qrs", "QRS_JWT": TOKEN}


def test_what_is_not_set_has_the_documented_default() -> None:
    loaded = settings.load(SITE)

    assert (loaded.user_directory, loaded.user_id) == ("INTERNAL", "sa_repository")
    assert (loaded.timeout_seconds, loaded.max_connections, loaded.tls_verify) == (30, 16, True)
    assert (loaded.catch_up_seconds, loaded.history_rows, loaded.auth_level) == (3600, 1000, "FUNCTION")
    assert loaded.start_filter == StartFilter()
    assert (loaded.butler_answers, loaded.are_answers_current) == ("seeds", False)


@pytest.mark.parametrize(("text", "is_current"), [("current", True), ("seeds", False), ("", False)])
def test_answers_are_those_of_the_seeds_unless_told_otherwise(text: str, *, is_current: bool) -> None:
    environment = SITE | {"BUTLER_ANSWERS": text}

    assert settings.load(environment).are_answers_current is is_current
    assert settings.are_answers_current(environment) is is_current


@pytest.mark.parametrize("text", ["16", "CURRENT", "true"])
def test_other_answers_than_these_are_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match=rf"BUTLER_ANSWERS \('{text}'\): .*'seeds' or 'current'"):
        settings.load(SITE | {"BUTLER_ANSWERS": text})


def test_an_empty_text_counts_as_not_set() -> None:
    names = {field.alias or "" for field in settings.Settings.model_fields.values()}
    empty = {name: "" if name in MUST_NOT_BE_BLANK else " " for name in names}

    assert settings.load(empty | SITE) == settings.load(SITE)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("https://a:4242/qrs", ("https://a:4242/qrs",)),
        ("https://a:4242/qrs/", ("https://a:4242/qrs",)),
        (" https://a/x/qrs , http://b/QRS ", ("https://a/x/qrs", "http://b/QRS")),
        ("http://127.0.0.1:4242/qrs,https://[::1]/qrs", ("http://127.0.0.1:4242/qrs", "https://[::1]/qrs")),
        ("https://a/qrs;https://b/qrs", ("https://a/qrs", "https://b/qrs")),
        ("https://a/qrs https://b/qrs", ("https://a/qrs", "https://b/qrs")),
        ("https://a/qrs ;\r\n https://b/qrs\n", ("https://a/qrs", "https://b/qrs")),
        ('"https://a/qrs", "https://b/qrs"', ("https://a/qrs", "https://b/qrs")),
    ],
)
def test_base_urls_come_as_a_list_without_their_last_slash(text: str, urls: tuple[str, ...]) -> None:
    assert settings.load(SITE | {"QRS_URL": text}).qrs_urls == urls


@pytest.mark.parametrize("text", [CERTIFICATE, CERTIFICATE.replace("\n", "\\n"), CERTIFICATE.replace("\n", "\r\n")])
def test_pem_text_may_have_real_or_written_line_ends(text: str) -> None:
    loaded = settings.load(SITE | {"QRS_CLIENT_CERTIFICATE": text})

    assert loaded.client_certificate
    assert loaded.client_certificate.split() == CERTIFICATE.split()


def test_pem_may_stand_in_a_file_among_other_lines(tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    file.write_text(f"Bag Attributes: Gösta\n{CERTIFICATE}more\n{CERTIFICATE}", encoding="utf-8")

    assert settings.load(SITE | {"QRS_ROOT_CERTIFICATE": str(file)}).root_certificate == CERTIFICATE * 2


def test_a_fingerprint_may_have_colons() -> None:
    assert settings.load(SITE | {"QRS_TLS_FINGERPRINT": FINGERPRINT}).tls_fingerprint == "ab" * 32


@pytest.mark.parametrize(
    "text",
    [
        f"sha256 Fingerprint={FINGERPRINT}",
        f"SHA256 Fingerprint={FINGERPRINT}\n",
        f"SHA-256 Fingerprint: {FINGERPRINT.lower()}",
        f"SHA256:{FINGERPRINT}",
        f"sha256 {FINGERPRINT}",
        f"Fingerprint={FINGERPRINT}",
        f"\u200e{'ab ' * 32}",
        "AB-" * 31 + "AB",
        f"'{FINGERPRINT}'",
    ],
)
def test_a_fingerprint_is_read_as_tools_print_it(text: str) -> None:
    assert settings.load(SITE | {"QRS_TLS_FINGERPRINT": text}).tls_fingerprint == "ab" * 32


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("sense.example.com", "sense.example.com"),
        ("SENSE1", "SENSE1"),
        ("https://sense.example.com:4242", "sense.example.com"),
        ("https://sense.example.com:4242/qrs/", "sense.example.com"),
        ("sense.example.com:4242", "sense.example.com"),
        ("sense.example.com/qrs", "sense.example.com"),
        ("CN=sense.example.com", "sense.example.com"),
        ("https://[::1]:4242", "::1"),
        ("::1", "::1"),
        ("bücher.example", "bücher.example"),
    ],
)
def test_a_server_name_is_read_out_of_an_address(text: str, name: str) -> None:
    assert settings.load(SITE | {"QRS_TLS_SERVER_NAME": text}).tls_server_name == name


@pytest.mark.parametrize(
    "text",
    [f"Bearer {TOKEN}", f"bearer  {TOKEN}\n", f"Authorization: Bearer {TOKEN}", f'"{TOKEN}"', "aaaa.\nbbbb.\nSECRET"],
)
def test_a_token_is_read_out_of_its_header(text: str) -> None:
    jwt = settings.load(PROXY | {"QRS_JWT": text}).jwt

    assert jwt
    assert jwt.get_secret_value() == TOKEN


ALL = (
    PROXY
    | SITE
    | {
        "QRS_ROOT_CERTIFICATE": CERTIFICATE,
        "QRS_USER_DIRECTORY": "LAB",
        "QRS_USER_ID": "goran",
        "QRS_TLS_SERVER_NAME": "sense",
        "QRS_TLS_FINGERPRINT": FINGERPRINT,
        "QRS_TLS_VERIFY": "false",
        "QRS_TLS_COMMON_NAME": "true",
        "QRS_TIMEOUT_SECONDS": "20",
        "QRS_MAX_CONNECTIONS": "8",
        "START_TASK_FILTER": '{"tags": ["a"]}',
        "CALLERS": '[{"name": "a", "entraRole": "r", "may": ["read"]}]',
        "ENTRA_IN_FRONT": "true",
        "STORAGE_CONNECTION": "AccountKey=a==",
        "STORAGE_TABLE_URL": "https://a.table.core.windows.net",
        "STORAGE_CLIENT_ID": "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b",
        "SCHEDULE_CATCH_UP_SECONDS": "60",
        "RUN_HISTORY_ROWS": "10",
        "DELETED_DAYS": "7",
        "HTTP_METHOD_OVERRIDE": "false",
        "AUDIT_DAYS": "90",
        "BUTLER_ANSWERS": "current",
        "HTTP_AUTH_LEVEL": "ANONYMOUS",
    }
)
AROUND = [
    "{}\n",
    "{}\r\n",
    " {} ",
    "\t{}",
    "\ufeff{}",
    "\u200e{}\u200b",
    '"{}"',
    "'{}'",
    " '{} '\n",
    '"{}\n"',
    '\\"{}\\"',
    "{}\\n",
]


@pytest.mark.parametrize("around", AROUND)
def test_what_stands_around_a_value_is_read_away(around: str) -> None:
    assert ALL.keys() == {field.alias for field in settings.Settings.model_fields.values()}
    assert settings.load({name: around.replace("{}", text) for name, text in ALL.items()}) == settings.load(ALL)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/SECRET/)", "Key Vault"),
        (" @Microsoft.KeyVault(VaultName=vault;SecretName=SECRET)\n", "Key Vault"),
        ('"@microsoft.keyvault(VaultName=vault;SecretName=SECRET)"', "Key Vault"),
        ("@Microsoft.AppConfiguration(Endpoint=https://SECRET.azconfig.io; Key=k)", "App Configuration"),
    ],
)
def test_a_reference_that_azure_did_not_resolve_is_named(name: str, text: str, store: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load(ALL | {name: text})

    assert str(caught.value).startswith(f"{name}: its reference to {store} was not resolved")
    assert "SECRET" not in str(caught.value)
    assert settings.auth_level({"HTTP_AUTH_LEVEL": text}) == "FUNCTION"


def test_a_reference_is_named_with_the_setting_it_really_stands_in() -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load(SITE | {"AzureWebJobsStorage": "@Microsoft.KeyVault(VaultName=vault;SecretName=x)"})

    assert str(caught.value).startswith("STORAGE_CONNECTION (read from AzureWebJobsStorage): its reference")


def test_with_a_token_no_certificate_is_needed() -> None:
    jwt = settings.load(PROXY).jwt

    assert jwt
    assert jwt.get_secret_value() == TOKEN


def test_on_a_plain_port_nothing_else_is_needed() -> None:
    assert settings.load({"QRS_URL": "http://127.0.0.1:4242/qrs"}).client_key is None


def test_a_start_filter_lists_ids_in_lower_case_and_the_rest_as_written() -> None:
    text = (
        '{"taskIds":["ABCDEFAB-0000-4000-8000-000000000000"],"tags":["Tag"],'
        '"customProperties":[{"name":"N","value":"V"}]}'
    )

    assert settings.load(SITE | {"START_TASK_FILTER": text}).start_filter == StartFilter(
        task_ids=frozenset({"abcdefab-0000-4000-8000-000000000000"}),
        tags=frozenset({"Tag"}),
        properties=frozenset({Property(name="N", value="V")}),
    )


def test_a_start_filter_that_lists_nothing_allows_nothing() -> None:
    empty: frozenset[str] = frozenset()

    assert settings.load(SITE | {"START_TASK_FILTER": "{}"}).start_filter == StartFilter(
        task_ids=empty, tags=empty, properties=frozenset()
    )


@pytest.mark.parametrize(
    ("environment", "storage"),
    [
        ({"STORAGE_CONNECTION": "own"}, "own"),
        ({"AzureWebJobsStorage": "host's"}, "host's"),
        ({"STORAGE_CONNECTION": "%OTHER%", "OTHER": "other's"}, "other's"),
        ({}, None),
    ],
)
def test_storage_is_the_hosts_own_unless_another_is_named(environment: dict[str, str], storage: str | None) -> None:
    loaded = settings.load(SITE | environment).storage_connection

    assert (loaded.get_secret_value() if loaded else None) == storage


@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ({}, ["QRS_URL is missing"]),
        (SITE | {"QRS_URL": "sense:4242"}, ["QRS_URL ('sense:4242')", "http(s) address"]),
        (SITE | {"QRS_URL": "https://sense:4242"}, ["QRS_URL", "must end in /qrs"]),
        (SITE | {"QRS_URL": "https://a/qrs,"}, ["QRS_URL", "http(s) address"]),
        (SITE | {"QRS_URL": "https://sense:99999/qrs"}, ["QRS_URL", "range 0-65535"]),
        ({"QRS_URL": "https://a/qrs"}, ["QRS_CLIENT_CERTIFICATE and QRS_CLIENT_KEY are missing", "QRS_JWT"]),
        (SITE | {"QRS_CLIENT_KEY": ""}, ["belong together"]),
        (SITE | {"STORAGE_TABLE_URL": "http://a.table.core.windows.net"}, ["STORAGE_TABLE_URL", "https address"]),
        (SITE | {"STORAGE_TABLE_URL": "https://a/?sig=SECRET"}, ["STORAGE_TABLE_URL: an https address"]),
        (SITE | {"QRS_CLIENT_KEY": LOCKED_KEY}, ["QRS_CLIENT_KEY", "password"]),
        (SITE | {"QRS_CLIENT_KEY": CERTIFICATE}, ["QRS_CLIENT_KEY", "no private key"]),
        (SITE | {"QRS_CLIENT_CERTIFICATE": "/no/such/file.pem"}, ["QRS_CLIENT_CERTIFICATE", "'/no/such/file.pem'"]),
        (SITE | {"QRS_CLIENT_CERTIFICATE": "MIIB"}, ["QRS_CLIENT_CERTIFICATE", "path of a file"]),
        (SITE | {"QRS_URL": "https://me:word@sense/qrs"}, ["QRS_URL: only host, port and path"]),
        (SITE | {"QRS_URL": "https://:word@sense/qrs"}, ["QRS_URL: only host, port and path"]),
        (SITE | {"QRS_URL": "https://sense/qrs?key=word"}, ["QRS_URL: only host, port and path"]),
        (SITE | {"QRS_URL": "https://a..b/qrs"}, ["QRS_URL ('https://a..b/qrs')", "http(s) address"]),
        (SITE | {"QRS_URL": f"https://{'a' * 64}/qrs"}, ["QRS_URL", "http(s) address"]),
        (SITE | {"QRS_URL": "https://*.b/qrs"}, ["QRS_URL", "http(s) address"]),
        (SITE | {"QRS_CLIENT_CERTIFICATE": "-----BEGIN CERTIFICATE-----"}, ["no PEM block"]),
        (PROXY | {"QRS_JWT": "Bearer x"}, ["QRS_JWT", "three parts"]),
        (SITE | {"QRS_TLS_FINGERPRINT": "ab:cd"}, ["QRS_TLS_FINGERPRINT ('ab:cd')", "64 hexadecimal"]),
        (
            SITE | {"QRS_TLS_FINGERPRINT": "AB:" * 19 + "AB"},
            ["a SHA-1 fingerprint, as Windows shows", "(40 digits)", "64 hexadecimal"],
        ),
        (SITE | {"QRS_TLS_FINGERPRINT": "SHA1 Fingerprint=" + "AB:" * 19 + "AB"}, ["a SHA-1 fingerprint"]),
        (SITE | {"QRS_TLS_FINGERPRINT": "ab" * 16}, ["an MD5 fingerprint"]),
        (SITE | {"QRS_TLS_SERVER_NAME": "https://"}, ["QRS_TLS_SERVER_NAME", "the name alone"]),
        (SITE | {"QRS_TLS_SERVER_NAME": "one, two"}, ["QRS_TLS_SERVER_NAME ('one, two')", "the name alone"]),
        (SITE | {"QRS_TLS_SERVER_NAME": "http://[a"}, ["QRS_TLS_SERVER_NAME"]),
        (SITE | {"QRS_TLS_VERIFY": "perhaps"}, ["QRS_TLS_VERIFY ('perhaps')"]),
        (SITE | {"QRS_TIMEOUT_SECONDS": "0"}, ["QRS_TIMEOUT_SECONDS ('0')", "greater than or equal to 1"]),
        (SITE | {"QRS_MAX_CONNECTIONS": "many"}, ["QRS_MAX_CONNECTIONS ('many')", "integer"]),
        (SITE | {"HTTP_AUTH_LEVEL": "anonymous"}, ["HTTP_AUTH_LEVEL ('anonymous')", "'FUNCTION' or 'ANONYMOUS'"]),
        (SITE | {"START_TASK_FILTER": "[]"}, ["START_TASK_FILTER"]),
        (SITE | {"START_TASK_FILTER": "{nope"}, ["START_TASK_FILTER"]),
        (SITE | {"START_TASK_FILTER": '{"taskIDs":[]}'}, ["START_TASK_FILTER", "taskIDs"]),
        (SITE | {"START_TASK_FILTER": '{"taskIds":["abc"]}'}, ["START_TASK_FILTER", "'abc' is no GUID"]),
        (SITE | {"START_TASK_FILTER": '{"tags":"a"}'}, ["START_TASK_FILTER", "tags"]),
        ({"QRS_TIMEOUT_SECONDS": "x", "QRS_JWT": "y"}, ["QRS_URL", "QRS_TIMEOUT_SECONDS", "QRS_JWT"]),
    ],
)
def test_an_error_names_every_bad_setting(environment: dict[str, str], parts: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load(environment)

    assert [part for part in parts if part not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        (SITE | {"BUTLER_ANSWERS": "old"}, ["BUTLER_ANSWERS"]),
        (PROXY | {"QRS_URL": "https://who@sense.example.com/qrs"}, ["QRS_URL"]),
        (SITE | PROXY | {"HTTP_AUTH_LEVEL": "QRS_JWT"}, ["HTTP_AUTH_LEVEL"]),
        ({"QRS_URL": "https://sense.example.com/qrs"}, ["QRS_CLIENT_CERTIFICATE", "QRS_CLIENT_KEY", "QRS_JWT"]),
        ({"QRS_TIMEOUT_SECONDS": "x", "QRS_JWT": "y"}, ["QRS_URL", "QRS_JWT", "QRS_TIMEOUT_SECONDS"]),
    ],
)
def test_an_error_keeps_the_names_of_the_bad_settings_and_of_no_other(
    environment: dict[str, str], names: list[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load(environment)

    assert list(caught.value.names) == names


@pytest.mark.parametrize(
    "name", ["QRS_CLIENT_CERTIFICATE", "QRS_CLIENT_KEY", "QRS_ROOT_CERTIFICATE", "QRS_JWT", "STORAGE_CONNECTION"]
)
def test_a_secret_shows_neither_in_an_error_nor_in_the_value(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load({name: "SECRET text"})

    assert "SECRET" not in str(caught.value)
    loaded = settings.load(SITE | PROXY | {"STORAGE_CONNECTION": "AccountKey=SECRET"})
    assert "SECRET" not in repr(loaded)
    assert "U0VDUkVU" not in repr(loaded)


@pytest.mark.parametrize(
    ("text", "level"),
    [("", "FUNCTION"), ("ANONYMOUS", "ANONYMOUS"), ("FUNCTION", "FUNCTION"), ("anonymous", "FUNCTION")]
    + [(around.replace("{}", "ANONYMOUS"), "ANONYMOUS") for around in AROUND]
    + [(text, "FUNCTION") for text in ("ANONYMOUS ANONYMOUS", "ANONYMOUS,", '"ANONYMOUS', '"', "NOT ANONYMOUS", "{}")],
)
def test_at_import_anything_but_a_clear_anonymous_asks_for_a_key(text: str, level: str) -> None:
    assert settings.auth_level({"HTTP_AUTH_LEVEL": text} if text else {}) == level
