"""GET /v4/openapi.json and /documentation over HTTP: what a browser may keep, and what it must not do."""

import gzip
from hashlib import sha256

import pytest
import requests

from sandbox.local_host import LocalHost
from shared.api.documentation.files import FILES
from tests.conftest import StartFootman

PARTS = [
    ("/v4/openapi.json", "application/json; charset=utf-8", '"openapi": "3.1.0"'),
    ("/documentation", "text/html; charset=utf-8", "<title>Footman</title>"),
    ("/documentation/page.js", "text/javascript; charset=utf-8", "SwaggerUIBundle({"),
    ("/documentation/page.css", "text/css; charset=utf-8", ".swagger-ui"),
    ("/documentation/swagger-ui-bundle.js", "text/javascript; charset=utf-8", "SwaggerUIBundle"),
    ("/documentation/swagger-ui.css", "text/css; charset=utf-8", ".swagger-ui"),
]
FOR_EVER = {name: file for name, file in FILES.items() if file.never_changes}
KEY = "a key that only tests know"
EACH = pytest.mark.parametrize(("path", "content_type", "content"), PARTS, ids=[part[0] for part in PARTS])


@pytest.fixture(scope="module")
def keyed(start_footman: StartFootman) -> LocalHost:
    return start_footman({}, key=KEY)


@EACH
def test_a_part_is_kept_by_its_etag(
    path: str, content_type: str, content: str, footman: LocalHost, http: requests.Session
) -> None:
    first = http.get(f"{footman.url}{path}", timeout=10)
    tag = first.headers["ETag"]
    again = http.get(f"{footman.url}{path}", headers={"If-None-Match": tag}, timeout=10)
    weakened = http.get(f"{footman.url}{path}", headers={"If-None-Match": f'"other", W/{tag}'}, timeout=10)
    changed = http.get(f"{footman.url}{path}", headers={"If-None-Match": '"an older one"'}, timeout=10)

    assert (first.status_code, first.headers["Content-Type"]) == (200, content_type)
    assert content in first.content.decode("utf-8")
    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert weakened.status_code == 304
    assert again.headers["Content-Type"] == content_type
    assert http.head(f"{footman.url}{path}", headers={"If-None-Match": "*"}, timeout=10).status_code == 304
    assert (changed.status_code, changed.content) == (200, first.content)


@pytest.mark.parametrize("name", FOR_EVER)
def test_what_never_changes_is_kept_for_ever_and_sent_compressed(
    name: str, footman: LocalHost, http: requests.Session
) -> None:
    address = f"{footman.url}/documentation/{name}"
    packed, plain = (
        http.get(address, headers={"Accept-Encoding": coding}, timeout=10, stream=True)
        for coding in ("gzip", "identity")
    )
    sent = packed.raw.read()

    assert packed.headers["Cache-Control"] == plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(sent) == plain.content
    assert sha256(plain.content).hexdigest().startswith(name.split(".")[-2])
    assert len(sent) < len(plain.content) / 3
    assert name in http.get(f"{footman.url}/documentation", timeout=10).text


@pytest.mark.parametrize("path", [part[0] for part in PARTS])
def test_a_part_lets_nothing_else_run_beside_a_key_that_is_typed_in(
    path: str, footman: LocalHost, http: requests.Session
) -> None:
    headers = http.head(f"{footman.url}{path}", timeout=10).headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "file",
    ["page.html", "page.py", "..%2Fpage.py", "..%2F..%2F..%2Flocal.settings.json", "%2Fetc%2Fpasswd", "examples.py"],
)
def test_no_other_file_can_be_read(file: str, footman: LocalHost, http: requests.Session) -> None:
    answer = http.get(f"{footman.url}/documentation/{file}", timeout=10)

    assert answer.status_code == 404
    assert answer.json()["message"]


def test_with_a_slash_at_its_end_the_page_leads_to_itself(footman: LocalHost, http: requests.Session) -> None:
    answer = http.get(f"{footman.url}/documentation/", timeout=10)

    assert [step.status_code for step in answer.history] == [308]
    assert answer.url == f"{footman.url}/documentation"
    assert "<title>Footman</title>" in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/", "", "/?next=//elsewhere.example.com"])
def test_the_root_leads_to_the_page_with_and_without_a_key(
    path: str, method: str, keyed: LocalHost, http: requests.Session
) -> None:
    sent = {
        "Host": "localhost",
        "X-Forwarded-Host": "elsewhere.example.com",
        "X-Original-Host": "elsewhere.example.com",
    }
    answers = [
        http.request(method, f"{keyed.url}{path}", headers=sent | key, allow_redirects=False, timeout=10)
        for key in ({}, {"x-functions-key": KEY})
    ]

    assert [(one.status_code, one.headers["Location"], one.content) for one in answers] == [
        (302, "documentation", b"")
    ] * 2
    assert "elsewhere" not in str(answers[0].headers)
    assert http.get(f"{keyed.url}/", timeout=10).url == f"{keyed.url}/documentation"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_the_root_takes_no_other_method(method: str, footman: LocalHost, http: requests.Session) -> None:
    answer = http.request(method, f"{footman.url}/", allow_redirects=False, timeout=10)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert "Location" not in answer.headers


def test_without_keys_the_contract_asks_for_none(start_footman: StartFootman, http: requests.Session) -> None:
    footman = start_footman({"HTTP_AUTH_LEVEL": "ANONYMOUS"})

    contract = http.get(f"{footman.url}/v4/openapi.json", timeout=10).json()

    assert "security" not in contract
