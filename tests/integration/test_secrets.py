"""Secrets, while everything goes wrong: none is in a log, an answer or a stored row, whole or in part."""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, product
from urllib.parse import quote

import pytest
import requests
from azure.data.tables import TableClient

from sandbox import certificates
from sandbox.azurite import ACCOUNT, KEY, Azurite, free_ports
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from shared.core.errors import SettingsError
from shared.settings import Settings, load
from tests.conftest import APP1, Schedules, StartFootman, a_schedule, move_entry

PIECE = 20
STEP = 5
FUNCTION_KEY = "FUNCTIONKEYOFTHETESTSTHATNOBODYMAYEVERREAD0123456789"
_MARKED = base64.b64encode(b"A marked key that is no key at all. " * 9).decode()
MARKED_KEY = f"-----BEGIN PRIVATE KEY-----\n{_MARKED}\n-----END PRIVATE KEY-----"
STORAGE_KEY = base64.b64encode(b"A marked key to storage, wrong in length or not; 64 bytes of it..").decode()
START = f"/v4/reloadtask/{APP1}/start"
ASKED: list[tuple[str, str, object]] = [
    ("PUT", START, []),
    ("PUT", f"{START}?includeExecutionId=true", [{"type": "starttasktag", "payload": {"tag": "tag 2"}}]),
    ("PUT", START, [{"type": "keyvaluestore", "payload": {"namespace": "n", "key": "k", "value": "v"}}]),
    ("GET", "/v4/checks", None),
    ("GET", "/v4/schedules", None),
    ("POST", "/v4/schedules", a_schedule()),
    ("PUT", "/v4/schedules/startall", None),
    ("GET", "/v4/schedules/status", None),
    ("GET", "/v4/keyvaluesnamespaces", None),
    ("GET", "/v4/openapi.json", None),
    ("GET", "/nowhere", None),
    ("PUT", START, "no list"),
    ("POST", "/admin/functions/tick", {}),
    ("POST", "/admin/functions/daily", {}),
]

# What meets storage, Sense and the settings each in its way.
FEW = [ASKED[0], ASKED[2], ASKED[3], ASKED[5]]


@dataclass(frozen=True, kw_only=True)
class Heard:
    """All that could be read: the answers, and the hosts whose logs are read at the end."""

    http: requests.Session
    answers: list[str] = field(default_factory=list)
    hosts: list[LocalHost] = field(default_factory=list)

    def ask(self, footman: LocalHost, asked: Sequence[tuple[str, str, object]]) -> set[int]:
        """Ask and return the statuses."""
        if footman not in self.hosts:
            self.hosts.append(footman)
        with ThreadPoolExecutor(len(asked)) as threads:
            return set(threads.map(lambda one: self._ask(footman, *one), asked))

    def _ask(self, footman: LocalHost, method: str, path: str, body: object) -> int:
        headers = {"x-functions-key": FUNCTION_KEY}
        answer = self.http.request(method, footman.url + path, json=body, headers=headers, timeout=30)
        self.answers.append(f"{answer.headers}\n{answer.text}")
        return answer.status_code

    @property
    def text(self) -> str:
        return "\n".join([*self.answers, *(host.stderr_text() for host in self.hosts)])


def pieces(secret: str) -> set[str]:
    """Return what of a secret tells it: texts of its lines, in every form that it takes in a log or an answer."""
    lines = [line for line in re.split(r"\\n|\s+", secret) if "-----" not in line]
    return {line[at : at + PIECE] for line in lines for at in range(0, len(line) - PIECE + 1, STEP)}


def told(secret: str, text: str) -> list[str]:
    """Return the pieces of a secret that stand in a text, be it broken into lines or escaped."""
    joined = re.sub(r"\\+n|\\+r|\s+", "", text)
    return sorted(piece for piece in pieces(secret) if piece in text or piece in joined)


@pytest.fixture(scope="module")
def faulty(azurite: Azurite) -> Iterator[FaultyStorage]:
    with start_faulty_storage(azurite.connection) as faulty:
        yield faulty


@pytest.fixture
def heard(http: requests.Session) -> Heard:
    return Heard(http=http)


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """By what they are."""

    client_key: str
    token: str

    def all(self) -> dict[str, str]:
        return {
            "client key": self.client_key,
            "token": self.token,
            "marked key": MARKED_KEY,
            "storage key": KEY,
            "marked storage key": STORAGE_KEY,
            "function key": FUNCTION_KEY,
        }


@pytest.fixture
def secrets(sense: StandIn) -> Secrets:
    return Secrets(
        client_key=(sense.certificates / "client_key.pem").read_text(),
        token=certificates.bearer_token(sense.certificates),
    )


def assert_nothing_is_told(heard: Heard, secrets: Secrets, table: TableClient) -> None:
    rows = "\n".join(json.dumps(row, default=str) for row in table.list_entities())
    text = f"{heard.text}\n{rows}"
    assert {name: found for name, secret in secrets.all().items() if (found := told(secret, text))} == {}


def inline(sense: StandIn) -> dict[str, str]:
    """Return the settings with the texts of the certificates in them, as Key Vault gives them."""
    texts = {name: (sense.certificates / f"{name}.pem").read_text() for name in ("client", "client_key", "root")}
    return {
        "QRS_CLIENT_CERTIFICATE": texts["client"],
        "QRS_CLIENT_KEY": texts["client_key"].replace("\n", "\\n"),
        "QRS_ROOT_CERTIFICATE": texts["root"],
        "QRS_TIMEOUT_SECONDS": "1",
    }


def test_the_search_finds_what_is_there(secrets: Secrets) -> None:
    for secret in secrets.all().values():
        assert len(pieces(secret)) >= 4
        assert told(secret, f"error: {secret[-60:]!r}")
        assert told(secret, json.dumps({"a": secret}))
    assert told(KEY, "Nothing of it.") == []


FAULTS: list[dict[str, object]] = [
    {"kind": "refuse"},
    {"kind": "reset"},
    {"kind": "resetAfter"},
    {"kind": "hang"},
    {"kind": "truncate"},
    {"kind": "html"},
    {"kind": "status", "status": 200, "body": "no json"},
    {"kind": "status", "status": 302},
    {"kind": "status", "status": 400, "body": "Bad"},
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 403, "body": "XSRF prevention check failed."},
    {"kind": "status", "status": 500},
]


def test_nothing_is_told_while_sense_fails(
    start_footman: StartFootman, sense: StandIn, table: TableClient, secrets: Secrets, heard: Heard
) -> None:
    by_certificate = start_footman(inline(sense), key=FUNCTION_KEY)
    by_token = start_footman(
        {"QRS_URL": f"{sense.proxy}", "QRS_JWT": secrets.token, "QRS_TIMEOUT_SECONDS": "1"}, key=FUNCTION_KEY
    )
    statuses = heard.ask(by_certificate, ASKED) | heard.ask(by_token, FEW)
    assert {200, 201, 202, 400, 404} <= statuses
    hosts = (by_certificate, by_token)
    for fault in FAULTS:
        sense.fault(**fault)  # type: ignore[arg-type]
        with ThreadPoolExecutor(2) as threads:
            statuses |= set().union(*threads.map(lambda footman: heard.ask(footman, FEW[:1]), hosts))
        sense.no_faults()

    assert {502, 503} <= statuses
    assert_nothing_is_told(heard, secrets, table)


def test_nothing_is_told_while_storage_fails(
    start_footman: StartFootman,
    sense: StandIn,
    faulty: FaultyStorage,
    table: TableClient,
    secrets: Secrets,
    heard: Heard,
) -> None:
    [port] = free_ports(1)
    endpoint = f"TableEndpoint=http://127.0.0.1:{port}/{ACCOUNT}"
    broken = start_footman({**inline(sense), "STORAGE_CONNECTION": faulty.connection}, key=FUNCTION_KEY)
    assert 200 in heard.ask(broken, ASKED)
    for kind in ("refuse", "busy", "cut"):
        faulty.fault(kind, count=3)
        heard.ask(broken, FEW)
        faulty.no_faults()
    for connection in (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{endpoint};",
        faulty.connection.replace(KEY, STORAGE_KEY),
        STORAGE_KEY,
    ):
        away = start_footman({**inline(sense), "STORAGE_CONNECTION": connection}, key=FUNCTION_KEY)
        assert heard.ask(away, FEW) & {500, 503}

    assert_nothing_is_told(heard, secrets, table)


Wrong = Callable[[StandIn, Secrets], dict[str, str]]
# A secret in a setting where none belongs, cut short, or spoilt.
WRONG: dict[str, Wrong] = {
    "a foreign root": lambda sense, _: {
        "QRS_ROOT_CERTIFICATE": certificates.foreign(sense.certificates).root.read_text()
    },
    "a key for the certificate": lambda _, secrets: {"QRS_CLIENT_CERTIFICATE": secrets.client_key},
    "a key that is none": lambda *_: {"QRS_CLIENT_KEY": MARKED_KEY},
    "another's key": lambda sense, _: {"QRS_CLIENT_KEY": (sense.certificates / "jwt_key.pem").read_text()},
    "a token Sense does not know": lambda sense, secrets: {"QRS_URL": sense.proxy, "QRS_JWT": secrets.token[:-9]},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_nothing_is_told_of_a_wrong_setting(
    wrong: Wrong, start_footman: StartFootman, sense: StandIn, table: TableClient, secrets: Secrets, heard: Heard
) -> None:
    statuses = heard.ask(start_footman({**inline(sense), **wrong(sense, secrets)}, key=FUNCTION_KEY), FEW)

    assert statuses & {500, 502, 503}
    assert_nothing_is_told(heard, secrets, table)


NAMES = [field.alias for field in Settings.model_fields.values() if field.alias]


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_that_stands_in_a_setting_for_something_else_is_told(name: str, secrets: Secrets) -> None:
    for secret in [*secrets.all().values(), MARKED_KEY.partition("\n")[2], MARKED_KEY.rpartition("\n")[0]]:
        in_an_address = [f"https://sense:{secret}/qrs", f"https://[{secret}]/qrs"]
        for value in (secret, json.dumps({"taskIds": [secret]}), json.dumps({secret: []}), *in_an_address):
            assert told(secret, complaint({"QRS_URL": "http://127.0.0.1/qrs", name: value})) == []


def complaint(environment: dict[str, str]) -> str:
    """Return what is said of settings, nothing where they are right."""
    try:
        load(environment)
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("names", [["QRS_TIMEOUT_SECONDS", "QRS_URL"], ["QRS_TLS_SERVER_NAME", "QRS_USER_ID"]])
def test_nor_is_it_by_a_host(
    names: list[str],
    start_footman: StartFootman,
    sense: StandIn,
    table: TableClient,
    secrets: Secrets,
    heard: Heard,
) -> None:
    footman = start_footman({**inline(sense), **dict.fromkeys(names, STORAGE_KEY)}, key=FUNCTION_KEY)

    assert heard.ask(footman, FEW) & {500, 502, 503}
    assert_nothing_is_told(heard, secrets, table)


SESSION = "4f7d3b1c-9a0e-4d55-8c1b-7e2f6a90d3b8"
STATUSES = (200, 201, 302, 400, 403, 408, 429, 500, 503)
FORMS: dict[str, Callable[[str], str]] = {
    "whole": str,
    "its first 120 characters": lambda secret: secret[:120],
    "in lines": lambda secret: "\r\n ".join(secret[at : at + 18] for at in range(0, len(secret), 18)),
    "percent-encoded": lambda secret: quote(secret, safe="").replace(".", "%2E").replace("-", "%2D"),
    "with escaped dots": lambda secret: secret.replace(".", "\\u002e"),
    "base64": lambda secret: base64.b64encode(f"Bearer {secret}".encode()).decode(),
    "in upper case": str.upper,
    "as the id of an execution": lambda secret: json.dumps({"value": secret}),
}


@contextmanager
def gateway(token: str) -> Iterator[str]:
    """Answer as Sense does, but to starts with each status in turn, and with what it was sent in each form."""
    answers = cycle(product(STATUSES, FORMS.values()))
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(200, json.dumps([{"id": APP1, "name": "Reload"}]))

        def do_POST(self) -> None:
            with turn:
                status, form = next(answers)
            key = self.headers["X-Qlik-Xrfkey"]
            is_value = form is FORMS["as the id of an execution"]
            self.answer(status, form(SESSION) if is_value else " ".join(map(form, (SESSION, token, key, SESSION))))

        def answer(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Set-Cookie", f"X-Qlik-Session-jwt={SESSION}; Path=/; HttpOnly")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/jwt/qrs"
        server.shutdown()


def test_what_a_gateway_echoes_is_told_nowhere(
    start_footman: StartFootman, table: TableClient, secrets: Secrets, heard: Heard
) -> None:
    with gateway(secrets.token) as url, requests.Session() as http:
        footman = start_footman({"QRS_URL": url, "QRS_JWT": secrets.token}, key=FUNCTION_KEY)
        for _ in STATUSES:
            heard.ask(footman, [("PUT", f"{START}?includeExecutionId=true", [])] * len(FORMS))
        http.trust_env = False
        http.headers["x-functions-key"] = FUNCTION_KEY
        # A tick starts them all, and meets each answer too.
        schedules = Schedules(footman=footman, http=http, table=table)
        for _ in product(STATUSES, FORMS):
            made = schedules.made(cronSchedule="* * * * *")
            move_entry(table, made["id"], datetime.now(UTC).replace(second=0, microsecond=0))
        heard.ask(footman, [("POST", "/admin/functions/tick", {})])
        wait_for(lambda: '"action": "tick_ended"' in footman.stderr_text())
        heard.ask(footman, [("GET", "/v4/schedules", None), ("GET", "/v4/schedules/status", None)])

    rows = "\n".join(json.dumps(row, default=str) for row in table.list_entities())
    echoed = {"token": secrets.token, "session": SESSION}
    for place, text in {"answer": "\n".join(heard.answers), "log": footman.stderr_text(), "row": rows}.items():
        # Where nothing is told, something was to be told.
        assert text.count("[session]") > 3, place
        for (name, secret), (form, written) in product(echoed.items(), FORMS.items()):
            assert told(written(secret), text) == [], (place, name, form)
    assert_nothing_is_told(heard, secrets, table)


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
