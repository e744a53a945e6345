"""A Footman that can't be asked, or something else in its place: export, import, import-butler and smoke say why."""

import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from client.reaching import why
from sandbox import certificates
from tests.commands import run_command
from tests.conftest import APP1, a_schedule

KEY = "a key that only tests know"
NO_KEY = "the key is missing or wrong"
ODD_WORDS = json.dumps({"message": f"no\x1b[2J\u202e \n{KEY.upper()}!"}).encode()
PAGE = b"<!DOCTYPE html><html>Sign in</html>"


@contextmanager
def served(status: int, body: bytes = b"", *, tls_from: Path | None = None, **headers: str) -> Iterator[str]:
    """Answer every request alike."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls_from:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls_from / "server.pem", tls_from / "server_key.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"{'https' if tls_from else 'http'}://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def hanging_up() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def work() -> None:
            while True:
                listener.accept()[0].close()

        threading.Thread(target=work, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def at(url: str) -> Iterator[str]:
    yield url


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("certificates")
    certificates.make(made)
    return made


CASES: dict[str, tuple[Callable[[], AbstractContextManager[str]], str]] = {
    "name": (partial(at, "https://footman.invalid"), "its name is unknown; check --url"),
    "refused": (partial(at, "http://127.0.0.1:9"), "connection refused; nobody listens there"),
    "cut": (hanging_up, "the connection was cut before an answer came"),
    "untrusted": (partial(served, 200), "its certificate is not trusted ("),
    "no TLS": (partial(served, 200, PAGE), "the port does not speak TLS"),
    "401": (partial(served, 401), NO_KEY),
    "page": (partial(served, 200, PAGE, Content_Type="text/html"), "answered 200 with a web page"),
    "stopped": (partial(served, 403, PAGE, Content_Type="text/html"), "answered 403"),
    "unavailable": (partial(served, 503, PAGE, Content_Type="text/html"), "answered 503"),
    "sign-in": (partial(served, 302, Location="https://login.example.com"), "answered 302"),
    "JSON": (partial(served, 200, b"17"), "not as Footman does"),
    "odd words": (partial(served, 400, ODD_WORDS), r"no\u001b[2J\u202e \n[key]!"),
}


def run(module: str, *arguments: str | Path) -> tuple[int, str]:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = run_command(module, [*arguments, "--key", KEY], environment)
    return done.code, done.told + done.complained


@pytest.mark.parametrize("case", CASES)
def test_every_command_says_why_in_a_sentence(case: str, folder: Path, tmp_path: Path) -> None:
    opened, cause = CASES[case]
    schedule = a_schedule(qlikSenseTaskId=APP1)
    exported = {"footmanSchedule": [{**schedule, "lastKnownState": "started"}]}
    (tmp_path / "export").write_text(json.dumps(exported), encoding="utf-8")
    (tmp_path / "butler").write_text(json.dumps({"butlerSchedule": [{"id": APP1, **schedule}]}), encoding="utf-8")
    butlers = ("--server-timezone", "UTC", "--month-base", "0")
    commands: list[tuple[str | Path, ...]] = [
        ("client.export",),
        ("client.import_file", tmp_path / "export"),
        ("client.import_butler", tmp_path / "butler", *butlers),
        ("client.smoke", "--patience", "0"),
    ]
    with ExitStack() as stack:
        url = stack.enter_context(served(200, tls_from=folder) if case == "untrusted" else opened())
        url = url.replace("http:", "https:") if case == "no TLS" else url
        for module, *arguments in commands:
            code, told = run(str(module), "--url", url, *arguments)

            assert (code, "Traceback" in told, KEY in told.lower()) == (1, False, False), told
            assert cause in told, (module, told)


def test_silence_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.RequestException) as caught:
            session.get(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=(5, 0.2))

    assert why(caught.value) == "it gave no answer within 60 s"


def test_packets_that_are_dropped_are_told() -> None:
    # A queue that is full takes no more connections and refuses none: as behind a firewall.
    with socket.socket() as full, ExitStack() as stack, requests.Session() as session:
        session.trust_env = False
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(full.getsockname())
        with pytest.raises(requests.RequestException) as caught:
            session.get(f"http://127.0.0.1:{full.getsockname()[1]}", timeout=(0.5, 0.5))

    assert why(caught.value).startswith("no connection within 10 s")


def test_a_proxy_is_named_as_the_one_that_fails() -> None:
    with requests.Session() as session, pytest.raises(requests.RequestException) as caught:
        session.get("https://footman.example.net", proxies={"https": "http://127.0.0.1:9"}, timeout=5)

    assert why(caught.value).startswith("the proxy gave no connection")
