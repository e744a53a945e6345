"""Servers that misbehave below HTTP: what was sent is never sent again, and no answer is taken for another's."""

import gzip
import json
import socket
import socketserver
import ssl
import threading
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox import certificates
from sandbox.stand_in import StandIn
from shared.core.errors import (
    QrsBusy,
    QrsDenied,
    QrsError,
    QrsMisplaced,
    QrsRefused,
    QrsTimedOut,
    QrsUnanswered,
    QrsUnreachable,
)
from shared.core.tasks import TaskQuery
from tests.integration.conftest import OpenTasks

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
EXECUTION = "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee"
ANY = TaskQuery(task_ids=(ONE,))

Script = Callable[[socket.socket], None]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server, the request lines it has read, and what stood in the headers below each."""

    port: int
    asked: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)

    @property
    def plain(self) -> str:
        return f"http://127.0.0.1:{self.port}/qrs"

    @property
    def tls(self) -> str:
        return f"https://127.0.0.1:{self.port}/qrs"


@contextmanager
def serving(*scripts: Script, tls_from: Path | None = None) -> Iterator[Server]:
    """Answer one request with each script, over any number of connections; with TLS the scripts get the TLS socket."""
    left = list(scripts)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError), wrapped(self.request) as end:
                while left and (request := end.recv(65_536)):
                    line, _, headers = request.decode("latin-1").partition("\r\n")
                    server.asked.append(line)
                    server.headers.append(headers)
                    left.pop(0)(end)

    def wrapped(plain: socket.socket) -> socket.socket:
        return tls_context(tls_from).wrap_socket(plain, server_side=True) if tls_from else plain

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as tcp:
        tcp.daemon_threads = True
        server = Server(port=tcp.server_address[1])
        threading.Thread(target=tcp.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        tcp.shutdown()


def tls_context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server_key.pem")
    return context


def says(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer(*parts: bytes, pause: float = 0) -> Script:
    def script(end: socket.socket) -> None:
        for part in parts:
            end.sendall(part)
            time.sleep(pause)

    return script


def hang_up(end: socket.socket) -> None:
    end.shutdown(socket.SHUT_RDWR)


def speak_plainly(end: socket.socket) -> None:
    """Send bytes that are no TLS over a TLS connection."""
    with socket.fromfd(end.fileno(), socket.AF_INET, socket.SOCK_STREAM) as raw:
        raw.sendall(b"HTTP/1.1 500 no TLS at all\r\n\r\n")
        time.sleep(0.2)


STARTED = says("201 Created", json.dumps({"value": EXECUTION}).encode())


class TestAStartThatWasSent:
    def test_is_not_sent_again_when_tls_breaks_after_it(self, sense: StandIn, open_tasks: OpenTasks) -> None:
        with serving(speak_plainly, answer(STARTED), tls_from=sense.certificates) as server:
            with pytest.raises(QrsUnanswered, match="outcome unknown"):
                open_tasks(base_urls=(server.tls, sense.https)).start(ONE)

            assert len(server.asked) == 1
        assert sense.starts() == []

    def test_is_not_sent_again_whatever_failed_before_it(self, open_tasks: OpenTasks) -> None:
        with serving(hang_up, answer(STARTED)) as server, socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            try:
                open_tasks(base_urls=(f"http://127.0.0.1:{nobody.getsockname()[1]}/qrs",)).start(TWO)
            except QrsUnreachable:
                with pytest.raises(QrsUnanswered, match="outcome unknown"):
                    open_tasks(base_urls=(server.plain,)).start(ONE)

            assert len(server.asked) == 1

    @pytest.mark.parametrize("status", ["408 Request Timeout", "500 Error", "502 Bad Gateway", "504 Gateway Timeout"])
    def test_may_have_started_when_the_way_to_sense_gave_up(self, status: str, open_tasks: OpenTasks) -> None:
        with serving(answer(says(status, b"sorry"))) as server:
            with pytest.raises(QrsUnanswered, match=f"outcome unknown: .* answered {status[:3]}: sorry"):
                open_tasks(base_urls=(server.plain,)).start(ONE)

            assert len(server.asked) == 1

    @pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
    def test_has_not_started_when_sense_was_too_busy_to_take_it(self, status: str, open_tasks: OpenTasks) -> None:
        with serving(answer(says(status))) as server, pytest.raises(QrsBusy):
            open_tasks(base_urls=(server.plain,)).start(ONE)

    @pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "204 No Content"])
    def test_is_taken_as_started_with_201_alone(self, status: str, open_tasks: OpenTasks) -> None:
        with (
            serving(answer(says(status, json.dumps({"value": EXECUTION}).encode()))) as server,
            pytest.raises(QrsUnanswered),
        ):
            open_tasks(base_urls=(server.plain,)).start(ONE)

    def test_has_an_execution_id_that_is_not_its_own(self, open_tasks: OpenTasks) -> None:
        script = answer(says("201 Created", json.dumps(ONE.upper()).encode()))
        with serving(script) as server, pytest.raises(QrsUnanswered, match="the task's own id"):
            open_tasks(base_urls=(server.plain,)).start(ONE)


LATE = says("201 Created", json.dumps({"value": "dddddddd-dddd-4ddd-8ddd-dddddddddddd"}).encode())


def test_the_late_answer_of_a_start_that_a_gateway_gave_up_is_not_the_next_ones(open_tasks: OpenTasks) -> None:
    with serving(answer(says("504 Gateway Timeout"), LATE, pause=0.2), answer(STARTED)) as server:
        tasks = open_tasks(base_urls=(server.plain,), max_connections=1)

        with pytest.raises(QrsUnanswered):
            tasks.start(ONE)
        assert tasks.start(TWO) == EXECUTION


def test_what_tls_has_decrypted_but_nobody_read_is_no_answer(sense: StandIn, open_tasks: OpenTasks) -> None:
    body = json.dumps({"value": EXECUTION}).encode()
    # http.client reads 8,192 bytes at a time; here the first answer ends just there, in one TLS record with the next.
    head = len(says("201 Created", body, "X-Fill: "))
    first = says("201 Created", body, f"X-Fill: {'x' * (8192 - head)}")
    assert len(first) == 8192
    with serving(answer(first + LATE), answer(STARTED), tls_from=sense.certificates) as server:
        tasks = open_tasks(base_urls=(server.tls,), max_connections=1)

        assert (tasks.start(ONE), tasks.start(TWO)) == (EXECUTION, EXECUTION)


def test_waiting_for_a_free_connection_is_not_waiting_for_an_answer(sense: StandIn, open_tasks: OpenTasks) -> None:
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(4)]
    sense.tasks([{"id": task_id, "name": "A", "enabled": True, "taskType": 0} for task_id in ids])
    sense.settings(latencyMs=700)
    tasks = open_tasks(max_connections=1, timeout_seconds=1)
    with ThreadPoolExecutor(4) as threads:
        executions = list(threads.map(tasks.start, ids))

    assert len(set(executions)) == 4


def test_an_announcement_is_no_answer_and_its_connection_is_given_up(open_tasks: OpenTasks) -> None:
    with serving(answer(b"HTTP/1.1 102 Processing\r\n\r\n", STARTED, pause=0.1), answer(STARTED)) as server:
        tasks = open_tasks(base_urls=(server.plain,))

        with pytest.raises(QrsUnanswered):
            tasks.start(ONE)
        assert tasks.start(TWO) == EXECUTION
        assert [line.split("/")[3] for line in server.asked] == [ONE, TWO]


@pytest.mark.parametrize("scheme", ["silent", "closes"])
def test_a_handshake_that_comes_to_nothing_is_no_connection(scheme: str, sense: StandIn, open_tasks: OpenTasks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if scheme == "closes":
            threading.Thread(target=close_the_first, args=(listener,), daemon=True).start()
        dead = f"https://127.0.0.1:{listener.getsockname()[1]}/qrs"

        assert open_tasks(base_urls=(dead, sense.https)).start(sense_task(sense))
    assert len(sense.starts()) == 1


def close_the_first(listener: socket.socket) -> None:
    listener.accept()[0].close()


def sense_task(sense: StandIn) -> str:
    sense.tasks([{"id": ONE, "name": "A", "enabled": True, "taskType": 0}])
    return ONE


def test_a_handshake_that_hangs_is_told_as_such(open_tasks: OpenTasks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/qrs"

        with pytest.raises(QrsUnreachable, match="handshake was not finished in time"):
            open_tasks(base_urls=(url,)).find(ANY)


def test_an_answer_that_drips_ends_with_the_time_out(open_tasks: OpenTasks) -> None:
    dripping = answer(says("201 Created", length=1000), *[b" "] * 30, pause=0.5)
    begun = time.monotonic()
    with serving(dripping) as server, pytest.raises(QrsTimedOut, match="outcome unknown"):
        open_tasks(base_urls=(server.plain,), timeout_seconds=1).start(ONE)

    assert time.monotonic() - begun < 6


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (says("302 Found", b"", "Location: http://["), QrsMisplaced),
        (says("302 Found", b"").replace(b"\r\n\r\n", b"\r\nLocation: http://a/\xff\r\n\r\n"), QrsMisplaced),
        (says("200 OK", b"[" * 200_000), QrsMisplaced),
        (says("200 OK", b"[" + b"9" * 10_000 + b"]"), QrsMisplaced),
        (says("200 OK", b"\xff\xfe"), QrsMisplaced),
        (says("200 OK", b"no gzip", "Content-Encoding: gzip"), QrsUnanswered),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", QrsUnanswered),
        (b"nonsense\r\n\r\n", QrsUnanswered),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error_of_ours(
    raw: bytes, kind: type[QrsError], open_tasks: OpenTasks
) -> None:
    def script(end: socket.socket) -> None:
        end.sendall(raw)
        end.shutdown(socket.SHUT_RDWR)

    with serving(script, script) as server, pytest.raises(kind):
        open_tasks(base_urls=(server.plain,)).find(ANY)


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "answered, but not in HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "answered, but not in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200, "answered, but not in HTTP"),
        (
            says("400 Bad Request", b"<html><title>400 The plain HTTP request was sent to HTTPS port</title>"),
            "Write https",
        ),
        (says("400 Bad Request", b"Client sent an HTTP request to an HTTPS server."), "Write https"),
        (says("400 Bad Request", b"You're speaking plain HTTP to an SSL-enabled server port."), "Write https"),
    ],
)
def test_what_answers_in_its_own_way_is_told_as_what_it_is(raw: bytes, cause: str, open_tasks: OpenTasks) -> None:
    def script(end: socket.socket) -> None:
        end.sendall(raw)
        end.shutdown(socket.SHUT_RDWR)

    with serving(script, script) as server, pytest.raises(QrsError, match=cause):
        open_tasks(base_urls=(server.plain,)).find(ANY)


MIB = 1024 * 1024
# 300 MiB, in 300 KiB.
BOMB = gzip.compress(b" " * MIB) * 300


def packed(status: str, body: bytes = BOMB, coding: str = "gzip") -> Script:
    return answer(says(status, body, f"Content-Encoding: {coding}"))


def endless(status: str) -> Script:
    """Send a body in parts that never ends by itself."""

    def script(end: socket.socket) -> None:
        end.sendall(f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        while True:
            end.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")

    return script


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Hold what runs inside to what two copies of the largest answer take."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 2 * 64 * MIB + 10 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "script", [packed("200 OK"), packed("200 OK", gzip.compress(BOMB), "gzip, gzip"), endless("200 OK")]
)
def test_an_answer_that_never_ends_fills_no_memory(script: Script, open_tasks: OpenTasks) -> None:
    with serving(script, answer(says("200 OK", b"[]"))) as server, bounded_memory():
        tasks = open_tasks(base_urls=(server.plain,), max_connections=1, timeout_seconds=30)
        with pytest.raises(QrsMisplaced, match="answered with more than 64 MiB"):
            tasks.find(ANY)

        assert len(server.asked) == 1
        assert tasks.find(ANY).by_id == ()


@pytest.mark.parametrize("script", [packed("201 Created"), packed("200 OK"), endless("201 Created")])
def test_a_start_with_such_an_answer_may_have_taken_place(script: Script, open_tasks: OpenTasks) -> None:
    with serving(script, answer(STARTED)) as server, bounded_memory():
        tasks = open_tasks(base_urls=(server.plain,), max_connections=1, timeout_seconds=30)
        with pytest.raises(QrsUnanswered, match=r"outcome unknown: .* more than 64 MiB"):
            tasks.start(ONE)

        assert len(server.asked) == 1
        assert tasks.start(TWO) == EXECUTION


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400 Bad Request", QrsRefused),
        ("403 Forbidden", QrsDenied),
        ("302 Found", QrsMisplaced),
        ("503 Service Unavailable", QrsBusy),
        ("500 Error", QrsUnanswered),
    ],
)
@pytest.mark.parametrize("way", [packed, endless])
def test_of_an_error_the_beginning_is_enough(
    way: Callable[[str], Script], status: str, kind: type[QrsError], open_tasks: OpenTasks
) -> None:
    with serving(way(status), answer(STARTED)) as server, bounded_memory():
        tasks = open_tasks(base_urls=(server.plain,), max_connections=1)
        with pytest.raises(kind, match=status[:3]):
            tasks.start(ONE)
        assert tasks.start(TWO) == EXECUTION

        assert [line.split("/")[3] for line in server.asked] == [ONE, TWO]


def test_all_tasks_of_a_large_site_fit(open_tasks: OpenTasks) -> None:
    site = [{"id": str(uuid.UUID(int=number)), "name": "x" * 8_000} for number in range(3_000)]
    with serving(answer(says("200 OK", json.dumps(site).encode()))) as server:
        assert len(open_tasks(base_urls=(server.plain,)).find(ANY).by_id) == 3_000


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '""',
        "null",
        '[{"id": 1, "name": "x"}]',
        '[{"id": "../about", "name": "x"}]',
        '["x"]',
        "[null, 1, []]",
        f'{{"id": "{ONE}", "name": "x"}}',
    ],
)
def test_what_is_no_list_of_tasks_is_not_read_as_one(body: str, open_tasks: OpenTasks) -> None:
    script = answer(says("200 OK", body.encode()))
    with serving(script) as server, pytest.raises(QrsMisplaced, match="no list of tasks"):
        open_tasks(base_urls=(server.plain,)).find(ANY)


def test_a_token_that_a_gateway_echoes_is_not_quoted(sense: StandIn, open_tasks: OpenTasks) -> None:
    token = certificates.bearer_token(sense.certificates)
    script = answer(says("400 Bad Request", f"You sent Bearer {token}".encode()))
    with serving(script) as server, pytest.raises(QrsError) as caught:
        open_tasks(base_urls=(server.plain,), jwt=token).find(ANY)

    assert "You sent Bearer [token]" in str(caught.value)


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "400 Bad Request", "502 Bad Gateway"])
def test_nor_is_it_quoted_when_a_start_is_answered_so(status: str, sense: StandIn, open_tasks: OpenTasks) -> None:
    token = certificates.bearer_token(sense.certificates)
    script = answer(says(status, f"Bearer {token}".encode()))
    with serving(script) as server, pytest.raises(QrsError) as caught:
        open_tasks(base_urls=(server.plain,), jwt=token).start(ONE)

    # Of an answer that means success nothing is quoted.
    assert ("Bearer [token]" in str(caught.value)) == (not status.startswith("2"))
    assert token[:20] not in str(caught.value)


def test_callers_who_wait_for_a_session_learn_together_that_there_is_none(
    sense: StandIn, open_tasks: OpenTasks
) -> None:
    sense.fault("hang")
    token = certificates.bearer_token(sense.certificates)
    tasks = open_tasks(base_urls=(sense.proxy,), jwt=token, timeout_seconds=1)

    def failure(_: int) -> str:
        with pytest.raises(QrsError) as caught:
            tasks.start(ONE)
        return str(caught.value)

    begun = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        failures = list(threads.map(failure, range(8)))

    assert time.monotonic() - begun < 4
    assert len([text for text in failures if "outcome unknown" in text]) == 1
    assert len([text for text in failures if "gave no session" in text]) == 7


SESSION = "Set-Cookie: X-Qlik-Session-jwt=one; Path=/; HttpOnly"
STARTED = says("201 Created", f'{{"value": "{EXECUTION}"}}'.encode(), "Content-Type: application/json")
NOBODY = says("401 Unauthorized")
LOG_IN = says("200 OK", b"<html>Log in</html>", "Content-Type: text/html")


def in_session(reply: bytes) -> bytes:
    return reply.replace(b"\r\n", f"\r\n{SESSION}\r\n".encode(), 1)


def shown(server: Server) -> list[str]:
    """Return what each request showed of who sent it."""
    said = (text.lower() for text in server.headers)
    return ["+".join(name for name in ("authorization", "cookie") if f"{name}:" in text) for text in said]


@pytest.mark.parametrize("turned_away", [NOBODY, says("302 Found", b"", "Location: /login")])
def test_a_token_is_shown_again_only_when_the_session_is_over(turned_away: bytes, open_tasks: OpenTasks) -> None:
    scripts = [answer(in_session(STARTED)), answer(STARTED), answer(turned_away), answer(in_session(STARTED))]
    with serving(*scripts) as server:
        tasks = open_tasks(base_urls=(server.plain,), jwt="a.b.c")
        assert [tasks.start(ONE) for _ in range(3)] == [EXECUTION] * 3

    assert shown(server) == ["authorization", "cookie", "cookie", "authorization+cookie"]


def test_a_gateway_that_wants_the_token_each_time_is_shown_it(open_tasks: OpenTasks) -> None:
    scripts = [answer(in_session(STARTED)), answer(NOBODY), *[answer(STARTED)] * 3]
    with serving(*scripts) as server:
        tasks = open_tasks(base_urls=(server.plain,), jwt="a.b.c")
        assert [tasks.start(ONE) for _ in range(4)] == [EXECUTION] * 4

    assert shown(server) == ["authorization", "cookie", *["authorization+cookie"] * 3]


def test_a_start_that_is_answered_with_a_log_in_page_is_not_sent_again(open_tasks: OpenTasks) -> None:
    with serving(answer(in_session(STARTED)), answer(LOG_IN), answer(STARTED)) as server:
        tasks = open_tasks(base_urls=(server.plain,), jwt="a.b.c")
        tasks.start(ONE)
        with pytest.raises(QrsError, match="a web page"):
            tasks.start(TWO)
        assert tasks.start(ONE) == EXECUTION

    assert [line.split("/")[3] for line in server.asked] == [ONE, TWO, ONE]
    assert shown(server) == ["authorization", "cookie", "authorization+cookie"]


def test_a_session_is_not_quoted_from_a_gateway_that_shows_what_it_was_sent(open_tasks: OpenTasks) -> None:
    session = "f3b1c9a0-session-of-a-user"
    made = in_session(STARTED).replace(b"=one;", f"={session};".encode())
    echo = says("400 Bad Request", f"no, Cookie: X-Qlik-Session-jwt={session}".encode())
    with serving(answer(made), answer(echo)) as server:
        tasks = open_tasks(base_urls=(server.plain,), jwt="a.b.c")
        tasks.start(ONE)
        with pytest.raises(QrsError) as caught:
            tasks.start(TWO)

    assert "X-Qlik-Session-jwt=[session]" in str(caught.value)
    assert session not in str(caught.value)


def test_a_session_that_a_gateway_echoes_is_not_taken_for_an_execution(open_tasks: OpenTasks) -> None:
    session = "4f7d3b1c-9a0e-4d55-8c1b-7e2f6a90d3b8"
    made = in_session(STARTED).replace(b"=one;", f"={session};".encode())
    echo = says("201 Created", json.dumps({"value": session.upper()}).encode())
    with serving(answer(made), answer(echo)) as server:
        tasks = open_tasks(base_urls=(server.plain,), jwt="a.b.c")
        tasks.start(ONE)
        with pytest.raises(QrsUnanswered, match="no execution id"):
            tasks.start(TWO)
