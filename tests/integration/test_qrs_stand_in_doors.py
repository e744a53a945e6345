"""Who is let in: client certificates at QRS's own port, tokens and sessions at the proxy's; bad certificates."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox import certificates
from sandbox.stand_in import GOOD_HEADERS, XSRF_KEY, StandIn, start_stand_in

APP0 = "c447f882-71e2-5352-b1fe-4b73f8a8fbf9"
ONLY_XSRF = {"X-Qlik-Xrfkey": XSRF_KEY}
COOKIE = "X-Qlik-Session-jwt"


@pytest.fixture(name="qrs")
def _qrs(sense: StandIn) -> StandIn:
    return sense


@pytest.fixture(name="session")
def _session(qrs: StandIn) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(qrs.certificates / "root.pem")
        session.headers.update(GOOD_HEADERS)
        session.params = {"xrfkey": XSRF_KEY}
        yield session


@pytest.fixture(name="browser")
def _browser(session: requests.Session) -> requests.Session:
    del session.headers["X-Qlik-User"]
    return session


def with_token(qrs: StandIn, **claims: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {certificates.bearer_token(qrs.certificates, **claims)}"}


def client(pair: certificates.Pair) -> tuple[str, str]:
    return str(pair.certificate), str(pair.key)


def test_a_start_without_client_certificate_is_forbidden(qrs: StandIn, session: requests.Session) -> None:
    answer = session.post(f"{qrs.https}/task/{APP0}/start", timeout=5)

    assert (answer.status_code, answer.text, qrs.starts()) == (403, "Forbidden", [])


def test_the_certificate_is_asked_for_before_the_xsrf_key(qrs: StandIn, session: requests.Session) -> None:
    session.params = {}

    assert session.get(f"{qrs.https}/about", timeout=5).text == "Forbidden"


def test_a_client_with_the_sites_certificate_starts_a_task(qrs: StandIn, session: requests.Session) -> None:
    session.cert = str(qrs.certificates / "client.pem"), str(qrs.certificates / "client_key.pem")

    assert session.post(f"{qrs.https}/task/{APP0}/start", timeout=5).status_code == 204
    assert [begun["taskId"] for begun in qrs.starts()] == [APP0]
    assert qrs.log()[0]["listener"] == "https"


def test_a_client_certificate_of_another_root_is_cut_off(
    qrs: StandIn, session: requests.Session, tmp_path: Path
) -> None:
    session.cert = client(certificates.foreign_client(tmp_path))

    with pytest.raises(requests.ConnectionError):
        session.get(f"{qrs.https}/about", timeout=5)
    assert qrs.log() == []


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (certificates.foreign, "self-signed|unable to get local issuer"),
        (certificates.expired, "expired"),
        (certificates.wrong_name, "mismatch|doesn't match|not valid for"),
    ],
)
def test_a_bad_server_certificate_is_told_by_the_client(make: object, reason: str, tmp_path: Path) -> None:
    assert callable(make)
    certificates.make(tmp_path)
    with start_stand_in(folder=tmp_path, server=make(tmp_path)) as qrs, requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.exceptions.SSLError, match=reason):
            session.get(f"{qrs.https}/about", verify=str(tmp_path / "root.pem"), timeout=5)


def test_a_complete_set_of_certificates_is_kept_and_a_broken_one_made_anew(tmp_path: Path) -> None:
    certificates.make(tmp_path)
    first = (tmp_path / "root.pem").read_bytes()

    certificates.make(tmp_path)
    assert (tmp_path / "root.pem").read_bytes() == first
    (tmp_path / "client_key.pem").unlink()
    certificates.make(tmp_path)
    assert (tmp_path / "root.pem").read_bytes() != first


def test_a_token_opens_a_session_and_the_cookie_keeps_it(qrs: StandIn, browser: requests.Session) -> None:
    first = browser.get(f"{qrs.proxy}/about", headers=with_token(qrs), timeout=5)

    assert (first.status_code, browser.cookies.keys()) == (200, [COOKIE])
    for headers in (with_token(qrs), None):
        again = browser.post(f"{qrs.proxy}/task/{APP0}/start", headers=headers, timeout=5)
        assert (again.status_code, "Set-Cookie" in again.headers) == (204, False)
    assert {entry["user"] for entry in qrs.log()} == {"INTERNAL\\sa_repository"}
    assert {entry["listener"] for entry in qrs.log()} == {"proxy"}


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 1},
        {"userId": None},
        {"userId": None, "UserId": "sa_repository"},
        {"userDirectory": None},
    ],
)
def test_a_token_that_does_not_do_is_401(qrs: StandIn, browser: requests.Session, claims: dict[str, object]) -> None:
    assert browser.get(f"{qrs.proxy}/about", headers=with_token(qrs, **claims), timeout=5).status_code == 401


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer a.b.c", "Basic c2E6c2E="])
def test_no_token_or_nonsense_is_401(qrs: StandIn, browser: requests.Session, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}

    assert browser.get(f"{qrs.proxy}/about", headers=headers, timeout=5).status_code == 401


def test_a_token_of_another_key_is_401(qrs: StandIn, browser: requests.Session, tmp_path: Path) -> None:
    certificates.make(tmp_path)
    headers = {"Authorization": f"Bearer {certificates.bearer_token(tmp_path)}"}

    assert browser.get(f"{qrs.proxy}/about", headers=headers, timeout=5).status_code == 401


def test_a_client_may_not_name_the_user_at_the_proxy(qrs: StandIn, session: requests.Session) -> None:
    assert session.get(f"{qrs.proxy}/about", headers=with_token(qrs), timeout=5).status_code == 403


def test_the_proxy_wants_the_xsrf_key_too(qrs: StandIn, browser: requests.Session) -> None:
    browser.params = {}

    answer = browser.get(f"{qrs.proxy}/about", headers=with_token(qrs), timeout=5)
    assert (answer.status_code, answer.text.split(" ")[0]) == (403, "XSRF")


@pytest.mark.parametrize("path", ["/other/qrs/about", "/qrs/about", "/"])
def test_an_unknown_prefix_is_a_page(qrs: StandIn, browser: requests.Session, path: str) -> None:
    answer = browser.get(qrs.proxy.removesuffix("/jwt/qrs") + path, headers=with_token(qrs), timeout=5)

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_the_sixth_session_of_a_user_is_refused_and_another_users_is_not(
    qrs: StandIn, browser: requests.Session
) -> None:
    def status(user: str) -> int:
        browser.cookies.clear()
        return browser.get(f"{qrs.proxy}/about", headers=with_token(qrs, userId=user), timeout=5).status_code

    assert [status("ann") for _ in range(6)] == [200] * 5 + [403]
    assert status("bob") == 200
